"""Records of IPTC among the resources of Photoshop."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nncodec.image.iptc import MAX_IN_SEGMENT, as_resource, as_segment, records_in
from tests import pictures


@pytest.mark.parametrize("records", [pictures.IPTC, pictures.IPTC + b"x"])
def test_records_lie_in_one_resource_of_even_size(records: bytes) -> None:
    resource = as_resource(records)
    assert resource[:12] == b"8BIM\x04\x04\0\0\0\0\0" + bytes([len(records)])
    assert len(resource) % 2 == 0
    assert records_in(resource) == records


def test_the_largest_records_fit_into_a_segment() -> None:
    segment = as_segment(b"\x1c" * MAX_IN_SEGMENT)
    assert int.from_bytes(segment[2:4], "big") == len(segment) - 2


@pytest.mark.parametrize("cut", [3, 7, 9, 20])
def test_resources_that_are_cut_hold_no_records(cut: int) -> None:
    assert records_in(as_resource(pictures.IPTC)[:cut]) is None


@given(st.binary(max_size=40))
def test_any_bytes_are_searched(more: bytes) -> None:
    found = records_in(b"8BIM" + more)
    assert found is None or found in more
