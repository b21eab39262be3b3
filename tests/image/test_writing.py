"""Pictures out: what each format can carry is carried exactly, and what it cannot is said."""

import io
import struct
from dataclasses import replace

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


@pytest.mark.parametrize("pillow_format", ["PNG", "JPEG", "WEBP", "AVIF"])
def test_metadata_go_out_byte_for_byte(pillow_format: str) -> None:
    data, notes = write(EVERYTHING, pillow_format)
    assert notes == ()
    assert back(data).metadata == EVERYTHING.metadata


def test_a_jp2_carries_metadata_but_no_orientation() -> None:
    meta = pictures.metadata(orientation=1)
    data, notes = write(pictures.picture("RGB", meta=meta), "JPEG2000")
    assert notes == ()
    assert back(data).metadata == meta
    data, notes = write(EVERYTHING, "JPEG2000")
    assert notes == ("JPEG2000 cannot carry Exif with an orientation: dropped",)
    found = back(data)
    assert found.metadata == replace(EVERYTHING.metadata, exif=None)
    assert np.array_equal(found.pixels, np.rot90(EVERYTHING.pixels, -1))


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
    [("PPM", 3), ("NPY", 3), ("BMP", 3), ("GIF", 4), ("JPEG2000", 0), ("PNG", 0), ("WEBP", 0)],
)
def test_what_a_format_cannot_carry_is_said(pillow_format: str, lost: int) -> None:
    picture = pictures.picture("RGB", meta=pictures.metadata(orientation=1))
    notes = write(picture, pillow_format)[1]
    assert len(notes) == lost
    assert all(note.startswith(f"{pillow_format} cannot carry ") for note in notes)


@pytest.mark.parametrize(
    ("meta", "what"),
    [
        (Metadata(exif=pictures.exif(maker="x" * 70_000)), "70040 bytes of Exif"),
        (Metadata(xmp=b"x" * 70_000), "70000 bytes of XMP"),
        (Metadata(icc=bytes(255 * 65_519 + 1)), "an ICC profile of 16707346 bytes"),
    ],
)
def test_a_jpeg_is_written_without_metadata_that_do_not_fit(meta: Metadata, what: str) -> None:
    data, notes = write(pictures.picture("RGB", meta=meta), "JPEG")
    assert notes == (f"JPEG cannot carry {what}: dropped",)
    assert back(data).metadata == Metadata()


@pytest.mark.parametrize("pillow_format", ["JPEG", "AVIF", "BMP"])
def test_without_exif_the_picture_is_upright_and_a_note_says_so(pillow_format: str) -> None:
    exif = {"JPEG": pictures.exif(6, "x" * 70_000), "AVIF": b"damaged", "BMP": pictures.exif(6)}[pillow_format]
    data, notes = write(pictures.picture("RGB", meta=Metadata(exif=exif)), pillow_format)
    assert len(notes) == 1
    assert "Exif" in notes[0]
    assert back(data).metadata.exif is None
    assert back(data).pixels.shape[:2] == ((24, 33) if pillow_format == "AVIF" else (33, 24))


def grey_profile() -> bytes:
    """The header of a profile for gray samples; nothing reads on."""
    return pictures.icc()[:16] + b"GRAY" + pictures.icc()[20:]


@pytest.mark.parametrize("pillow_format", ["PNG", "JPEG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("space", ["GRAY", "RGB"])
def test_a_profile_is_written_beside_samples_of_its_kind_alone(pillow_format: str, mode: str, space: str) -> None:
    profile = grey_profile() if space == "GRAY" else pictures.icc()
    data, notes = write(pictures.picture(mode, meta=Metadata(icc=profile)), pillow_format)
    with PIL.Image.open(io.BytesIO(data)) as still:
        stored, fits = still.mode, (still.mode == "L") == (space == "GRAY")
        assert still.info.get("icc_profile") == (profile if fits else None)
    samples = "gray" if stored == "L" else "RGB"
    note = f"{pillow_format} cannot carry an ICC profile of {space} beside {samples} samples: dropped"
    assert notes == (() if fits else (note,))


def test_avif_has_the_same_bytes_whatever_the_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = Picture(pictures.photograph(400, 640))
    files = set()
    for threads in ("1", "2", "5"):
        monkeypatch.setenv("OMP_NUM_THREADS", threads)
        files.add(write(picture, "AVIF")[0])
    assert len(files) == 1


def test_gray_avif_is_monochrome() -> None:
    assert PIL.Image.open(io.BytesIO(write(pictures.picture("L"), "AVIF")[0])).mode == "L"


@pytest.mark.parametrize("wrapped", [True, False])
def test_large_xmp_goes_through_a_jpeg_as_extended_xmp(wrapped: bool) -> None:
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    xmp += b"<rdf:Description><x>" + b"y" * 150_000 + b"</x></rdf:Description></rdf:RDF></x:xmpmeta>"
    if wrapped:
        xmp = b'<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>' + xmp + b'<?xpacket end="w"?>'
    data, notes = write(pictures.picture("RGB", meta=Metadata(xmp=xmp)), "JPEG")
    assert notes == ()
    assert data.count(b"http://ns.adobe.com/xmp/extension/") == 3
    assert back(data).metadata.xmp == xmp


@pytest.mark.parametrize(
    ("pillow_format", "mode", "lacks"),
    [("DIB", "RGBA", "no alpha"), ("SPIDER", "LA", "no alpha"), ("SPIDER", "RGB", "no colour")],
)
def test_a_format_that_would_drop_planes_is_refused(pillow_format: str, mode: str, lacks: str) -> None:
    with pytest.raises(EncodeError, match=f"{pillow_format} holds {lacks}"):
        write(pictures.picture(mode), pillow_format)


def test_a_format_that_changes_samples_is_noted() -> None:
    assert write(pictures.picture("RGB"), "MPO")[1] == ("MPO does not keep every sample: the file differs a little",)
    assert write(pictures.picture("RGB"), "TGA")[1] == ()


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("pillow_format", ["PNG", "JPEG", "TIFF"])
def test_iptc_goes_out_and_comes_back(pillow_format: str, mode: str) -> None:
    meta = Metadata(xmp=pictures.XMP, iptc=pictures.IPTC)
    data, notes = write(pictures.picture(mode, meta=meta), pillow_format)
    assert notes == ()
    assert back(data).metadata == meta


@pytest.mark.parametrize(("pillow_format", "size"), [("WEBP", 9), ("AVIF", 9), ("GIF", 9), ("JPEG", 65_501)])
def test_iptc_that_a_format_cannot_carry_is_noted(pillow_format: str, size: int) -> None:
    notes = write(pictures.picture("L", meta=Metadata(iptc=b"\x1c" * size)), pillow_format)[1]
    assert notes == (f"{pillow_format} cannot carry {'65501 bytes of ' if size > 9 else ''}IPTC: dropped",)


# --- alpha and size -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_alpha_of_gif_is_all_or_nothing_and_a_note_says_so(mode: str) -> None:
    picture = pictures.picture(mode)
    assert picture.alpha is not None
    data, notes = write(picture, "GIF")
    assert any("alpha between transparent and opaque" in note for note in notes)
    found = back(data)
    shown = picture.alpha >= 128
    assert found.alpha is not None
    assert np.array_equal(found.alpha, np.where(shown, 255, 0))
    given = picture.pixels if mode == "RGBA" else np.repeat(picture.pixels[:, :, None], 3, axis=2)
    assert np.abs(found.pixels.astype(int) - given)[shown].mean() < 4


@pytest.mark.parametrize(("height", "width"), [(20, 32), (256, 256), (17, 5)])
def test_an_icon_has_the_size_of_the_picture(height: int, width: int) -> None:
    picture = pictures.picture("RGBA", height, width)
    found = back(write(picture, "ICO")[0])
    assert np.array_equal(found.pixels, picture.pixels)


@pytest.mark.parametrize(("pillow_format", "side"), [("ICO", 257), ("ICNS", 32), ("ICNS", 512)])
def test_an_icon_of_another_size_is_refused(pillow_format: str, side: int) -> None:
    with pytest.raises(EncodeError, match="pixels"):
        write(pictures.picture("RGBA", side, side), pillow_format)


@pytest.mark.parametrize("pillow_format", ["PNG", "JPEG", "WEBP", "TIFF", "AVIF", "PPM", "NPY"])
def test_broken_metadata_give_a_picture(pillow_format: str) -> None:
    picture = pictures.picture("RGB", meta=Metadata(b"not a profile", b"not Exif", b"\0\xff"))
    data, _ = write(picture, pillow_format)
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
