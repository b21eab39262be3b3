"""AVIF: the clean aperture is the picture, and a colour space other than sRGB is noted."""

import struct

import numpy as np
import pytest

from nncodec.errors import EncodeError
from nncodec.image import read
from tests import pictures

PLAIN = pictures.file_of(pictures.photograph(64, 96), "AVIF")


def with_aperture(*numbers: int) -> bytes:
    """PLAIN with a property ``clap`` of the only item: width, height, and the centre's distance, as fractions."""
    clap = struct.pack(">I4s4I2iIi", 40, b"clap", *numbers[:4], *numbers[4:6], numbers[6], numbers[7])
    data = bytearray(PLAIN)
    start = {kind: data.index(kind) - 4 for kind in (b"meta", b"iprp", b"ipco", b"ipma", b"iloc")}
    offset = start[b"iloc"] + 22
    struct.pack_into(">I", data, offset, struct.unpack_from(">I", data, offset)[0] + 41)
    for kind, more in ((b"meta", 41), (b"iprp", 41), (b"ipco", 40), (b"ipma", 1)):
        struct.pack_into(">I", data, start[kind], struct.unpack_from(">I", data, start[kind])[0] + more)
    count = start[b"ipma"] + 18
    held = data[count]
    data[count] += 1
    data.insert(count + 1 + held, 0x80 | 5)
    data[start[b"ipma"] : start[b"ipma"]] = clap
    return bytes(data)


def test_the_clean_aperture_is_the_picture() -> None:
    whole = read(PLAIN).pixels
    assert np.array_equal(read(with_aperture(48, 1, 32, 1, 0, 1, 0, 1)).pixels, whole[16:48, 24:72])
    assert np.array_equal(read(with_aperture(48, 1, 32, 1, -24, 1, 16, 1)).pixels, whole[32:64, 0:48])


@pytest.mark.parametrize("width", [(47, 1), (200, 1), (0, 1), (48, 0)])
def test_an_aperture_that_is_not_of_whole_pixels_inside_is_refused(width: tuple[int, int]) -> None:
    with pytest.raises(EncodeError, match="clean aperture"):
        read(with_aperture(*width, 32, 1, 0, 1, 0, 1))


def with_space(primaries: int, transfer: int) -> bytes:
    data = bytearray(PLAIN)
    struct.pack_into(">HH", data, data.index(b"nclx") + 4, primaries, transfer)
    return bytes(data)


@pytest.mark.parametrize(
    ("codes", "names"), [((9, 16), "primaries BT.2020, transfer PQ"), ((12, 13), "primaries Display P3, transfer sRGB")]
)
def test_a_colour_space_other_than_srgb_is_noted(codes: tuple[int, int], names: str) -> None:
    expected = f"its colour space ({names}) is dropped: it will be taken for sRGB, and may look different"
    assert read(with_space(*codes)).notes == (expected,)


@pytest.mark.parametrize("codes", [(1, 13), (1, 1), (2, 2)])
def test_srgb_is_not_noted(codes: tuple[int, int]) -> None:
    assert read(with_space(*codes)).notes == ()
