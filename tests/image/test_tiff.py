"""TIFF files whose samples lie otherwise than Pillow takes them: planes, signed bytes, white as zero."""

import io
import struct

import numpy as np
import numpy.typing as npt
import PIL.Image
import pytest

from nncodec.errors import EncodeError, UnsupportedFile
from nncodec.image import from_pillow, read

RNG = np.random.default_rng(15)


def planar(order: str, planes: npt.NDArray[np.generic], photometric: int = 2, **tags: int) -> bytes:
    """An uncompressed TIFF (TIFF 6.0) with a strip for each plane, in byte order ``<`` or ``>``.

    ``tags`` may have extra_samples and sample_format.
    """
    count, height, width = planes.shape
    strips = [plane.astype(plane.dtype.newbyteorder(order)).tobytes() for plane in planes]  # type: ignore[call-overload]
    entries = {256: [width], 257: [height], 258: [8 * planes.itemsize] * count, 259: [1], 262: [photometric]}
    entries |= {273: [0] * count, 277: [count], 278: [height], 279: [len(strip) for strip in strips], 284: [2]}
    if "extra_samples" in tags:
        entries[338] = [tags["extra_samples"]]
    entries[339] = [tags.get("sample_format", 1)] * count
    end = 8 + 2 + 12 * len(entries) + 4
    end += sum(4 * len(values) for values in entries.values() if len(values) > 1)
    entries[273] = [end + sum(map(len, strips[:index])) for index in range(count)]
    directory, more = struct.pack(order + "H", len(entries)), b""
    for tag, values in entries.items():
        directory += struct.pack(order + "HHI", tag, 4, len(values))
        long = struct.pack(f"{order}{len(values)}I", *values)
        directory += long if len(values) == 1 else struct.pack(order + "I", 8 + 2 + 12 * len(entries) + 4 + len(more))
        more += long if len(values) > 1 else b""
    start = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 8)
    return start + directory + bytes(4) + more + b"".join(strips)


def deep_planes(count: int) -> npt.NDArray[np.uint16]:
    return RNG.integers(0, 65536, (count, 5, 7)).astype(np.uint16)


@pytest.mark.parametrize("order", ["<", ">"])
def test_deep_planes_are_refused_or_reduced(order: str) -> None:
    planes = deep_planes(3)
    data = planar(order, planes)
    with pytest.raises(EncodeError, match="16 bits per sample in RGB would be cut to 8") as caught:
        read(data)
    assert caught.value.hint == "--depth 8 allows it"
    expected = np.moveaxis(planes, 0, -1) / 257
    for picture in (read(data, depth=8), from_pillow(PIL.Image.open(io.BytesIO(data)), depth=8)):
        assert np.abs(picture.pixels - expected).max() <= 1


@pytest.mark.parametrize("order", ["<", ">"])
def test_a_deep_plane_of_alpha_is_reduced_too(order: str) -> None:
    planes = deep_planes(4)
    picture = read(planar(order, planes, extra_samples=2), depth=8)
    assert picture.alpha is not None
    assert np.abs(picture.alpha - planes[3] / 257).max() <= 1
    assert np.abs(picture.pixels - np.moveaxis(planes[:3], 0, -1) / 257).max() <= 1


def test_planes_of_bytes_are_kept() -> None:
    planes = RNG.integers(0, 256, (3, 5, 7)).astype(np.uint8)
    assert np.array_equal(read(planar("<", planes)).pixels, np.moveaxis(planes, 0, -1))


@pytest.mark.parametrize(("count", "photometric", "extra"), [(4, 2, 0), (4, 2, 1), (2, 1, 2)])
def test_planes_that_pillow_cannot_unpack_are_unsupported(count: int, photometric: int, extra: int) -> None:
    """They are sound: RGB with a sample of no meaning, with premultiplied alpha, and gray with alpha."""
    planes = deep_planes(count) if photometric == 2 else RNG.integers(0, 256, (2, 5, 7)).astype(np.uint8)
    with pytest.raises(UnsupportedFile, match="separate planes"):
        read(planar("<", planes, photometric, extra_samples=extra), depth=8)


def test_signed_bytes_are_refused() -> None:
    data = planar("<", np.full((1, 5, 7), 200, np.uint8), photometric=1, sample_format=2)
    with pytest.raises(EncodeError, match="signed samples cannot be kept"):
        read(data)


def test_deep_gray_with_white_as_zero_is_turned_round() -> None:
    values = np.array([[[0, 1, 65535, 1000]]], np.uint16)
    data = planar("<", values, photometric=0)
    assert read(data).pixels.tolist() == [[65535, 65534, 0, 64535]]
    assert read(data, depth=8).pixels.tolist() == [[255, 255, 0, 251]]


def test_one_plane_of_bytes_with_white_as_zero_is_turned_round() -> None:
    data = planar("<", np.array([[[0, 1, 255]]], np.uint8), photometric=0)
    assert read(data).pixels.tolist() == [[255, 254, 0]]


@pytest.mark.parametrize(("unit", "expected"), [(1, [200, 100, 50]), (257, [200, 100, 50])])
def test_colour_maps_of_8_bits_are_told_by_their_values(unit: int, expected: list[int]) -> None:
    """A map holds 16 bits (TIFF 6.0, section 5); libtiff takes one with only small values for one of 8."""
    indexed = PIL.Image.new("P", (4, 2), 3)
    indexed.putpalette(bytes(768))
    out = io.BytesIO()
    indexed.save(out, "TIFF")
    data = bytearray(out.getvalue())
    (directory,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, directory)
    entries = [struct.unpack_from("<HHII", data, directory + 2 + 12 * i) for i in range(count)]
    (at,) = (value for tag, _, _, value in entries if tag == 320)
    for plane, value in enumerate((200, 100, 50)):
        struct.pack_into("<H", data, at + 2 * (256 * plane + 3), value * unit)
    assert read(bytes(data)).pixels[0, 0].tolist() == expected
