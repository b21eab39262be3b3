"""Pictures out: what each format can carry is carried exactly, and what it cannot is said."""

import io
import struct

import numpy as np
import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    [("PPM", 3), ("NPY", 3), ("BMP", 3), ("GIF", 4), ("JPEG2000", 3), ("PNG", 0), ("WEBP", 0)],
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
        assert pillow_format == "AVIF"
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


# --- Exif in TIFF ---------------------------------------------------------------------------------------------------


def entry(order: str, tag: int, kind: int, count: int, value: bytes) -> bytes:
    """A directory entry of TIFF 6.0; ``value`` lies within it."""
    return struct.pack(f"{order}2HI", tag, kind, count) + value.ljust(4, b"\0")


def camera_exif(order: str = "<", more: bytes = b"", following: int = 0) -> bytes:
    """Exif with a maker, an Exif directory with a maker note, and a GPS directory; ``more`` are further entries."""
    count = 3 + len(more) // 12
    exif_at = 8 + 2 + 12 * count + 4
    gps_at, note_at = exif_at + 18, exif_at + 36
    long = f"{order}I"
    return (
        {"<": b"II*\0", ">": b"MM\0*"}[order]
        + struct.pack(f"{order}IH", 8, count)
        + entry(order, 0x010F, 2, 4, b"nnc\0")
        + more
        + entry(order, 0x8769, 4, 1, struct.pack(long, exif_at))
        + entry(order, 0x8825, 4, 1, struct.pack(long, gps_at))
        + struct.pack(long, following)
        + struct.pack(f"{order}H", 1)
        + entry(order, 0x927C, 7, 9, struct.pack(long, note_at))
        + bytes(4)
        + struct.pack(f"{order}H", 1)
        + entry(order, 1, 2, 2, b"N\0")
        + bytes(4)
        + b"\0maker\xff\0!"
    )


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("mode", MODES)
def test_tiff_keeps_the_directories_of_a_camera(mode: str, order: str) -> None:
    picture = pictures.picture(mode, 300, 400, meta=Metadata(exif=camera_exif(order)))
    data, notes = write(picture, "TIFF")
    assert notes == ()
    with PIL.Image.open(io.BytesIO(data)) as still:
        assert np.array_equal(np.asarray(still), np.asarray(to_pillow(picture)))
        exif = still.getexif()
        assert exif[0x010F] == "nnc"
        assert exif.get_ifd(0x8769) == {0x927C: b"\0maker\xff\0!"}
        assert exif.get_ifd(0x8825) == {1: "N"}


STRUCTURE = [254, 255, 256, 257, 258, 259, 262, 263, 266, 273, 277, 278, 279, 284, 290, 301, 317, 320, 322, 323, 324]
STRUCTURE += [325, 330, 332, 338, 339, 347, 512, 513, 514, 529, 530, 532, 32996, 33421, 34675, 50706, 50712]


@pytest.mark.parametrize("tag", STRUCTURE)
@pytest.mark.parametrize("mode", ["L", "RGBA"])
def test_tags_of_structure_never_come_from_exif(mode: str, tag: int) -> None:
    """How pixels are stored in another file says nothing of this one."""
    picture = pictures.picture(mode, meta=Metadata(exif=camera_exif(more=entry("<", tag, 3, 1, b"\2\0"))))
    plain = PIL.Image.open(io.BytesIO(write(pictures.picture(mode), "TIFF")[0]))
    with PIL.Image.open(io.BytesIO(write(picture, "TIFF")[0])) as still:
        assert np.array_equal(np.asarray(still), np.asarray(to_pillow(picture)))
        assert set(still.tag_v2) == set(plain.tag_v2) | {0x010F, 0x8769, 0x8825}


def test_a_thumbnail_does_not_become_a_page_of_tiff() -> None:
    data, notes = write(pictures.picture("RGB", meta=Metadata(exif=camera_exif(following=8))), "TIFF")
    assert notes == ("TIFF cannot carry the thumbnail of Exif: dropped",)
    assert PIL.Image.open(io.BytesIO(data)).n_frames == 1


@pytest.mark.filterwarnings("ignore::UserWarning")
@given(at=st.integers(0, 110), put=st.binary(min_size=1, max_size=4), cut=st.integers(0, 110))
def test_tiff_is_readable_whatever_exif_says(at: int, put: bytes, cut: int) -> None:
    block = camera_exif()
    picture = pictures.picture(
        "RGB", meta=Metadata(exif=(block[:at] + put + block[at + len(put) :])[: len(block) - cut])
    )
    with PIL.Image.open(io.BytesIO(write(picture, "TIFF")[0])) as still:
        assert np.array_equal(np.asarray(still), picture.pixels)
