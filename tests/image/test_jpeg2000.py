"""JPEG 2000 files: samples of few bits, and the metadata in their boxes."""

import struct

import numpy as np
import numpy.typing as npt
import pytest

from nncodec.errors import EncodeError
from nncodec.image import read
from tests import pictures

EXIF_BOX, XMP_BOX = b"JpgTiffExif->JP2", bytes.fromhex("be7acfcb97a942e89c71999491e3afac")


def of_few_bits(samples: npt.NDArray[np.integer], depths: tuple[int, ...], whole: int = 8) -> bytes:
    """A codestream of samples (H, W) or (H, W, C), below 2 to their depth, that says so.

    Pillow writes 8 or 16 bits; half of the range is taken from samples before they are coded (ITU-T T.800, G.1.2).
    """
    shift = np.array([2 ** (whole - 1) - 2 ** (bits - 1) for bits in depths])
    shifted = samples + (shift if samples.ndim == 3 else shift[0])
    data = bytearray(pictures.file_of(shifted.astype(f"u{whole // 8}"), "JPEG2000", no_jp2=True))
    for i, bits in enumerate(depths):
        assert data[42 + 3 * i] == whole - 1
        data[42 + 3 * i] = bits - 1
    return bytes(data)


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


def with_boxes(*boxes: bytes, colour: bytes | None = None) -> bytes:
    """A file with boxes before its codestream, and a colour box in place of Pillow's."""
    data = pictures.file_of(pictures.photograph(20, 30), "JPEG2000")
    if colour is not None:
        header = data.index(b"jp2h") - 4
        size = int.from_bytes(data[header : header + 4], "big")
        data = data[:header] + box(b"jp2h", data[header + 8 : header + 30] + colour) + data[header + size :]
    at = data.index(b"jp2c") - 4
    return data[:at] + b"".join(boxes) + data[at:]


@pytest.mark.parametrize(
    ("bits", "expected"), [(1, [0, 255, 0, 255]), (2, [0, 85, 170, 255]), (4, [0, 17, 34, 51]), (7, [0, 2, 4, 6])]
)
def test_gray_of_few_bits_uses_the_whole_range(bits: int, expected: list[int]) -> None:
    values = np.arange(4) % 2**bits
    found = read(of_few_bits(np.tile(values, (8, 4)), (bits,)))
    assert found.pixels[0, :4].tolist() == expected
    assert read(of_few_bits(np.full((8, 8), 2**bits - 1), (bits,))).pixels.min() == 255


def test_each_component_has_a_depth_of_its_own() -> None:
    samples = np.zeros((8, 8, 3), int) + (31, 63, 200)
    assert read(of_few_bits(samples, (5, 6, 8))).pixels[0, 0].tolist() == [255, 255, 200]


def test_alpha_of_one_bit_is_opaque() -> None:
    samples = np.zeros((8, 8, 4), int) + (10, 20, 30, 1)
    found = read(of_few_bits(samples, (8, 8, 8, 1)))
    assert found.alpha is not None
    assert found.alpha.min() == 255
    assert found.pixels[0, 0].tolist() == [10, 20, 30]


def test_gray_of_12_bits_is_scaled_to_16() -> None:
    found = read(of_few_bits(np.tile([0, 1, 2048, 4095], (8, 4)), (12,), 16))
    assert found.pixels[0, :4].tolist() == [0, 16, 32776, 65535]
    assert found.notes == ("its 12 bits per sample were scaled to 16",)


def test_one_deep_component_is_enough_to_refuse() -> None:
    deep = bytearray(of_few_bits(np.zeros((8, 8, 3), int), (8, 8, 8)))
    deep[42 + 6] = 9
    with pytest.raises(EncodeError, match="10 bits per sample in RGB"):
        read(bytes(deep))


def test_profile_exif_and_xmp_are_kept() -> None:
    meta = pictures.metadata()
    assert meta.exif is not None
    assert meta.xmp is not None
    colour = box(b"colr", b"\2\0\0" + pictures.icc())
    data = with_boxes(box(b"uuid", EXIF_BOX + meta.exif), box(b"uuid", XMP_BOX + meta.xmp), colour=colour)
    found = read(data)
    assert found.metadata == meta
    assert found.notes == ()


def test_other_boxes_of_metadata_are_noted() -> None:
    data = with_boxes(box(b"xml ", b"<a/>"), box(b"uuid", bytes(20)))
    assert read(data).notes == ("its boxes of metadata uuid, xml are dropped",)
    assert read(with_boxes()).notes == ()


def test_a_codestream_that_a_box_mentions_is_not_taken_for_it() -> None:
    data = with_boxes(box(b"uuid", XMP_BOX + b"\xff\x4f\xff\x51" + bytes(36) + b"\0\1\x0f\1\1"))
    assert read(data).mode == "RGB"
