"""Exif orientation: carried, not applied; applied once where a format cannot carry it."""

import io

import numpy as np
import PIL.Image
import PIL.ImageOps
import pytest

from nncodec.image import Metadata, Picture, from_pillow, oriented, read, to_pillow, upright, write
from nncodec.pipeline import Settings, decode, encode
from tests import pictures

EVERY = range(1, 9)
STORED = np.arange(6, dtype=np.uint8).reshape(2, 3) * 40


def turned(orientation: int) -> Picture:
    """A small picture with every pixel different, and alpha to tell whether that turns along."""
    return Picture(STORED, 255 - STORED, Metadata(exif=pictures.exif(orientation)))


@pytest.mark.parametrize("orientation", EVERY)
def test_it_is_read_from_exif(orientation: int) -> None:
    assert oriented(Metadata(exif=pictures.exif(orientation))) == orientation


@pytest.mark.parametrize(
    "exif", [None, b"", b"garbage", b"II*\0", pictures.exif(0), pictures.exif(9), pictures.exif(65535)]
)
def test_without_a_usable_one_a_picture_is_upright(exif: bytes | None) -> None:
    assert oriented(Metadata(exif=exif)) == 1


@pytest.mark.parametrize("orientation", EVERY)
def test_upright_does_what_pillow_does(orientation: int) -> None:
    """Pillow's transposition is an implementation by others of the same table."""
    with_tag = to_pillow(turned(orientation))
    with_tag.info["exif"] = b"Exif\0\0" + pictures.exif(orientation)
    expected = PIL.ImageOps.exif_transpose(with_tag)
    found = upright(turned(orientation))
    assert np.array_equal(np.asarray(to_pillow(found)), np.asarray(expected))
    assert found.metadata.exif is None


def test_five_to_eight_swap_the_sides() -> None:
    for orientation in EVERY:
        found = upright(turned(orientation))
        assert (found.width, found.height) == ((2, 3) if orientation >= 5 else (3, 2))


@pytest.mark.parametrize("orientation", EVERY)
def test_a_file_keeps_pixels_as_stored_and_exif_untouched(orientation: int) -> None:
    picture = Picture(pictures.photograph(20, 30), None, Metadata(exif=pictures.exif(orientation)))
    found = decode(
        encode(
            picture,
            Settings(
                "webp",
            ),
        ).data
    ).picture
    assert (found.width, found.height) == (30, 20)
    assert found.metadata.exif == pictures.exif(orientation)


@pytest.mark.parametrize("source", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("target", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "PPM", "NPY", "BMP"])
def test_a_viewer_sees_the_same_picture_after_any_conversion(source: str, target: str) -> None:
    """From any format to any other: shown upright, once, by the tag or by turned pixels."""
    pixels = np.zeros((24, 40, 3), np.uint8)
    pixels[:12, :20] = 255  # top left is white
    tag = PIL.Image.Exif()
    tag[0x0112] = 6
    data, _ = write(read(pictures.file_of(pixels, source, exif=tag)), target)
    if target == "NPY":
        shown = np.load(io.BytesIO(data))
    else:
        shown = np.asarray(PIL.ImageOps.exif_transpose(PIL.Image.open(io.BytesIO(data))).convert("RGB"))
    corners = shown[::39, ::23, 0]
    assert (corners > 128).tolist() == [[False, True], [False, False]]  # orientation 6: a quarter turn clockwise


def test_pillow_images_keep_their_tag() -> None:
    still = PIL.Image.open(io.BytesIO(pictures.file_of(STORED, "JPEG", exif=b"Exif\0\0" + pictures.exif(8))))
    assert oriented(from_pillow(still).metadata) == 8
