"""Profiles and text of PNG: of any size up to the format's, from chunks and from ImageMagick's digits."""

import zlib

import numpy as np
import pytest

from nncodec.errors import LimitExceeded
from nncodec.image import Metadata, read, write
from tests import pictures
from tests.image.png_chunks import chunk

PIXELS = pictures.photograph(12, 16)
PLAIN = pictures.file_of(PIXELS, "PNG")


def png_with(*chunks: bytes, last: bool = False) -> bytes:
    """A PNG with chunks before its pixels, or after them."""
    at = PLAIN.index(b"IEND" if last else b"IDAT") - 4
    return PLAIN[:at] + b"".join(chunks) + PLAIN[at:]


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_png_that_is_written_with_large_metadata_is_read_again(mode: str) -> None:
    meta = Metadata(icc=bytes(3 * 2**20), exif=pictures.exif(1, "x" * 2**21), xmp=b"x" * 3 * 2**20)
    data, notes = write(pictures.picture(mode, meta=meta))
    assert notes == ()
    assert read(data).metadata == meta


@pytest.mark.parametrize("kind", [b"tEXt", b"zTXt"])
@pytest.mark.parametrize("name", [b"xmp", b"APP1", b"exif", b"icc"])
def test_metadata_in_digits_are_read(kind: bytes, name: bytes) -> None:
    block = {b"xmp": pictures.XMP, b"exif": pictures.exif(), b"icc": pictures.icc()}.get(name)
    stored = b"http://ns.adobe.com/xap/1.0/\0" + pictures.XMP if block is None else block
    text = b"\n" + name + b"\n%8d\n" % len(stored) + stored.hex().encode() + b"\n"
    packed = b"\0" + zlib.compress(text) if kind == b"zTXt" else text
    found = read(png_with(chunk(kind, b"Raw profile type " + name + b"\0" + packed)))
    field = {b"xmp": "xmp", b"APP1": "xmp", b"exif": "exif", b"icc": "icc"}[name]
    assert found.metadata == Metadata(**{field: block or pictures.XMP})
    assert found.notes == ()


@pytest.mark.parametrize("last", [False, True])
def test_text_is_left_out_with_a_note_that_names_it(last: bool) -> None:
    large = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(2**21)))
    international = chunk(b"iTXt", b"Title\0\0\0de\0Titel\0M\xc3\xbcll")
    found = read(png_with(chunk(b"tEXt", b"Author\0me"), large, international, last=last))
    assert found.notes == ("its text (Author, Comment, Title) is dropped",)
    assert np.array_equal(found.pixels, PIXELS)


def test_iptc_in_digits_is_read() -> None:
    resource = b"8BIM\x04\x04\0\0" + len(pictures.IPTC).to_bytes(4, "big") + pictures.IPTC
    for stored in (pictures.IPTC, resource):
        text = b"\niptc\n%8d\n" % len(stored) + stored.hex().encode()
        found = read(png_with(chunk(b"tEXt", b"Raw profile type iptc\0" + text)))
        assert (found.metadata, found.notes) == (Metadata(iptc=pictures.IPTC), ())


def test_iptc_that_cannot_be_read_is_noted() -> None:
    found = read(png_with(chunk(b"tEXt", b"Raw profile type iptc\0\niptc\n  2\nffff\n")))
    assert found.notes == ("its text (Raw profile type iptc) is dropped",)


@pytest.mark.parametrize(
    "damaged",
    [
        chunk(b"tEXt", b"Author\0me")[:-1] + b"?",
        chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0"),
        chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0not packed"),
    ],
)
def test_damaged_text_is_noted_and_the_picture_read(damaged: bytes) -> None:
    found = read(png_with(damaged))
    assert found.notes == ("1 damaged text chunks are dropped",)
    assert np.array_equal(found.pixels, PIXELS)


@pytest.mark.parametrize("kind", [b"iCCP", b"iTXt"])
def test_metadata_that_inflate_beyond_the_limit_are_refused(kind: bytes) -> None:
    start = b"profile\0\0" if kind == b"iCCP" else b"XML:com.adobe.xmp\0\1\0\0\0"
    with pytest.raises(LimitExceeded, match="more than 16777216 bytes"):
        read(png_with(chunk(kind, start + zlib.compress(bytes(2**24 + 1)))))


def test_many_chunks_that_inflate_are_refused() -> None:
    bomb = chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(bytes(2**24)))
    assert read(png_with(*[bomb] * 4)).metadata.xmp == bytes(2**24)
    with pytest.raises(LimitExceeded, match="text of more than 67108864 bytes"):
        read(png_with(*[bomb] * 5))
