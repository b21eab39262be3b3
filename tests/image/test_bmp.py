"""BMP files with a header of version 5: the profile within is kept, one that is elsewhere is noted."""

import struct

import pytest

from nncodec.image import read
from tests import pictures


def bmp(kind: bytes, profile: bytes, *, cut: int = 0) -> bytes:
    """A BMP of 2 x 1 pixels, blue and red, and of a profile behind them."""
    header = struct.pack("<IiiHHIIiiII", 124, 2, 1, 1, 24, 0, 8, 0, 0, 0, 0) + bytes(16) + kind + bytes(36 + 12 + 4)
    header += struct.pack("<III", 124 + 8, len(profile), 0)
    pixels = bytes((255, 0, 0, 0, 0, 255, 0, 0))
    content = header + pixels + profile[: len(profile) - cut]
    return b"BM" + struct.pack("<IHHI", 14 + len(content), 0, 0, 14 + 124) + content


def test_an_embedded_profile_is_kept() -> None:
    found = read(bmp(b"DEBM", pictures.icc()))
    assert found.metadata.icc == pictures.icc()
    assert found.notes == ()
    assert found.pixels.tolist() == [[[0, 0, 255], [255, 0, 0]]]


@pytest.mark.parametrize(
    ("kind", "cut", "words"), [(b"KNIL", 0, "is in another file"), (b"DEBM", 9, "is cut, and dropped")]
)
def test_a_profile_that_cannot_be_kept_is_noted(kind: bytes, cut: int, words: str) -> None:
    found = read(bmp(kind, pictures.icc(), cut=cut))
    assert found.metadata.icc is None
    assert [words in note for note in found.notes] == [True]


def test_srgb_is_not_noted() -> None:
    assert read(bmp(b"BGRs", b"")).notes == ()
