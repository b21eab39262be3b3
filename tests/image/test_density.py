"""Dots per inch survive: in through Exif, out to where programs look for them."""

import io
import struct

import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL.TiffImagePlugin import IFDRational

from nncodec.image import Metadata, read, write
from nncodec.image.density import stated_density
from tests import pictures
from tests.image.png_chunks import chunk

STILL = PIL.Image.fromarray(pictures.photograph(20, 30))


def tiff(order: str, *entries: tuple[int, int, int, int], more: bytes = b"") -> bytes:
    """An Exif block of a directory at byte 8 with entries (tag, type, count, value), and of bytes behind it."""
    start = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(order + "IH", 8, len(entries))
    return start + b"".join(struct.pack(order + "HHII", *entry) for entry in entries) + bytes(4) + more


def exif_of(block: bytes) -> PIL.Image.Exif:
    """A block as Pillow reads it."""
    exif = PIL.Image.Exif()
    exif.load(b"Exif\0\0" + block)
    return exif


@pytest.mark.parametrize("pillow_format", ["PNG", "JPEG", "TIFF", "BMP"])
@pytest.mark.parametrize("dots", [(300, 300), (144, 144), (204, 98), (72, 150)], ids=str)
def test_the_density_of_a_scan_becomes_exif(pillow_format: str, dots: tuple[int, int]) -> None:
    meta = read(pictures.file_of(STILL, pillow_format, dpi=dots)).metadata
    assert dict(exif_of(meta.exif or b"")) == {0x011A: dots[0], 0x011B: dots[1], 0x0128: 2}
    assert stated_density(meta) == dots


@pytest.mark.parametrize("pillow_format", ["PNG", "JPEG", "BMP"])
@pytest.mark.parametrize("dots", [(72, 72), (96, 96), (1, 1)], ids=str)
def test_a_density_that_says_nothing_costs_nothing(pillow_format: str, dots: tuple[int, int]) -> None:
    assert read(pictures.file_of(STILL, pillow_format, dpi=dots)).metadata == Metadata()


@pytest.mark.parametrize("pillow_format", ["PNG", "JPEG"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_a_density_joins_an_exif_block_that_states_none(pillow_format: str, order: str) -> None:
    """All that was there stays where it was, but for the offset of the first directory."""
    block = tiff(order, (0x010F, 2, 10, 38), (0x0112, 3, 1, 6 if order == "<" else 6 << 16), more=b"nnc tests\0odd")
    picture = read(pictures.file_of(STILL, pillow_format, dpi=(300, 150), exif=b"Exif\0\0" + block))
    found = picture.metadata.exif or b""
    assert found[8 : len(block)] == block[8:]
    assert dict(exif_of(found)) == {0x010F: "nnc tests", 0x0112: 6, 0x011A: 300, 0x011B: 150, 0x0128: 2}
    assert picture.notes == ()


def test_a_resolution_in_exif_stands_whatever_the_header_says() -> None:
    exif = PIL.Image.Exif()
    exif[0x011A] = exif[0x011B] = IFDRational(200)
    picture = read(pictures.file_of(STILL, "PNG", dpi=(300, 300), exif=exif))
    assert picture.metadata.exif == exif.tobytes().removeprefix(b"Exif\0\0")
    assert picture.notes == ()


@pytest.mark.parametrize("block", [b"not Exif at all", b"II*\0\xff\0\0\0", b"II*\0\x08\0\0\0\xff\xff"])
def test_a_density_that_no_exif_can_take_is_noted(block: bytes) -> None:
    picture = read(pictures.file_of(STILL, "PNG", dpi=(300, 300), exif=block))
    assert picture.metadata.exif == block
    assert picture.notes == ("its 300 x 300 dots per inch are dropped: its Exif block cannot take them",)


def test_exif_does_not_grow_beyond_what_a_jpeg_file_holds() -> None:
    block = tiff("<", (0x010F, 2, 10, 26), more=bytes(65_490))
    picture = read(pictures.file_of(STILL, "PNG", dpi=(300, 300), exif=b"Exif\0\0" + block))
    assert picture.metadata.exif == block
    assert len(picture.notes) == 1


@pytest.mark.parametrize(("across", "down", "noted"), [(2, 1, True), (10, 11, True), (1, 1, False), (0, 1, False)])
@pytest.mark.parametrize("pillow_format", ["PNG", "JPEG"])
def test_pixels_that_are_not_square_are_noted(pillow_format: str, across: int, down: int, noted: bool) -> None:
    """Unit 0 of pHYs (PNG, third edition, 11.3.4.3) and of the JFIF header is none: only the ratio counts."""
    if pillow_format == "PNG":
        data = pictures.file_of(STILL, "PNG")
        data = data[:33] + chunk(b"pHYs", struct.pack(">IIB", across, down, 0)) + data[33:]
    else:
        plain = pictures.file_of(STILL, "JPEG")
        data = plain[:13] + struct.pack(">BHH", 0, across, down) + plain[18:]
    stated = (
        f"its pixels are not square ({across} across, {down} down to the same length): they will be taken for square"
    )
    assert read(data).notes == ((stated,) if noted else ())


@pytest.mark.parametrize(
    ("stated", "dots"),
    [(300.4, 300.4), (299.9994, 300), (300.013, 300.01), (2, 2), (1.98, None), (65_535, 65_535), (65_536, None)],
)
def test_densities_are_rounded_to_a_hundredth_and_must_be_plausible(stated: float, dots: float | None) -> None:
    """PNG holds whole dots per metre, which are up to 0.0127 dots per inch beside the whole number that was meant."""
    exif = PIL.Image.Exif()
    exif[0x011A] = exif[0x011B] = IFDRational(round(stated * 10_000), 10_000)
    meta = Metadata(exif=exif.tobytes().removeprefix(b"Exif\0\0"))
    assert stated_density(meta) == (None if dots is None else pytest.approx((dots, dots), abs=1e-9))


@given(st.binary(max_size=60), st.sampled_from([b"", b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08"]))
def test_any_exif_states_a_density_or_none(data: bytes, start: bytes) -> None:
    found = stated_density(Metadata(exif=start + data))
    assert found is None or all(2 <= dots <= 65_535 for dots in found)


@pytest.mark.parametrize("pillow_format", ["PNG", "JPEG", "TIFF", "BMP"])
def test_the_density_in_exif_goes_where_programs_look_for_it(pillow_format: str) -> None:
    exif = PIL.Image.Exif()
    exif[0x011A], exif[0x011B], exif[0x0128] = IFDRational(120), IFDRational(59), 3  # per centimetre
    meta = Metadata(exif=exif.tobytes().removeprefix(b"Exif\0\0"))
    data, _ = write(pictures.picture("RGB", meta=meta), pillow_format)
    with PIL.Image.open(io.BytesIO(data)) as still:
        assert [round(float(dots)) for dots in still.info["dpi"]] == [305, 150]
