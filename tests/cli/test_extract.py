"""``nnc extract``: names, folders, pipes and exit codes."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

import nncodec
from tests import pictures
from tests.conftest import Ran
from tests.make_golden import GOLDEN

Nnc = Callable[..., Ran]
LEARNED = next((GOLDEN / "learned").glob("*.nnc"))


@pytest.fixture
def coded(here: Path) -> Path:
    """``photo.nnc``, a WebP without metadata."""
    path = Path("photo.nnc")
    path.write_bytes(nncodec.encode(pictures.photograph(24, 33), "webp", 60, restore="none"))
    return path


@pytest.fixture
def tree(coded: Path) -> Path:
    """A folder with a WebP, a JPEG and a file of learned."""
    Path("in/inside").mkdir(parents=True)
    Path("in/a.nnc").write_bytes(coded.read_bytes())
    Path("in/inside/b.nnc").write_bytes(nncodec.encode(pictures.photograph(24, 33), "jpeg", 60, restore="none"))
    Path("in/c.nnc").write_bytes(LEARNED.read_bytes())
    return Path("in")


def files(folder: Path) -> set[str]:
    """The files under a folder."""
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_the_file_lies_beside_the_source_with_the_suffix_of_its_format(nnc: Nnc, coded: Path) -> None:
    result = nnc("extract", coded)
    assert (result.code, result.out) == (0, "")
    assert "photo.nnc -> photo.webp" in result.err
    assert Path("photo.webp").read_bytes() == nncodec.extract(coded)[0]


def test_a_name_of_ones_own(nnc: Nnc, coded: Path) -> None:
    assert nnc("extract", coded, "-o", "x.webp").code == 0
    assert nnc("extract", coded, "-o", "no suffix").code == 0
    assert Path("x.webp").read_bytes() == Path("no suffix").read_bytes() == nncodec.extract(coded)[0]
    assert nnc("extract", coded, "--keep-suffix").code == 0
    assert Path("photo.nnc.webp").exists()


def test_a_name_of_another_format_is_refused(nnc: Nnc, coded: Path) -> None:
    result = nnc("extract", coded, "-o", "x.png")
    assert result.code == 1
    assert "x.png would be a .webp file under another format's name" in result.err
    assert not Path("x.png").exists()


def test_jpeg_has_more_than_one_suffix(nnc: Nnc, here: Path) -> None:
    Path("a.nnc").write_bytes(nncodec.encode(pictures.photograph(24, 33), "jpeg", restore="none"))
    assert nnc("extract", "a.nnc", "-o", "a.JPEG").code == 0


def test_nothing_is_overwritten_without_force(nnc: Nnc, coded: Path) -> None:
    Path("photo.webp").write_text("old")
    result = nnc("extract", coded)
    assert (result.code, Path("photo.webp").read_text()) == (1, "old")
    assert "photo.webp exists" in result.err
    assert nnc("extract", coded, "--skip-existing").code == 0
    assert Path("photo.webp").read_text() == "old"
    assert nnc("extract", coded, "-f").code == 0
    assert Path("photo.webp").read_bytes()[:4] == b"RIFF"


@pytest.mark.parametrize("workers", [1, 2])
def test_a_folder_goes_on_after_what_holds_no_picture(nnc: Nnc, tree: Path, workers: int) -> None:
    result = nnc("extract", "-r", tree, "-o", "out", "-j", workers)
    assert result.code == 4
    assert files(Path("out")) == {"a.webp", "inside/b.jpg"}
    assert "in/c.nnc: learned holds no picture in an ordinary format" in result.err
    assert "nnc: 2 done, 1 failed" in result.err


def test_several_files(nnc: Nnc, tree: Path) -> None:
    assert nnc("extract", "in/a.nnc", "in/inside/b.nnc", "-o", "out").code == 0
    assert files(Path("out")) == {"a.webp", "b.jpg"}


def test_from_one_pipe_to_another(coded: Path) -> None:
    import subprocess
    import sys

    command = [sys.executable, "-m", "nncodec", "extract", "-", "-o", "-"]
    ran = subprocess.run(command, input=coded.read_bytes(), capture_output=True, check=True)
    assert ran.stdout == nncodec.extract(coded)[0]


def test_damage_and_absence_have_their_exit_codes(nnc: Nnc, coded: Path) -> None:
    Path("cut.nnc").write_bytes(coded.read_bytes()[:-5])
    assert nnc("extract", "cut.nnc").code == 3
    assert nnc("extract", LEARNED, "-o", "x").code == 4
    assert nnc("extract", coded, "--max-pixels", "10").code == 5
    assert nnc("extract", "missing.nnc").code == 1
    assert files(Path()) == {"photo.nnc", "cut.nnc"}


def test_json_tells_output_and_notes(nnc: Nnc, here: Path) -> None:
    Path("a.nnc").write_bytes(nncodec.encode(pictures.picture("RGBA"), "webp", restore="none"))
    record = json.loads(nnc("extract", "a.nnc", "--json").out)
    assert (record["status"], record["output"], record["code"]) == ("done", "a.webp", 0)
    assert record["bytes"] == Path("a.webp").stat().st_size
    assert record["notes"] == ["its alpha plane is not in the file"]
