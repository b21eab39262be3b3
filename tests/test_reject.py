"""Files that break one rule each must be refused, with exactly the error that docs/format.md names."""

from pathlib import Path

import pytest

import nncodec
from nncodec.pipeline import decode
from tests import make_reject

REJECT = sorted((Path(__file__).parent / "reject").glob("*.nnc"))


def test_they_are_there() -> None:
    assert {path.stem for path in REJECT} >= set(make_reject.files())
    assert {path.name.split(".")[0] for path in REJECT} == {"CorruptFile", "UnsupportedFile", "LimitExceeded"}


@pytest.mark.parametrize("path", REJECT, ids=lambda path: path.stem)
def test_it_is_refused_for_the_right_reason(path: Path) -> None:
    with pytest.raises(nncodec.NncError) as caught:
        decode(path.read_bytes())
    assert type(caught.value).__name__ == path.name.split(".")[0]
    assert str(caught.value)
    assert not str(caught.value).endswith(".")
