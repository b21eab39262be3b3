"""The alpha plane comes back exactly, or not at all."""

import zlib

import numpy as np
import numpy.typing as npt
import PIL.Image
import pytest

from nncodec.errors import CorruptFile
from nncodec.image.alpha import decode_alpha, encode_alpha
from tests import pictures

PLANES = {
    "opaque": pictures.flat(20, 30, 1, 255),
    "transparent": pictures.flat(20, 30, 1, 0),
    "half": pictures.flat(1, 1, 1, 77),
    "soft": pictures.transparency(33, 47),
    "noise": pictures.noise(33, 47, 1),
    "two values": (pictures.noise(40, 64, 1) > 128).astype(np.uint8) * 255,
    "one row": pictures.noise(1, 300, 1),
    "one column": pictures.noise(300, 1, 1),
    "too wide for webp": pictures.transparency(1, 16_400),
    "one pixel differs": np.eye(1, 900, 450, dtype=np.uint8).reshape(30, 30) * 255,
}


@pytest.fixture(params=PLANES.values(), ids=PLANES.keys())
def plane(request: pytest.FixtureRequest) -> npt.NDArray[np.uint8]:
    """Each of the planes above."""
    found: npt.NDArray[np.uint8] = request.param
    return found


def test_it_comes_back_exactly(plane: npt.NDArray[np.uint8]) -> None:
    found = decode_alpha(encode_alpha(plane), *plane.shape)
    assert found.dtype == np.uint8
    assert np.array_equal(found, plane)


def test_a_constant_plane_is_one_byte() -> None:
    for value in (0, 128, 255):
        assert encode_alpha(pictures.flat(500, 400, 1, value)) == bytes([value])


def test_the_smaller_of_two_formats_is_kept() -> None:
    """Each of them wins somewhere, or one of them would be superfluous."""
    starts = {encode_alpha(plane)[:4] for plane in PLANES.values()}
    assert {b"\x89PNG", b"RIFF"} <= starts


def test_a_view_that_is_not_contiguous_is_fine() -> None:
    plane = pictures.noise(40, 60, 1)[::2, ::3]
    assert np.array_equal(decode_alpha(encode_alpha(plane), 20, 20), plane)


SOFT = encode_alpha(PLANES["soft"])
GRAY = pictures.noise(33, 47, 1)
COLOUR = pictures.noise(33, 47)
MOVING = {"save_all": True, "append_images": [PIL.Image.new("L", (47, 33))], "duration": 10}


def four_bits(png: bytes, width: int) -> bytes:
    """A gray PNG whose rows of bytes are said to be ``width`` samples of 4 bits."""
    header = b"IHDR" + width.to_bytes(4, "big") + png[20:24] + b"\4" + png[25:29]
    return png[:12] + header + zlib.crc32(header).to_bytes(4, "big") + png[33:]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x10\x20", id="two bytes"),
        pytest.param(b"\xff\xd8\xff\xe0" + bytes(50), id="another format"),
        pytest.param(b"\x89PNG", id="a signature alone"),
        pytest.param(SOFT[: len(SOFT) // 2], id="cut"),
        pytest.param(encode_alpha(pictures.transparency(33, 48)), id="wider"),
        pytest.param(encode_alpha(pictures.transparency(47, 33)), id="turned"),
        pytest.param(pictures.file_of(COLOUR, "PNG"), id="colour png"),
        pytest.param(pictures.file_of(np.dstack([GRAY, GRAY]), "PNG"), id="png with alpha of its own"),
        pytest.param(pictures.file_of(np.dstack([COLOUR, GRAY]), "WEBP"), id="webp with alpha of its own"),
        pytest.param(pictures.file_of(pictures.deep(33, 47), "PNG"), id="16-bit png"),
        pytest.param(pictures.file_of(GRAY, "JPEG"), id="jpeg"),
        pytest.param(four_bits(pictures.file_of(GRAY[:, :24], "PNG"), 47), id="4-bit png"),
        pytest.param(pictures.file_of(GRAY, "PNG", **MOVING), id="animated png"),
        pytest.param(pictures.file_of(COLOUR, "WEBP", **MOVING), id="animated webp"),
    ],
)
def test_anything_else_is_corrupt(data: bytes) -> None:
    with pytest.raises(CorruptFile):
        decode_alpha(data, 33, 47)
