"""``--keep-jpeg``: the file inside is the file that went in, and everything is read from it."""

import io

import numpy as np
import PIL.Image
import pytest

from nncodec.codec import Options
from nncodec.codecs import by_name
from nncodec.container import Container, Header, Kind, Section, parse, serialize
from nncodec.errors import CorruptFile, EncodeError, LimitExceeded
from nncodec.image import read
from nncodec.image.jpeg_limits import MAX_SCANS
from nncodec.pipeline import Settings, decode, encode, keep_file, original
from tests import pictures

PHOTO = pictures.photograph(40, 56)
EXIF = b"Exif\0\0" + pictures.exif(6)


def cmyk(**parameters: object) -> bytes:
    """A JPEG of four components."""
    still = PIL.Image.fromarray(np.dstack([PHOTO, PHOTO[:, :, 0] // 2]), "CMYK")
    return pictures.file_of(still, "JPEG", **parameters)


JPEGS = {
    "plain": pictures.file_of(PHOTO, "JPEG"),
    "progressive": pictures.file_of(PHOTO, "JPEG", progressive=True),
    "gray": pictures.file_of(PHOTO[:, :, 0], "JPEG"),
    "with everything": pictures.file_of(PHOTO, "JPEG", exif=EXIF, icc_profile=pictures.icc(), xmp=pictures.XMP),
    "cmyk": cmyk(),
    "cmyk with a profile of something else": cmyk(icc_profile=pictures.icc()),
    "with an epilogue": pictures.file_of(PHOTO, "JPEG") + b"\xff\xda" * 1000,
}


def kept(jpeg: bytes) -> bytes:
    """A file that keeps a JPEG as it is."""
    return keep_file(jpeg, Settings(), plain=True).data


@pytest.fixture(params=JPEGS.values(), ids=JPEGS.keys())
def jpeg(request: pytest.FixtureRequest) -> bytes:
    """Each of the JPEG files above."""
    data: bytes = request.param
    return data


def test_the_file_comes_back_bit_for_bit(jpeg: bytes) -> None:
    assert original(kept(jpeg)) == (jpeg, ".jpg")


def test_it_decodes_as_the_file_itself_does(jpeg: bytes) -> None:
    found, read_directly = decode(kept(jpeg)), read(jpeg)
    assert np.array_equal(found.picture.pixels, read_directly.pixels)
    assert found.metadata == read_directly.metadata


def test_it_costs_at_most_20_bytes(jpeg: bytes) -> None:
    assert len(kept(jpeg)) - len(jpeg) <= 20


def test_metadata_are_read_from_the_kept_file() -> None:
    found = decode(kept(JPEGS["with everything"])).metadata
    assert (found.icc, found.exif, found.xmp) == (pictures.icc(), pictures.exif(6), pictures.XMP)


def test_a_section_overrides_the_kept_files_own_metadata() -> None:
    container = parse(kept(JPEGS["with everything"]))
    data = serialize(Container(container.header, (*container.sections, Section(Kind.XMP, b"<new/>"))))
    found = decode(data).metadata
    assert (found.exif, found.xmp) == (pictures.exif(6), b"<new/>")


@pytest.mark.parametrize(
    "data",
    [b"", b"\xff\xd8", b"\xff\xd8\xff\xe0 not really", pictures.file_of(PHOTO, "PNG"), JPEGS["plain"][:-300]],
    ids=["nothing", "two bytes", "nonsense", "png", "cut"],
)
def test_only_whole_jpegs_are_kept(data: bytes) -> None:
    with pytest.raises((EncodeError, CorruptFile)):
        keep_file(data, Settings())


def test_the_pixel_limit_holds_for_kept_files() -> None:
    with pytest.raises(LimitExceeded):
        keep_file(JPEGS["plain"], Settings(max_pixels=40 * 56 - 1))


def test_pixels_cannot_be_encoded_with_it() -> None:
    with pytest.raises(EncodeError, match="keeps existing JPEG files"):
        by_name("jpegfile").encode(PHOTO, Options())


def test_other_codecs_hold_no_original() -> None:
    with pytest.raises(EncodeError, match="a jpeg file holds no original"):
        original(encode(pictures.picture("RGB"), Settings("jpeg")).data)


@pytest.mark.parametrize(
    "header",
    [Header(2, 56, 40, colour=False), Header(2, 57, 40, colour=True), Header(2, 40, 56, colour=True)],
    ids=["gray", "wider", "turned"],
)
def test_a_header_that_disagrees_is_refused(header: Header) -> None:
    data = serialize(Container(header, (Section(Kind.PAYLOAD, JPEGS["plain"]),)))
    with pytest.raises(CorruptFile):
        decode(data)


def test_a_jpeg_of_countless_scans_is_refused() -> None:
    """Every scan is 34 bytes of file and one walk over all pixels: 1 MB would take a quarter of an hour."""
    jpeg = pictures.file_of(pictures.flat(64, 64, 1), "JPEG", progressive=True)
    second = jpeg.index(b"\xff\xda", jpeg.index(b"\xff\xda") + 2)
    table, end = jpeg.rindex(b"\xff\xc4", 0, second), jpeg.index(b"\xff\xc4", second)
    scan = jpeg[table:end]
    bearable, bomb = (jpeg[:-2] + scan * n + jpeg[-2:] for n in (MAX_SCANS // 2, MAX_SCANS))
    assert PIL.Image.open(io.BytesIO(bearable)).size == (64, 64)
    assert decode(kept(bearable)).pixels.shape == (64, 64)
    with pytest.raises(LimitExceeded, match="scans"):
        keep_file(bomb, Settings())
    with pytest.raises(LimitExceeded, match="scans"):
        read(bomb)
