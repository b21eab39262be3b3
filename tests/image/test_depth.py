"""Samples of more than 8 bits: deep gray is kept, deep colour is refused unless it may be cut."""

import io
from types import SimpleNamespace

import numpy as np
import PIL.Image
import pytest

from nncodec.errors import EncodeError
from nncodec.image import from_pillow, read
from nncodec.image.depth import stored_depth
from tests import pictures
from tests.image.png_chunks import png

STILL = PIL.Image.fromarray(pictures.photograph(20, 30))


def png16(colour_type: int, channels: int) -> bytes:
    """A PNG of 16 bits per sample, 4 x 2, which Pillow cannot write for more than one channel."""
    row = b"\0" + np.arange(4 * channels, dtype=">u2").tobytes()
    return png(4, 2, 16, colour_type, row * 2)


RAMP = np.arange(18).astype(">u2") * 3000
DEEP = {
    "png rgb": png16(2, 3),
    "png rgba": png16(6, 4),
    "png gray alpha": png16(4, 2),
    "ppm": b"P6\n3 2\n65535\n" + RAMP.tobytes(),
    "ppm of 10 bits": b"P6\n3 2\n1023\n" + (RAMP // 64).tobytes(),
    "ppm of 9 bits": b"P6\n3 2\n256\n" + (RAMP // 256).tobytes(),
    "ppm in text": b"P3\n3 2\n65535\n" + b" ".join(b"%d" % value for value in RAMP),
    "sgi": pictures.file_of(STILL, "SGI", bpc=2),
}


@pytest.mark.parametrize("data", DEEP.values(), ids=DEEP.keys())
def test_deep_colour_is_refused_unless_allowed(data: bytes) -> None:
    with pytest.raises(EncodeError, match=r"(9|10|16) bits per sample in \w+ would be cut to 8") as caught:
        read(data)
    assert caught.value.hint == "--depth 8 allows it"
    assert read(data, depth=8).depth == 8


@pytest.mark.parametrize("data", [DEEP["png rgb"], DEEP["ppm"]], ids=["png", "ppm"])
def test_deep_colour_is_refused_from_an_opened_pillow_image_too(data: bytes) -> None:
    with pytest.raises(EncodeError, match="would be cut to 8"):
        from_pillow(PIL.Image.open(io.BytesIO(data)))
    assert from_pillow(PIL.Image.open(io.BytesIO(data)), depth=8).depth == 8


@pytest.mark.parametrize("pillow_format", ["PNG", "TIFF", "PPM", "JPEG2000"])
def test_deep_gray_is_kept(pillow_format: str) -> None:
    deep = pictures.deep(20, 30)
    picture = read(pictures.file_of(deep, pillow_format))
    assert (picture.mode, picture.pixels.dtype) == ("I;16", np.uint16)
    assert np.array_equal(picture.pixels, deep)


def test_signed_gray_is_refused() -> None:
    """Below zero there is nothing to keep it in, and wrapping around would make black white."""
    tiff = pictures.file_of(np.zeros((2, 3), np.uint16), "TIFF")
    signed = bytearray(pictures.file_of(np.full((2, 3), 65535, np.uint16), "TIFF", tiffinfo={339: 2}))
    assert read(tiff).mode == "I;16"
    with pytest.raises(EncodeError, match="signed"):
        read(bytes(signed))


def test_deep_gray_is_cut_to_8_bits_where_allowed() -> None:
    """Rounded, not truncated: 0 and 65535 become 0 and 255, and 257 steps lie between neighbours."""
    values = np.array([[0, 128, 129, 257, 32768, 65406, 65407, 65535]], np.uint16)
    found = read(pictures.file_of(values, "PNG"), depth=8)
    assert found.pixels.tolist() == [[0, 0, 1, 1, 128, 254, 255, 255]]


AVIF, JPEG2000 = (SimpleNamespace(format=name) for name in ("AVIF", "JPEG2000"))


@pytest.mark.parametrize(
    ("configuration", "bits"),
    [("81 04 0c 00", 8), ("81 00 4c 00", 10), ("81 40 6c 00", 12), ("81 04 3c 00", 8), ("81 04", None), ("", None)],
)
def test_depth_of_avif_is_that_of_its_configuration(configuration: str, bits: int | None) -> None:
    """AV1 in ISOBMFF 2.3.3: high_bitdepth and twelve_bit are 0x40 and 0x20 of the third byte."""
    assert stored_depth(AVIF, b"....av1C" + bytes.fromhex(configuration)) == bits  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("components", "bits"), [(b"\x07\x01\x01", 8), (b"\x0b", 12), (b"\x8f\x01\x01", 16), (b"", None)]
)
def test_depth_of_jpeg_2000_is_that_of_its_first_component(components: bytes, bits: int | None) -> None:
    """ITU-T T.800 A.5.1: Ssiz follows 38 bytes of SIZ; its highest bit says that samples are signed."""
    assert stored_depth(JPEG2000, b"\xff\x4f\xff\x51" + bytes(38) + components) == bits  # type: ignore[arg-type]


def test_depth_of_a_file_without_the_marker_is_unknown() -> None:
    assert stored_depth(AVIF, bytes(60)) is None  # type: ignore[arg-type]
    assert stored_depth(JPEG2000, bytes(60)) is None  # type: ignore[arg-type]
