"""Dots per inch survive: in through Exif, out to where programs look for them."""

import io

import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL.TiffImagePlugin import IFDRational

from nncodec.image import Metadata, read, write
from nncodec.image.density import stated_density
from tests import pictures

STILL = PIL.Image.fromarray(pictures.photograph(20, 30))


@pytest.mark.parametrize("pillow_format", ["PNG", "JPEG", "TIFF", "BMP"])
@pytest.mark.parametrize("dots", [(300, 300), (144, 144), (204, 98), (72, 150)], ids=str)
def test_the_density_of_a_scan_becomes_exif(pillow_format: str, dots: tuple[int, int]) -> None:
    meta = read(pictures.file_of(STILL, pillow_format, dpi=dots)).metadata
    block = PIL.Image.Exif()
    block.load(b"Exif\0\0" + (meta.exif or b""))
    assert dict(block) == {0x011A: dots[0], 0x011B: dots[1], 0x0128: 2}
    assert stated_density(meta) == dots


@pytest.mark.parametrize("pillow_format", ["PNG", "JPEG", "BMP"])
@pytest.mark.parametrize("dots", [(72, 72), (96, 96), (1, 1)], ids=str)
def test_a_density_that_says_nothing_costs_nothing(pillow_format: str, dots: tuple[int, int]) -> None:
    assert read(pictures.file_of(STILL, pillow_format, dpi=dots)).metadata == Metadata()


def test_an_exif_block_stands_as_it_is_whatever_the_header_says() -> None:
    exif = b"Exif\0\0" + pictures.exif(6)
    meta = read(pictures.file_of(STILL, "PNG", dpi=(300, 300), exif=exif)).metadata
    assert (meta.exif, stated_density(meta)) == (pictures.exif(6), None)


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
