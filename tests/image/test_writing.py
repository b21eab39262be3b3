"""Pictures out: what each format can carry is carried exactly, and what it cannot is said."""

import io

import numpy as np
import PIL.Image
import pytest

from nncodec.errors import EncodeError
from nncodec.image import Metadata, Picture, from_pillow, read, to_pillow, write
from nncodec.image.metrics import mse
from tests import pictures

MODES = ["L", "LA", "RGB", "RGBA", "I;16"]
HOLDS = {
    "PNG": {"L", "LA", "RGB", "RGBA", "I;16"},
    "TIFF": {"L", "LA", "RGB", "RGBA", "I;16"},
    "WEBP": {"RGB", "RGBA"},
    "PPM": {"L", "RGB", "I;16"},
    "BMP": {"L", "RGB"},
    "JPEG2000": {"L", "LA", "RGB", "RGBA", "I;16"},
    "TGA": {"L", "LA", "RGB", "RGBA"},
}
"""What a format holds losslessly, in that very mode."""


def back(data: bytes) -> Picture:
    """Read a written file with the reader that other tests hold to its word."""
    return read(data)


@pytest.mark.parametrize(("pillow_format", "mode"), [(f, m) for f, modes in HOLDS.items() for m in sorted(modes)])
def test_lossless_formats_are_lossless(pillow_format: str, mode: str) -> None:
    picture = pictures.picture(mode)
    found = back(write(picture, pillow_format)[0])
    assert found.mode == mode
    assert np.array_equal(np.asarray(to_pillow(found)), np.asarray(to_pillow(picture)))


@pytest.mark.parametrize("mode", MODES)
def test_npy_is_the_array(mode: str) -> None:
    picture = pictures.picture(mode)
    found = np.load(io.BytesIO(write(picture, "NPY")[0]), allow_pickle=False)
    assert found.shape[:2] == (24, 33)
    assert found.dtype == picture.pixels.dtype
    assert np.array_equal(found, np.asarray(to_pillow(picture)))


def test_invisible_pixels_keep_their_colour() -> None:
    """Under full transparency, too: who decodes to edit wants them back."""
    picture = Picture(pictures.noise(12, 12), pictures.flat(12, 12, 1, 0))
    for pillow_format in ("PNG", "TIFF"):
        assert np.array_equal(back(write(picture, pillow_format)[0]).pixels, picture.pixels)


@pytest.mark.parametrize("pillow_format", ["JPEG", "AVIF"])
def test_lossy_formats_lose_little(pillow_format: str) -> None:
    picture = pictures.picture("RGB", 64, 64)
    found = back(write(picture, pillow_format)[0])
    assert np.abs(found.pixels.astype(int) - picture.pixels).mean() < 2.5


@pytest.mark.parametrize("pillow_format", ["JPEG", "PPM", "BMP"])
def test_alpha_is_refused_where_it_would_be_lost(pillow_format: str) -> None:
    for mode in ("LA", "RGBA"):
        with pytest.raises(EncodeError, match=f"{pillow_format} holds no alpha"):
            write(pictures.picture(mode), pillow_format)


@pytest.mark.parametrize("pillow_format", ["JPEG", "WEBP", "AVIF", "BMP", "GIF", "TGA", "SGI"])
def test_deep_gray_is_refused_where_it_would_be_cut(pillow_format: str) -> None:
    with pytest.raises(EncodeError, match="holds no 16-bit gray"):
        write(pictures.picture("I;16"), pillow_format)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "pillow_format", ["PNG", "JPEG", "WEBP", "TIFF", "AVIF", "JPEG2000", "GIF", "TGA", "ICO", "PCX"]
)
def test_any_format_gives_the_picture_or_our_error(pillow_format: str, mode: str) -> None:
    try:
        data, _ = write(pictures.picture(mode, 32, 32), pillow_format)
    except EncodeError:
        return
    assert PIL.Image.open(io.BytesIO(data)).size == (32, 32)


# --- metadata -------------------------------------------------------------------------------------------------------

EVERYTHING = pictures.picture("RGB", meta=pictures.metadata(orientation=6))


@pytest.mark.parametrize("pillow_format", ["PNG", "JPEG", "WEBP"])
def test_metadata_go_out_byte_for_byte(pillow_format: str) -> None:
    data, notes = write(EVERYTHING, pillow_format)
    assert notes == ()
    assert back(data).metadata == EVERYTHING.metadata


def test_avif_keeps_metadata_and_orientation() -> None:
    """It keeps the orientation in a box of its own, so the Exif bytes differ; what they say does not."""
    found = back(write(EVERYTHING, "AVIF")[0]).metadata
    assert (found.icc, found.xmp) == (pictures.icc(), pictures.XMP)
    assert tags(found) == tags(EVERYTHING.metadata)


def test_tiff_keeps_metadata() -> None:
    with PIL.Image.open(io.BytesIO(write(EVERYTHING, "TIFF")[0])) as still:
        assert still.info["icc_profile"] == pictures.icc()
        assert still.tag_v2[700] == pictures.XMP
        assert still.getexif()[0x010F] == "nnc tests"
        assert still.getexif()[0x0112] == 6


def tags(metadata: Metadata) -> dict[int, object]:
    """What an Exif block says."""
    exif = PIL.Image.Exif()
    exif.load(b"Exif\0\0" + (metadata.exif or b""))
    return dict(exif)


@pytest.mark.parametrize(
    ("pillow_format", "lost"),
    [("PPM", 3), ("NPY", 3), ("BMP", 3), ("GIF", 4), ("JPEG2000", 2), ("PNG", 0), ("WEBP", 0)],
)
def test_what_a_format_cannot_carry_is_said(pillow_format: str, lost: int) -> None:
    picture = pictures.picture("RGB", meta=pictures.metadata(orientation=1))
    notes = write(picture, pillow_format)[1]
    assert len(notes) == lost
    assert all(note.startswith(f"{pillow_format} cannot carry ") for note in notes)


def test_metadata_that_do_not_fit_give_our_error() -> None:
    """JPEG holds 64 KB of Exif and of XMP; nothing may be cut off."""
    for meta in (Metadata(exif=pictures.exif(maker="x" * 70_000)), Metadata(xmp=b"x" * 70_000)):
        with pytest.raises(EncodeError, match="JPEG cannot hold"):
            write(pictures.picture("RGB", meta=meta), "JPEG")


@pytest.mark.parametrize("pillow_format", ["PNG", "JPEG", "WEBP", "TIFF", "AVIF", "PPM", "NPY"])
def test_broken_metadata_give_a_picture_or_our_error(pillow_format: str) -> None:
    picture = pictures.picture("RGB", meta=Metadata(b"not a profile", b"not Exif", b"\0\xff"))
    try:
        data, _ = write(picture, pillow_format)
    except EncodeError:
        assert pillow_format in ("TIFF", "AVIF")
        return
    if pillow_format != "NPY":
        assert PIL.Image.open(io.BytesIO(data)).size == (33, 24)


def test_png_carries_unreadable_metadata_unread() -> None:
    broken = Metadata(None, b"not Exif", b"not XML")
    assert back(write(pictures.picture("RGB", meta=broken))[0]).metadata == broken


# --- png level ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pillow_format", ["JPEG", "WEBP", "AVIF"])
def test_a_lower_quality_is_smaller_and_less_like_it(pillow_format: str) -> None:
    picture = pictures.picture("RGB", 64, 96)
    best, good, poor = (write(picture, pillow_format, quality=q)[0] for q in (None, 80.0, 20.0))
    assert len(poor) < len(good) < len(best)
    assert mse(picture.pixels, back(best).pixels) < mse(picture.pixels, back(poor).pixels)


@pytest.mark.parametrize("pillow_format", ["PNG", "NPY", "TIFF"])
def test_a_quality_is_refused_where_there_is_none(pillow_format: str) -> None:
    with pytest.raises(EncodeError, match="has no quality"):
        write(pictures.picture("RGB"), pillow_format, quality=80)


def test_higher_png_levels_are_smaller_and_equal() -> None:
    picture = pictures.picture("RGB", 64, 96)
    files = [write(picture, png_level=level)[0] for level in (0, 1, 9)]
    assert len(files[0]) > len(files[1]) > len(files[2])
    assert all(np.array_equal(back(data).pixels, picture.pixels) for data in files)


# --- Pillow images --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
def test_to_pillow_and_back(mode: str) -> None:
    picture = pictures.picture(mode, meta=pictures.metadata(3))
    still = to_pillow(picture)
    assert still.mode == mode
    found = from_pillow(still)
    assert np.array_equal(found.pixels, picture.pixels)
    assert (found.alpha is None) == (picture.alpha is None)
    assert found.metadata == picture.metadata
