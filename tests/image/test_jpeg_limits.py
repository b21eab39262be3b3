"""Limits of JPEG files: a picture that its bytes cannot hold is refused before memory is taken."""

import io

import numpy as np
import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nncodec.codec import Frame
from nncodec.codecs import by_name
from nncodec.errors import CorruptFile, NncError
from nncodec.image import read
from nncodec.image.jpeg_limits import check_limits
from tests import pictures


def claiming(jpeg: bytes, width: int, height: int) -> bytes:
    """A JPEG whose frame header claims another size."""
    at = max(jpeg.find(b"\xff\xc0\0"), jpeg.find(b"\xff\xc2\0"))
    return jpeg[: at + 5] + height.to_bytes(2, "big") + width.to_bytes(2, "big") + jpeg[at + 9 :]


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("channels", [1, 3])
def test_few_bytes_of_a_huge_picture_are_refused_before_pixels(
    progressive: bool, channels: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    jpeg = claiming(
        pictures.file_of(pictures.photograph(37, 48, channels), "JPEG", progressive=progressive), 13000, 13000
    )

    def load(self: PIL.Image.Image) -> None:
        raise AssertionError("pixels were decoded")

    monkeypatch.setattr(PIL.ImageFile.ImageFile, "load", load)
    for name in ("jpeg", "jpegfile"):
        with pytest.raises(CorruptFile, match="too few"):
            by_name(name).decode(jpeg, Frame(13000, 13000, channels), "cpu")
    with pytest.raises(CorruptFile, match="too few"):
        read(jpeg)


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
@pytest.mark.parametrize("size", [(1, 1), (17, 16), (999, 1501)])
def test_the_smallest_sound_files_are_not(progressive: bool, subsampling: str, size: tuple[int, int]) -> None:
    parameters = {"progressive": progressive, "subsampling": subsampling, "optimize": True, "quality": 1}
    for channels in (1, 3):
        jpeg = pictures.file_of(pictures.flat(*size, channels), "JPEG", **parameters)
        assert by_name("jpegfile").decode(jpeg, Frame(size[1], size[0], channels), "cpu").shape[:2] == size


def test_the_bound_is_the_bits_of_the_blocks() -> None:
    """A baseline scan of gray costs two bits a block at least: 64 x 64 blocks take 1,024 bytes of file."""
    jpeg = pictures.file_of(pictures.flat(8, 8, 1), "JPEG")
    large = claiming(jpeg, 512, 512)
    check_limits(large + bytes(1024 - len(large)), "it")
    with pytest.raises(CorruptFile):
        check_limits(large + bytes(1023 - len(large)), "it")


@given(st.binary(max_size=40))
def test_damaged_markers_raise_our_errors_alone(data: bytes) -> None:
    try:
        check_limits(b"\xff\xd8\xff\xc0" + data, "it")
    except NncError:
        return


def test_a_cmyk_jpeg_is_read_still() -> None:
    file = io.BytesIO()
    PIL.Image.fromarray(np.full((40, 60, 4), 90, np.uint8), mode="CMYK").save(file, "JPEG")
    assert read(file.getvalue()).pixels.shape == (40, 60, 3)
