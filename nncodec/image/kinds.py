"""Kinds of picture files, told by their first bytes or their suffix: those that are read, and those that are not.

A folder run names what it leaves out by these. Standard library only.
"""

from dataclasses import dataclass
from importlib.util import find_spec

HEAD = 1024
"""Bytes from the start of a file that tell its kind."""


@dataclass(frozen=True)
class Extra:
    """A reader that is installed on demand."""

    module: str
    package: str
    suffixes: frozenset[str]

    @property
    def installed(self) -> bool:
        """True if the package is there."""
        return find_spec(self.module) is not None

    @property
    def hint(self) -> str:
        """The command that installs it."""
        return f"pip install {self.package}"


HEIC, JPEG_XL, RAW = "HEIC", "JPEG XL", "camera raw"
RAW_HINT = "develop it to PNG or TIFF first"
EXTRAS = {
    HEIC: Extra("pillow_heif", "pillow-heif", frozenset({".heic", ".heics", ".heif", ".heifs", ".hif"})),
    JPEG_XL: Extra("pillow_jxl", "pillow-jxl-plugin", frozenset({".jxl"})),
}

_READ = (
    ("JPEG", 0, b"\xff\xd8\xff"),
    ("PNG", 0, b"\x89PNG\r\n\x1a\n"),
    ("GIF", 0, b"GIF87a"),
    ("GIF", 0, b"GIF89a"),
    ("WebP", 8, b"WEBPVP8"),
    ("TIFF", 0, b"II*\0"),
    ("TIFF", 0, b"MM\0*"),
    ("TIFF", 0, b"II+\0"),
    ("TIFF", 0, b"MM\0+"),
    ("JPEG 2000", 0, b"\0\0\0\x0cjP  \r\n\x87\n"),
    ("JPEG 2000", 0, b"\xff\x4f\xff\x51"),
    ("PSD", 0, b"8BPS\0\1"),
    ("QOI", 0, b"qoif"),
    ("DDS", 0, b"DDS \x7c\0\0\0"),
    ("ICNS", 0, b"icns"),
)
_NOT_READ = (
    (RAW, 8, b"CR\x02"),
    (RAW, 6, b"HEAPCCDR"),
    (RAW, 4, b"ftypcrx "),
    (RAW, 0, b"FUJIFILMCCD-RAW"),
    (RAW, 0, b"IIRO"),
    (RAW, 0, b"IIRS"),
    (RAW, 0, b"MMOR"),
    (RAW, 0, b"IIU\0"),
    (RAW, 0, b"FOVb"),
    (RAW, 0, b"\0MRM"),
    ("PDF", 0, b"%PDF-"),
    ("PostScript", 0, b"%!PS"),
    ("PostScript", 0, b"\xc5\xd0\xd3\xc6"),
    ("WMF", 0, b"\xd7\xcd\xc6\x9a\0\0"),
    ("WMF", 40, b" EMF"),
    ("PSB", 0, b"8BPS\0\2"),
    ("GIMP", 0, b"gimp xcf"),
    ("OpenEXR", 0, b"v/1\1"),
    ("Radiance", 0, b"#?RADIANCE"),
    ("Radiance", 0, b"#?RGBE"),
    ("JPEG XR", 0, b"II\xbc\1"),
    ("BPG", 0, b"BPG\xfb"),
    ("FLIF", 0, b"FLIF"),
    ("MNG", 0, b"\x8aMNG\r\n\x1a\n"),
    ("DjVu", 0, b"AT&TFORM"),
    ("DICOM", 128, b"DICM"),
)
"""Signatures: kind, offset and bytes. Of two that fit, those not read come first."""

_SUFFIXES = {
    RAW: "3fr arw cr2 cr3 crw dcr dng erf fff iiq k25 kdc mef mos mrw nef nrw orf pef raf raw rw2 rwl sr2 srf srw x3f",
    "SVG": "svg svgz",
    "PDF": "pdf",
    "PostScript": "eps ps ai",
    "WMF": "wmf emf",
    "PSB": "psb",
    "GIMP": "xcf",
    "OpenEXR": "exr",
    "Radiance": "hdr",
    "JPEG XR": "jxr wdp hdp",
    "BPG": "bpg",
    "FLIF": "flif",
    "MNG": "mng",
    "DjVu": "djvu djv",
    "DICOM": "dcm",
    "Krita": "kra",
    "Affinity": "afphoto",
    "Paint.NET": "pdn",
}
_KIND_OF_SUFFIX = {f".{suffix}": kind for kind, suffixes in _SUFFIXES.items() for suffix in suffixes.split()}
_KIND_OF_SUFFIX |= {suffix: kind for kind, extra in EXTRAS.items() for suffix in extra.suffixes}

_HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"}
"""Brands of HEIF files (ISO/IEC 23008-12, annex B); the last two also of AVIF files."""
_BMP_HEADERS = {12, 40, 52, 56, 64, 108, 124}


def kind_by_content(head: bytes) -> str | None:
    """The kind of a file by its first :data:`HEAD` bytes, None for what is no picture or has no signature."""
    for kind, at, signature in _NOT_READ + _READ:
        if head.startswith(signature, at):
            return kind
    return _kind_of_boxes(head) or _kind_of_text(head) or ("BMP" if _is_bmp(head) else None)


def kind_by_suffix(suffix: str) -> str | None:
    """The kind that a suffix, lower case with the dot, stands for, of those that need a reader or have none."""
    return _KIND_OF_SUFFIX.get(suffix)


def kind(head: bytes, suffix: str) -> str | None:
    """The kind of a file by its content, else by its suffix. A raw file of a camera often is a TIFF."""
    told, named = kind_by_content(head), kind_by_suffix(suffix)
    return named if told is None or (told == "TIFF" and named == RAW) else told


def is_read(name: str) -> bool:
    """True for a kind of picture that this installation reads."""
    return EXTRAS[name].installed if name in EXTRAS else name in {*(kind for kind, _, _ in _READ), "AVIF", "BMP", "PPM"}


def optional_suffixes() -> frozenset[str]:
    """Suffixes of the kinds whose readers are installed on demand, and are."""
    return frozenset(suffix for extra in EXTRAS.values() if extra.installed for suffix in extra.suffixes)


def _kind_of_boxes(head: bytes) -> str | None:
    """HEIC, AVIF or JPEG XL."""
    if head.startswith((b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n")):
        return JPEG_XL
    if head[4:8] != b"ftyp":
        return None
    size = int.from_bytes(head[:4], "big")
    brands = {head[8:12], *(head[at : at + 4] for at in range(16, min(size, len(head)), 4))}
    if brands & {b"avif", b"avis"}:
        return "AVIF"
    return HEIC if brands & _HEIC_BRANDS else None


def _kind_of_text(head: bytes) -> str | None:
    """SVG, or a PNM picture."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    before, tag, _ = text.partition(b"<svg")
    if tag and (not before or (before.startswith((b"<?xml", b"<!--", b"<!DOCTYPE svg")) and b"<html" not in before)):
        return "SVG"
    is_pnm = head[:1] == b"P" and head[1:2] in b"123456" and head[2:3].isspace()
    return "PPM" if is_pnm and (head[3:4].isdigit() or head[3:4] == b"#") else None


def _is_bmp(head: bytes) -> bool:
    """Two letters are too few to tell a bitmap by: the length of its header is one of few."""
    return head.startswith(b"BM") and len(head) > 26 and int.from_bytes(head[14:18], "little") in _BMP_HEADERS
