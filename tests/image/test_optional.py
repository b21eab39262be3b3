"""HEIC and JPEG XL: read where their readers are installed, refused with a hint where they are not."""

import io
import struct
import sys
from importlib.util import find_spec

import numpy as np
import PIL.Image
import pytest

from nncodec.errors import CorruptFile, EncodeError, LimitExceeded, UnsupportedFile
from nncodec.image import Picture, oriented, read
from nncodec.image.iptc import as_segment
from nncodec.image.jpeg_xl import header
from nncodec.image.kinds import EXTRAS, Extra
from nncodec.image.metrics import psnr
from nncodec.image.optional import hdr_profile
from tests import pictures

PHOTO = pictures.photograph(48, 64)
FTYP_HEIC = struct.pack(">I4s4sI4s4s", 24, b"ftyp", b"heic", 0, b"mif1", b"heic")
needs_heif = pytest.mark.skipif(find_spec("pillow_heif") is None, reason="pillow-heif is not installed")
needs_jxl = pytest.mark.skipif(find_spec("pillow_jxl") is None, reason="pillow-jxl-plugin is not installed")


def heic(pixels: np.ndarray = PHOTO, mode: str = "RGB", **parameters: object) -> bytes:
    """A HEIC file."""
    import pillow_heif

    file = pillow_heif.from_bytes(mode, (pixels.shape[1], pixels.shape[0]), pixels.tobytes())
    out = io.BytesIO()
    file.save(out, **({"quality": 90} | parameters))
    return out.getvalue()


def jxl(pixels: np.ndarray = PHOTO, mode: str = "RGB", **metadata: bytes) -> bytes:
    """A lossless JPEG XL file."""
    from pillow_jxl import Encoder

    encoder = Encoder(mode=mode, lossless=True, quality=100, use_container=bool(metadata))
    found = {"exif": None, "jumb": None, "xmp": None, "compress": False} | metadata
    return bytes(encoder(pixels.tobytes(), pixels.shape[1], pixels.shape[0], jpeg_encode=False, **found))


@pytest.mark.parametrize(
    ("file", "package"), [(FTYP_HEIC, "pillow-heif"), (b"\xff\x0a" + bytes(20), "pillow-jxl-plugin")]
)
def test_a_missing_reader_is_named(file: bytes, package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for kind, extra in EXTRAS.items():
        monkeypatch.setitem(EXTRAS, kind, Extra("nncodec_no_such_module", extra.package, extra.suffixes))
    with pytest.raises(UnsupportedFile, match=package) as refused:
        read(file)
    assert refused.value.hint == f"pip install {package}"


# --- HEIC -----------------------------------------------------------------------------------------------------------


@needs_heif
def test_heic_is_read_and_nothing_is_registered_with_pillow() -> None:
    found = read(heic())
    assert (found.mode, found.pixels.shape, found.notes) == ("RGB", (48, 64, 3), ())
    assert psnr(PHOTO, found.pixels) > 30
    assert "HEIF" not in PIL.Image.OPEN


@needs_heif
def test_the_orientation_of_heic_is_in_the_pixels() -> None:
    """Its own box turns the picture; Exif that said so again would turn it twice."""
    exif = b"Exif\0\0" + pictures.exif(6)
    found = read(heic(exif=exif))
    assert found.pixels.shape == (64, 48, 3)
    assert oriented(found.metadata) == 1
    assert psnr(np.rot90(PHOTO, -1), found.pixels) > 30


@needs_heif
def test_deep_heic_is_refused_without_depth() -> None:
    deep = heic(PHOTO.astype(np.uint16) * 257, "RGB;16")
    with pytest.raises(EncodeError, match="10 bits per sample") as refused:
        read(deep)
    assert refused.value.hint == "--depth 8 allows it"
    found = read(deep, depth=8)
    assert found.notes == ("10 bits per sample were reduced to 8",)
    assert psnr(PHOTO, found.pixels) > 30


@needs_heif
@pytest.mark.parametrize(("transfer", "noted"), [(13, False), (16, True), (18, True)])
def test_hdr_heic_is_noted(transfer: int, noted: bool) -> None:
    found = read(heic(color_primaries=9 if noted else 1, transfer_characteristics=transfer))
    assert [("its colour space" in note) for note in found.notes] == [True] * noted


@needs_heif
def test_several_pictures_in_heic_need_a_choice() -> None:
    import pillow_heif

    file = pillow_heif.HeifFile()
    for plane in (PHOTO, 255 - PHOTO):
        file.add_frombytes("RGB", (64, 48), plane.tobytes())
    out = io.BytesIO()
    file.save(out, quality=90)
    with pytest.raises(EncodeError, match="2 frames"):
        read(out.getvalue())
    assert psnr(255 - PHOTO, read(out.getvalue(), frame=1).pixels) > 30


@needs_heif
@pytest.mark.parametrize("kept", [0.3, 0.9])
def test_cut_heic_is_damaged(kept: float) -> None:
    whole = heic()
    with pytest.raises(CorruptFile):
        read(whole[: int(kept * len(whole))])


@needs_heif
def test_large_heic_is_refused_before_it_is_decoded() -> None:
    with pytest.raises(LimitExceeded):
        read(heic(), max_pixels=64 * 48 - 1)


# --- JPEG XL --------------------------------------------------------------------------------------------------------


@needs_jxl
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_lossless_jxl_is_read_exactly(mode: str) -> None:
    pixels = pictures.photograph(48, 64, {"L": 1, "RGB": 3, "RGBA": 4}[mode])
    found = read(jxl(pixels, mode))
    assert found.mode == mode
    both = found.pixels if found.alpha is None else np.dstack([found.pixels, found.alpha])
    assert np.array_equal(both, pixels)
    assert found.metadata.icc is not None


@needs_jxl
def test_metadata_of_jxl_are_kept_and_its_codestream_says_how_it_is_turned() -> None:
    found = read(jxl(exif=pictures.exif(6), xmp=pictures.XMP))
    assert (found.metadata.exif, found.metadata.xmp) == (pictures.exif(1), pictures.XMP)
    assert np.array_equal(found.pixels, PHOTO)


@needs_jxl
def test_deep_gray_jxl_is_kept() -> None:
    deep = pictures.photograph(48, 64, 1).astype(np.uint16) * 257 + 3
    found = read(jxl(deep, "I;16"))
    assert found.depth == 16
    assert np.array_equal(found.pixels, deep)


@needs_jxl
def test_a_jpeg_within_jxl_is_that_jpeg() -> None:
    from pillow_jxl import Encoder

    exif = b"Exif\0\0" + pictures.exif(6)
    file = pictures.file_of(PHOTO, "JPEG", quality=90, exif=exif, xmp=pictures.XMP, extra=as_segment(pictures.IPTC))
    encoder = Encoder(mode="RGB", lossless=True, quality=100)
    found, plain = read(bytes(encoder(file, 64, 48, jpeg_encode=True))), read(file)
    assert np.array_equal(found.pixels, plain.pixels)
    assert found.metadata == plain.metadata
    assert (oriented(found.metadata), found.metadata.iptc, found.notes) == (6, pictures.IPTC, ())


@needs_jxl
def test_large_jxl_is_refused_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    import pillow_jxl

    file = jxl()
    monkeypatch.setattr(pillow_jxl, "Decoder", None)
    with pytest.raises(LimitExceeded):
        read(file, max_pixels=64 * 48 - 1)


@needs_jxl
@pytest.mark.parametrize("kept", [3, 60])
def test_cut_jxl_is_damaged(kept: int) -> None:
    with pytest.raises(CorruptFile):
        read(jxl()[:kept])


@pytest.mark.parametrize(("transfer", "hdr"), [(13, False), (16, True), (18, True)])
def test_an_hdr_profile_is_told_by_its_code_points(transfer: int, hdr: bool) -> None:
    assert hdr_profile(b"profile cicp\0\0\0\0" + bytes([9, transfer, 0, 1])) == hdr
    assert not hdr_profile(pictures.icc())


def codestream(*fields: tuple[int, int]) -> bytes:
    """The beginning of a codestream: values and their numbers of bits, the lowest bit first."""
    value = n_bits = 0
    for field, width in fields:
        value, n_bits = value | field << n_bits, n_bits + width
    return b"\xff\x0a" + value.to_bytes(n_bits // 8 + 1, "little") + bytes(8)


SMALL = ((1, 1), (5, 5), (3, 3))
"""Of 48 rows, in eighths, and four columns to three rows (ISO/IEC 18181-1, D.2)."""


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ((*SMALL, (1, 1)), (64, 48, 8, 1, False)),
        (((0, 1), (1, 2), (1999, 13), (0, 3), (1, 2), (2999, 13), (1, 1)), (3000, 2000, 8, 1, False)),
        ((*SMALL, (0, 1), (0, 1), (0, 1), (1, 2)), (64, 48, 10, 1, False)),
        ((*SMALL, (0, 1), (0, 1), (0, 1), (3, 2), (15, 6)), (64, 48, 16, 1, False)),
        ((*SMALL, (0, 1), (0, 1), (1, 1), (1, 2)), (64, 48, 16, 1, False)),
        ((*SMALL, (0, 1), (1, 1), (5, 3), (0, 3), (0, 1), (0, 2)), (64, 48, 8, 6, False)),
        ((*SMALL, (0, 1), (1, 1), (0, 3), (0, 2), (1, 1)), (64, 48, 8, 1, True)),
        ((*SMALL, (0, 1), (1, 1), (0, 3), (1, 1), *SMALL, (0, 2), (0, 1), (2, 2)), (64, 48, 12, 1, False)),
    ],
)
def test_the_header_of_jxl_is_read_as_the_standard_has_it(
    fields: tuple[tuple[int, int], ...], expected: tuple[object, ...]
) -> None:
    assert header(codestream(*fields)) == expected


def test_an_animated_jxl_needs_a_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(EXTRAS, "JPEG XL", Extra("sys", "pillow-jxl-plugin", frozenset({".jxl"})))
    assert "sys" in sys.modules
    with pytest.raises(EncodeError, match="animation") as refused:
        read(codestream(*SMALL, (0, 1), (1, 1), (0, 3), (0, 2), (1, 1)))
    assert refused.value.hint == "--frame 0 takes the first"


def test_no_picture_needs_these_readers() -> None:
    assert isinstance(read(pictures.file_of(PHOTO, "PNG")), Picture)
