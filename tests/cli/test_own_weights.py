"""``--weights`` and ``NNC_WEIGHTS``: every verb that reads pictures takes them, and says what is missing."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nncodec.nets import weights
from tests.conftest import Ran

Nnc = Callable[..., Ran]
ROW = weights.manifest()[weights.newest("compact")]
DIGEST = ROW.sha256[:32]


@pytest.fixture
def own(here: Path) -> str:
    """A file of weights under a name of the user's."""
    Path("mine.npz").write_bytes((Path(str(weights.folder())) / ROW.file).read_bytes())
    return "mine.npz"


@pytest.fixture
def coded(own: str, photo: Path, nnc: Nnc) -> str:
    assert nnc("encode", photo, "-c", "compact:jpeg", "--weights", own).code == 0
    return "photo.nnc"


@pytest.mark.parametrize("verb", [["decode", "-f", "-o", "x.png"], ["test"], ["compare", "photo.png"]])
def test_a_file_is_read_with_the_weights_by_option_or_folder(
    verb: list[str], coded: str, own: str, nnc: Nnc, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = nnc(*verb, coded)
    assert ran.code == 4
    assert ran.err.count("error") == 1
    for needed in (DIGEST, "--weights", "NNC_WEIGHTS"):
        assert needed in ran.err
    assert nnc(*verb, coded, "--weights", own).code == 0
    monkeypatch.setenv("NNC_WEIGHTS", ".")
    assert nnc(*verb, coded).code == 0


def test_info_tells_the_hash_and_where_the_weights_are(coded: str, own: str, nnc: Nnc) -> None:
    assert f"own weights of compact, SHA-256 {DIGEST}...: not found" in nnc("info", coded).out
    assert nnc("info", coded, "--weights", own).out.endswith(f"{DIGEST}...: mine.npz\n")
    record = json.loads(nnc("info", coded, "--json", "--weights", own).out)
    assert record["own_weights"] == [{"codec": "compact", "sha256": DIGEST, "file": own}]


def test_a_folder_run_hands_the_weights_to_its_workers(own: str, photo: Path, nnc: Nnc) -> None:
    for name in ("a.png", "b.png"):
        (Path("in") / name).parent.mkdir(exist_ok=True)
        (Path("in") / name).write_bytes(photo.read_bytes())
    ran = nnc("encode", "-r", "in", "-o", "out", "-j", "2", "-c", "compact:jpeg", "--restore", "none", "--weights", own)
    assert ran.code == 0
    assert nnc("test", "-r", "out", "-j", "1").code == 4
    assert nnc("test", "-r", "out", "-j", "1", "--weights", own).code == 0


@pytest.mark.parametrize("verb", [["encode", "photo.png", "-c", "compact"], ["decode", "a.nnc"], ["test", "a.nnc"]])
def test_a_file_that_holds_no_weights_is_one_error_before_work(verb: list[str], photo: Path, nnc: Nnc) -> None:
    np.savez("other.npz", a=np.zeros(3))
    ran = nnc(*verb, "--weights", "other.npz")
    assert (ran.code, ran.err.count("error")) == (4, 1)
    assert "other.npz holds no weights" in ran.err
    assert not Path("photo.nnc").exists()


def test_weights_that_would_not_be_used_are_an_error(own: str, photo: Path, nnc: Nnc) -> None:
    ran = nnc("encode", photo, "-c", "webp", "--weights", own)
    assert ran.code == 1
    assert "compact, which is not used" in ran.err
    assert "-c compact" in ran.err
