"""Files that break one rule each must be refused, with exactly the error that docs/format/container.md names."""

from pathlib import Path

import pytest

import nncodec
from nncodec.container import VERSIONS
from nncodec.pipeline import decode
from tests import make_reject

REJECT = sorted((Path(__file__).parent / "reject").rglob("*.nnc"))


def test_they_are_there() -> None:
    assert {path.stem for path in REJECT if path.parent == make_reject.FOLDER} >= set(make_reject.files())
    assert {path.parent.name for path in REJECT} == {f"v{version}" for version in VERSIONS}
    assert {path.name.split(".")[0] for path in REJECT} == {"CorruptFile", "UnsupportedFile", "LimitExceeded"}


@pytest.mark.parametrize("path", REJECT, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_it_is_refused_for_the_right_reason(path: Path) -> None:
    with pytest.raises(nncodec.NncError) as caught:
        decode(path.read_bytes())
    assert type(caught.value).__name__ == path.name.split(".")[0]
    assert str(caught.value)
    assert not str(caught.value).endswith(".")
