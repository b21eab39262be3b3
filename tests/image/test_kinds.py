"""Kinds of picture files, by content and by suffix."""

import struct

import pytest

from nncodec.image.kinds import EXTRAS, Extra, is_read, kind, kind_by_content
from tests import pictures


def ftyp(*brands: bytes) -> bytes:
    """The first box of a HEIF file; the first brand is the major one."""
    major, *others = brands
    content = major + bytes(4) + b"".join((major, *others))
    return struct.pack(">I4s", 8 + len(content), b"ftyp") + content


@pytest.mark.parametrize(
    ("pillow_format", "expected"),
    [
        ("JPEG", "JPEG"),
        ("PNG", "PNG"),
        ("GIF", "GIF"),
        ("WEBP", "WebP"),
        ("TIFF", "TIFF"),
        ("BMP", "BMP"),
        ("AVIF", "AVIF"),
        ("JPEG2000", "JPEG 2000"),
        ("PPM", "PPM"),
        ("QOI", "QOI"),
        ("DDS", "DDS"),
    ],
)
def test_pictures_that_are_read_are_told_by_their_content(pillow_format: str, expected: str) -> None:
    file = pictures.file_of(pictures.photograph(8, 8), pillow_format)
    assert kind_by_content(file) == expected
    assert is_read(expected)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (ftyp(b"heic", b"mif1"), "HEIC"),
        (ftyp(b"mif1", b"heic"), "HEIC"),
        (ftyp(b"mif1", b"avif"), "AVIF"),
        (ftyp(b"crx ", b"isom"), "camera raw"),
        (ftyp(b"isom", b"mp42"), None),
        (b"\xff\x0a\xcb", "JPEG XL"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
        (b"II*\0\x10\0\0\0CR\x02\0", "camera raw"),
        (b"FUJIFILMCCD-RAW 0201", "camera raw"),
        (b'<?xml version="1.0"?>\n<svg xmlns="x">', "SVG"),
        (b"\xef\xbb\xbf <svg>", "SVG"),
        (b"<!DOCTYPE html><html><body><svg>", None),
        (b'<?xml version="1.0"?><html><svg>', None),
        (b"%PDF-1.7", "PDF"),
        (b"%!PS-Adobe-3.0 EPSF-3.0", "PostScript"),
        (b"gimp xcf v011", "GIMP"),
        (b"BM is how this letter begins, and it is no picture", None),
        (b"P5 is a format of pictures", None),
        (b"a text", None),
        (b"", None),
    ],
)
def test_other_kinds_are_told_by_their_content(head: bytes, expected: str | None) -> None:
    assert kind_by_content(head) == expected


@pytest.mark.parametrize(
    ("head", "suffix", "expected"),
    [
        (b"II*\0\x08\0\0\0", ".nef", "camera raw"),
        (b"II*\0\x08\0\0\0", ".dat", "TIFF"),
        (b"\xff\xd8\xff\xe0", ".heic", "JPEG"),
        (b"anything", ".heic", "HEIC"),
        (b"\x1f\x8b", ".svgz", "SVG"),
        (b"anything", ".txt", None),
    ],
)
def test_content_comes_before_the_suffix_but_raw_files_may_be_tiff(
    head: bytes, suffix: str, expected: str | None
) -> None:
    assert kind(head, suffix) == expected


def test_kinds_with_readers_of_their_own_are_read_where_these_are(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, read in (("json", True), ("nncodec_no_such_module", False)):
        monkeypatch.setitem(EXTRAS, "HEIC", Extra(module, "pillow-heif", frozenset({".heic"})))
        assert is_read("HEIC") == read
    assert not is_read("camera raw")
