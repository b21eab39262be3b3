"""Samples of more than 8 bits: deep gray is kept, deep colour is refused unless it may be cut."""

import io
import struct
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


def test_depth_of_avif_is_that_of_its_deepest_configuration() -> None:
    data = b"av1C" + bytes.fromhex("81 04 0c 00") + b"av1C" + bytes.fromhex("81 00 4c 00")
    assert stored_depth(AVIF, data) == 10  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("components", "bits"),
    [("07 01 01", 8), ("0b 01 01", 12), ("07 01 01 0b 01 01", 12), ("8f 01 01", 16), ("", None)],
)
def test_depth_of_jpeg_2000_is_that_of_its_deepest_component(components: str, bits: int | None) -> None:
    """ITU-T T.800 A.5.1: Ssiz follows 38 bytes of SIZ; its highest bit says that samples are signed."""
    coded = bytes.fromhex(components)
    file = b"\xff\x4f\xff\x51" + bytes(37) + bytes((len(coded) // 3,)) + coded
    assert stored_depth(JPEG2000, file) == bits  # type: ignore[arg-type]


def test_depth_of_a_file_without_the_marker_is_unknown() -> None:
    assert stored_depth(AVIF, bytes(60)) is None  # type: ignore[arg-type]
    assert stored_depth(JPEG2000, bytes(60)) is None  # type: ignore[arg-type]


def test_gray_of_10_bits_is_scaled_to_16_and_back_to_8() -> None:
    data = b"P5\n4 1\n1023\n" + np.array([0, 1, 512, 1023], ">u2").tobytes()
    found = read(data)
    assert found.pixels.tolist() == [[0, 64, 32800, 65535]]
    assert found.notes == ("its 10 bits per sample were scaled to 16",)
    assert read(data, depth=8).pixels.tolist() == [[0, 0, 128, 255]]


def test_tiff_of_12_bits_is_scaled_to_16() -> None:
    """4 samples of 12 bits, 0, 1, 2048 and 4095, in 6 bytes (TIFF 6.0, section 4)."""
    entries = [(256, 4), (257, 1), (258, 12), (259, 1), (262, 1), (273, 122), (277, 1), (278, 1), (279, 6)]
    directory = struct.pack("<H", 9) + b"".join(struct.pack("<HHIHH", tag, 3, 1, value, 0) for tag, value in entries)
    data = b"II*\0\10\0\0\0" + directory + bytes(4) + bytes.fromhex("000001800fff")
    assert len(data) == 122 + 6
    found = read(data)
    assert found.pixels.tolist() == [[0, 16, 32776, 65535]]
    assert found.notes == ("its 12 bits per sample were scaled to 16",)


def test_a_png_of_16_bits_in_an_icon_is_refused_unless_allowed() -> None:
    inner = png(16, 16, 16, 2, (b"\0" + bytes(96)) * 16)
    head = struct.pack("<3H", 0, 1, 1) + struct.pack("<4B2H2I", 16, 16, 0, 0, 1, 48, len(inner), 22)
    with pytest.raises(EncodeError, match="16 bits per sample in RGB"):
        read(head + inner)
    assert read(head + inner, depth=8).pixels.shape[:2] == (16, 16)
    plain = pictures.file_of(PIL.Image.fromarray(pictures.photograph(32, 32)), "ICO", sizes=[(16, 16), (32, 32)])
    assert read(plain).width == 32
