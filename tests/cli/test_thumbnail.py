"""``nnc thumbnail``, and ``nnc decode --max-side``."""

from collections.abc import Callable
from pathlib import Path

import PIL.Image
import pytest

import nncodec
from tests import pictures
from tests.conftest import Ran

Nnc = Callable[..., Ran]


@pytest.fixture
def coded(here: Path) -> Path:
    """A file of 400 x 300 pixels, to be turned by a quarter."""
    data = nncodec.encode(pictures.file_of(pictures.photograph(300, 400), "PNG", exif=pictures.exif(6)), "jpeg", 80)
    Path("photo.nnc").write_bytes(data)
    return Path("photo.nnc")


def test_a_thumbnail_is_written_beside_the_file(nnc: Nnc, coded: Path) -> None:
    assert nnc("thumbnail", coded) == (0, "", "")
    with PIL.Image.open("photo-thumbnail.png") as small:
        assert (small.format, small.mode, small.size, dict(small.getexif())) == ("PNG", "RGB", (192, 256), {})


def test_size_and_place_can_be_said(nnc: Nnc, coded: Path) -> None:
    assert nnc("thumbnail", coded, "-s", 64, "-o", "small.png").code == 0
    with PIL.Image.open("small.png") as small:
        assert small.size == (48, 64)


def test_what_exists_is_overwritten_only_by_force(nnc: Nnc, coded: Path) -> None:
    Path("photo-thumbnail.png").write_bytes(b"mine")
    result = nnc("thumbnail", coded)
    assert (result.code, Path("photo-thumbnail.png").read_bytes()) == (1, b"mine")
    assert "photo-thumbnail.png exists" in result.err
    assert nnc("thumbnail", coded, "-f").code == 0


def test_errors_name_the_file(nnc: Nnc, here: Path) -> None:
    Path("bad.nnc").write_bytes(b"not ours")
    result = nnc("thumbnail", "bad.nnc")
    assert (result.code, result.err) == (3, "nnc: error: bad.nnc: not an .nnc file\n")
    assert nnc("thumbnail", "none.nnc").err == "nnc: error: none.nnc: no such file or directory\n"
    assert not Path("bad-thumbnail.png").exists()


def test_limits_hold(nnc: Nnc, coded: Path) -> None:
    assert nnc("thumbnail", coded, "--max-pixels", 1000).code == 5


def test_decode_shrinks_and_keeps_metadata(nnc: Nnc, coded: Path) -> None:
    assert nnc("decode", coded, "--max-side", 100, "-o", "small.png").code == 0
    with PIL.Image.open("small.png") as small:
        assert (small.size, small.getexif()[0x0112]) == ((100, 75), 6)


def test_a_kept_jpeg_is_not_shrunk(nnc: Nnc, here: Path) -> None:
    Path("a.jpg").write_bytes(pictures.file_of(pictures.photograph(40, 50), "JPEG"))
    assert nnc("encode", "a.jpg", "--keep-jpeg").code == 0
    result = nnc("decode", "a.nnc", "--original", "--max-side", 9, "-o", "b.jpg")
    assert result.code == 2
    assert "cannot be shrunk" in result.err


def test_python_shrinks_too(coded: Path) -> None:
    assert nncodec.decode(coded, max_side=40).pixels.shape == (30, 40, 3)
