"""Metadata put into coded files of ordinary formats, whose samples stay as they are."""

import struct
from collections.abc import Iterator
from dataclasses import replace

from nncodec.errors import CorruptFile
from nncodec.image.iptc import MAX_IN_SEGMENT, as_segment
from nncodec.image.jpeg_markers import JPEG_SIGNATURE
from nncodec.image.picture import Metadata
from nncodec.image.xmp import MAX_STANDARD, extended_segments

MAX_EXIF_JPEG = 65_527
"""Bytes of Exif that a segment holds (Exif 2.32, 4.7.2)."""
_ICC_PIECE = 65_519
MAX_ICC_JPEG = 255 * _ICC_PIECE
"""Bytes of a profile in 255 segments (ICC.1:2022, B.4)."""
_JFIF = bytes.fromhex("ffe0 0010 4a46494600 0101 00 0001 0001 00 00")
"""The segment that states YCbCr and square pixels (ITU-T T.871, 10.1)."""
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_SPACE = slice(16, 20)
"""Colour space in the header of a profile (ICC.1:2022, 7.2)."""
_HAS_ICC, _HAS_EXIF, _HAS_XMP = 0x20, 0x08, 0x04
"""Flags of the chunk VP8X (RFC 9649, 2.7)."""

Notes = tuple[str, ...]


def jpeg_with(file: bytes, metadata: Metadata) -> tuple[bytes, Notes]:
    """A JPEG file with a JFIF segment and metadata in segments of their own, and notes on what it does not carry.

    Raises CorruptFile if ``file`` is no JPEG.
    """
    if not file.startswith(JPEG_SIGNATURE):
        raise CorruptFile("the payload is no JPEG file")
    segments, notes = list[bytes](), list[str]()
    for name, found in _jpeg_segments(metadata):
        if found is None:
            notes.append(f"its {name} is too large for a JPEG, and not in the file")
        else:
            segments.append(found)
    jfif = b"" if file.startswith(_JFIF[:4], 2) else _JFIF
    return b"".join((file[:2], jfif, *segments, file[2:])), tuple(notes)


def _jpeg_segments(metadata: Metadata) -> Iterator[tuple[str, bytes | None]]:
    """The segments of each kind of metadata; None for what is too large."""
    if metadata.exif is not None:
        fits = len(metadata.exif) <= MAX_EXIF_JPEG
        yield "Exif", _segment(0xE1, b"Exif\0\0" + metadata.exif) if fits else None
    if metadata.xmp is not None:
        fits = len(metadata.xmp) <= MAX_STANDARD
        yield "XMP", _segment(0xE1, _XMP + metadata.xmp) if fits else extended_segments(metadata.xmp)
    if metadata.icc is not None:
        fits = len(metadata.icc) <= MAX_ICC_JPEG
        yield "colour profile", b"".join(_icc_segments(metadata.icc)) if fits else None
    if metadata.iptc is not None:
        fits = len(metadata.iptc) <= MAX_IN_SEGMENT
        yield "IPTC", as_segment(metadata.iptc) if fits else None


def _icc_segments(icc: bytes) -> Iterator[bytes]:
    """A profile in segments that are numbered from 1 (ICC.1:2022, B.4)."""
    pieces = [icc[at : at + _ICC_PIECE] for at in range(0, len(icc), _ICC_PIECE)]
    for number, piece in enumerate(pieces, 1):
        yield _segment(0xE2, b"ICC_PROFILE\0" + bytes((number, len(pieces))) + piece)


def _segment(marker: int, content: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, 2 + len(content)) + content


def webp_with(file: bytes, width: int, height: int, metadata: Metadata) -> tuple[bytes, Notes]:
    """A WebP file with ICC, Exif and XMP in chunks of their own (RFC 9649, 2.7), and notes on what it does not carry.

    ``file`` has a picture of this size, without alpha, in a single chunk; CorruptFile if it has not.
    """
    notes = no_iptc("WebP", metadata)
    if metadata.icc is not None and metadata.icc[_SPACE] == b"GRAY":
        metadata = replace(metadata, icc=None)
        notes += ("its colour profile is of gray samples, which WebP has not: it is not in the file",)
    kinds = (metadata.icc, metadata.exif, metadata.xmp)
    if all(kind is None for kind in kinds):
        return file, notes
    coded = file[12:]
    (size,) = struct.unpack("<I", coded[4:8].ljust(4, b"\xff"))
    if file[:4] + file[8:12] != b"RIFFWEBP" or coded[:4] not in (b"VP8 ", b"VP8L") or len(coded) != 8 + size + size % 2:
        raise CorruptFile("the payload is no WebP file of a single picture")
    flags = sum(f for f, kind in zip((_HAS_ICC, _HAS_EXIF, _HAS_XMP), kinds, strict=True) if kind is not None)
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    chunks = [_chunk(b"VP8X", bytes((flags, 0, 0, 0)) + sides)]
    chunks += [] if metadata.icc is None else [_chunk(b"ICCP", metadata.icc)]
    chunks += [coded]
    chunks += [] if metadata.exif is None else [_chunk(b"EXIF", metadata.exif)]
    chunks += [] if metadata.xmp is None else [_chunk(b"XMP ", metadata.xmp)]
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body, notes


def no_iptc(kind: str, metadata: Metadata) -> Notes:
    """The note on IPTC of a format that has no place for it."""
    return () if metadata.iptc is None else (f"{kind} carries no IPTC: it is not in the file",)


def _chunk(kind: bytes, content: bytes) -> bytes:
    """A RIFF chunk, filled up to an even number of bytes."""
    return kind + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)
