"""Pictures in: every mode keeps what it has, and what cannot be kept is refused, never cut down silently."""

import io
import struct

import numpy as np
import PIL.Image
import pytest

from nncodec.errors import CorruptFile, EncodeError, LimitExceeded, NncError, UnsupportedFile
from nncodec.image import NOT_READ, Metadata, from_pillow, read, to_pillow
from tests import pictures

PHOTO = pictures.photograph(20, 30)
GRAY = pictures.photograph(20, 30, 1)
SOFT = pictures.transparency(20, 30)
STILL = PIL.Image.fromarray(PHOTO)


def bmp565() -> bytes:
    """A bitmap of 16 bits per *pixel*, 2 x 1: pure green and pure red."""
    fields = struct.pack("<IiiHHIIiiII", 40, 2, 1, 1, 16, 3, 4, 0, 0, 0, 0)
    body = fields + struct.pack("<3I", 0xF800, 0x07E0, 0x001F) + struct.pack("<2H", 0x07E0, 0xF800)
    return b"BM" + struct.pack("<IHHI", 14 + len(body), 0, 0, 14 + 52) + body


# --- modes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("still", "mode"),
    [
        (STILL, "RGB"),
        (PIL.Image.fromarray(GRAY), "L"),
        (PIL.Image.fromarray(np.dstack([GRAY, SOFT])), "LA"),
        (PIL.Image.fromarray(np.dstack([PHOTO, SOFT])), "RGBA"),
        (PIL.Image.fromarray(pictures.deep(20, 30)), "I;16"),
    ],
    ids=["RGB", "L", "LA", "RGBA", "I;16"],
)
def test_png_comes_in_exactly(still: PIL.Image.Image, mode: str) -> None:
    picture = read(pictures.file_of(still, "PNG"))
    assert picture.mode == mode
    assert np.array_equal(np.asarray(to_pillow(picture)), np.asarray(still))
    assert picture.pixels.flags.c_contiguous
    assert picture.notes == ()


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("1", "L"),
        ("L", "L"),
        ("P", "RGB"),
        ("RGB", "RGB"),
        ("RGBX", "RGB"),
        ("YCbCr", "RGB"),
        ("CMYK", "RGB"),
        ("LA", "LA"),
        ("La", "LA"),
        ("PA", "RGBA"),
        ("RGBA", "RGBA"),
        ("RGBa", "RGBA"),
    ],
)
def test_modes_of_pillow(mode: str, expected: str) -> None:
    through = {"La": "LA", "RGBa": "RGBA", "PA": "P"}.get(mode)
    still = (STILL.convert(through) if through else STILL).convert(mode)
    picture = from_pillow(still)
    assert picture.mode == expected
    reference = np.asarray(still.convert(expected))
    assert np.array_equal(np.asarray(to_pillow(picture)), reference)


@pytest.mark.parametrize("mode", ["I", "F", "HSV", "LAB"])
def test_modes_that_cannot_be_kept_are_refused(mode: str) -> None:
    still = PIL.Image.fromarray(PHOTO, "LAB") if mode == "LAB" else STILL.convert(mode)
    with pytest.raises(EncodeError, match=f"mode {mode} cannot be kept"):
        from_pillow(still)


@pytest.mark.parametrize(("mode", "colour"), [("L", 90), ("RGB", (1, 2, 3)), ("P", 3), ("1", 0)])
def test_a_transparent_colour_becomes_alpha(mode: str, colour: object) -> None:
    still = STILL.convert(mode)
    picture = read(pictures.file_of(still, "PNG", transparency=colour))
    expected = PIL.Image.open(io.BytesIO(pictures.file_of(still, "PNG", transparency=colour))).convert("RGBA")
    assert picture.alpha is not None
    assert np.array_equal(picture.alpha, np.asarray(expected)[:, :, 3])
    assert picture.mode == ("LA" if mode in "L1" else "RGBA")


def test_cmyk_is_converted_and_said_so() -> None:
    cmyk = PIL.Image.fromarray(np.dstack([PHOTO, GRAY // 2]), "CMYK")
    for data in (pictures.file_of(cmyk, "JPEG"), pictures.file_of(cmyk, "TIFF", icc_profile=b"unusable")):
        picture = read(data)
        assert picture.mode == "RGB"
        assert picture.notes == ("CMYK was converted to RGB",)
        assert picture.metadata.icc is None  # it would describe inks, not the RGB that is kept


def test_a_bitmap_of_16_bits_per_pixel_has_8_per_sample() -> None:
    assert read(bmp565()).pixels.tolist() == [[[0, 255, 0], [255, 0, 0]]]


# --- frames ---------------------------------------------------------------------------------------------------------

FRAMES = [PIL.Image.fromarray(pictures.flat(8, 8, value=value)) for value in (10, 120, 250)]


@pytest.mark.parametrize("pillow_format", ["GIF", "PNG", "WEBP", "TIFF", "AVIF"])
def test_animations_are_refused_unless_a_frame_is_named(pillow_format: str) -> None:
    data = pictures.file_of(FRAMES[0], pillow_format, save_all=True, append_images=FRAMES[1:])
    with pytest.raises(EncodeError, match="3 frames") as caught:
        read(data)
    assert caught.value.hint == "--frame 0 takes the first"
    for index, level in enumerate((10, 120, 250)):
        assert abs(read(data, frame=index).pixels.astype(int) - level).max() <= 4
    with pytest.raises(EncodeError, match="there is no frame 3"):
        read(data, frame=3)


def test_the_first_picture_of_an_mpo_is_the_photograph() -> None:
    data = pictures.file_of(FRAMES[0], "MPO", save_all=True, append_images=FRAMES[1:2])
    picture = read(data)
    assert picture.notes == ("only the first of 2 pictures in the MPO file is kept",)
    assert abs(picture.pixels.astype(int) - 10).max() <= 2


# --- metadata -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pillow_format", ["PNG", "JPEG", "WEBP"])
def test_metadata_come_in_byte_for_byte(pillow_format: str) -> None:
    parameters: dict[str, object] = {"icc_profile": pictures.icc(), "exif": b"Exif\0\0" + pictures.exif(6)}
    if pillow_format == "PNG":
        chunks = PIL.PngImagePlugin.PngInfo()
        chunks.add_itxt("XML:com.adobe.xmp", pictures.XMP.decode())
        parameters["pnginfo"] = chunks
    else:
        parameters["xmp"] = pictures.XMP
    found = read(pictures.file_of(STILL, pillow_format, **parameters)).metadata
    assert (found.icc, found.exif, found.xmp) == (pictures.icc(), pictures.exif(6), pictures.XMP)


def test_exif_that_is_no_exif_is_carried_all_the_same() -> None:
    assert read(pictures.file_of(STILL, "PNG", exif=b"not Exif at all")).metadata.exif == b"not Exif at all"


def test_exif_in_a_text_chunk_of_imagemagick() -> None:
    chunks = PIL.PngImagePlugin.PngInfo()
    digits = (b"Exif\0\0" + pictures.exif(3)).hex()
    chunks.add_text("Raw profile type exif", f"\nexif\n{len(digits) // 2:8}\n{digits[:72]}\n{digits[72:]}\n")
    assert read(pictures.file_of(STILL, "PNG", pnginfo=chunks)).metadata.exif == pictures.exif(3)


def test_tiff_tags_that_describe_the_picture_become_exif() -> None:
    tags = PIL.Image.Exif()
    tags[0x010F], tags[0x0131] = "maker", "software"
    found = read(pictures.file_of(STILL, "TIFF", exif=tags)).metadata.exif
    block = PIL.Image.Exif()
    block.load(b"Exif\0\0" + (found or b""))
    assert dict(block) == {0x010F: "maker", 0x0131: "software"}


def test_no_metadata_is_none_and_not_empty() -> None:
    for pillow_format in ("PNG", "JPEG", "WEBP", "TIFF", "BMP"):
        assert read(pictures.file_of(STILL, pillow_format)).metadata == Metadata()


# --- what is refused ------------------------------------------------------------------------------------------------


def test_a_picture_over_the_limit_is_refused_before_it_is_decoded() -> None:
    bomb = b"GIF89a" + struct.pack("<HH", 65535, 65535) + bytes(3) + b"," + struct.pack("<4H", 0, 0, 65535, 65535)
    with pytest.raises(LimitExceeded):
        read(bomb + b"\0\2\2D\1\0;")
    with pytest.raises(LimitExceeded):
        read(pictures.file_of(STILL, "PNG"), max_pixels=20 * 30 - 1)
    assert read(pictures.file_of(STILL, "PNG"), max_pixels=20 * 30).width == 30


@pytest.mark.parametrize("pillow_format", ["PNG", "JPEG", "WEBP", "GIF", "TIFF", "BMP", "AVIF", "JPEG2000"])
def test_a_cut_file_gives_our_error(pillow_format: str) -> None:
    """A picture that is only half there must not come in as a picture that is half gray."""
    data = pictures.file_of(STILL, pillow_format)
    with pytest.raises((CorruptFile, UnsupportedFile)):
        read(data[: len(data) * 2 // 3])


@pytest.mark.parametrize("pillow_format", ["PNG", "JPEG", "GIF", "TIFF"])
def test_a_file_that_only_begins_like_a_picture_is_named(pillow_format: str) -> None:
    """12-bit JPEG and floating point TIFF are such files, to Pillow."""
    with pytest.raises(UnsupportedFile, match=f"this {pillow_format} file cannot be read"):
        read(pictures.file_of(STILL, pillow_format)[:8] + bytes(100))


def test_programs_are_not_run() -> None:
    """Pillow hands EPS to Ghostscript, with everything that may go wrong there."""
    with pytest.raises(UnsupportedFile, match="EPS is not read"):
        read(pictures.file_of(STILL, "EPS"))
    assert "WMF" in NOT_READ


@pytest.mark.parametrize("data", [b"", b"x", b"hello", bytes(1000), b"P6\n", b"\xff\xd8\xff"])
def test_what_is_no_picture_gives_our_error(data: bytes) -> None:
    with pytest.raises((CorruptFile, UnsupportedFile)):
        read(data)


def test_damaged_sources_give_only_our_errors() -> None:
    rng = np.random.default_rng(5)
    formats = (
        "PNG",
        "JPEG",
        "WEBP",
        "GIF",
        "TIFF",
        "BMP",
        "TGA",
        "PPM",
        "JPEG2000",
        "AVIF",
        "ICO",
        "PCX",
        "SGI",
        "QOI",
    )
    for pillow_format in formats:
        data = pictures.file_of(STILL, pillow_format)
        for _ in range(30):
            damaged = bytearray(data)
            for at in rng.integers(0, min(len(data), 200), 3):
                damaged[at] = rng.integers(0, 256)
            try:
                read(bytes(damaged), max_pixels=10**6)
            except NncError:
                continue
