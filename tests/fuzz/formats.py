"""Damage by the structure of foreign formats, so that it reaches what parses a piece.

Pieces (markers, chunks, boxes) are told apart, damaged, and put together again with right lengths and checksums. What
is no piece is kept as a tail without a name.
"""

import random
import struct
import zlib
from collections.abc import Callable
from typing import NamedTuple

from tests.fuzz.bytes_damage import ON_BYTES, cut

_STANDALONE = {0x01, 0x4F, *range(0xD0, 0xDA)}
"""Second bytes of markers of JPEG and JPEG 2000 without a length."""
_DATA_FOLLOWS = {0xDA, 0x93}
"""Markers (SOS and SOD) behind which coded samples begin."""
_TIFF_NUMBERS = (0, 1, 2, 3, 4, 5, 7, 8, 16, 32, 255, 256, 257, 258, 259, 262, 273, 277, 278, 279, 322, 338, 65535)
_ENTRY = 12
"""Bytes of an entry of a TIFF directory."""


class Piece(NamedTuple):
    """A part of a file with a length of its own."""

    name: bytes
    """Marker or four letters; empty for the tail."""
    data: bytes


class Format(NamedTuple):
    """How to tell the pieces of a format apart, and how to put them together."""

    signature: bytes
    before: int
    """Bytes of the file before the signature."""
    split: Callable[[bytes], list[Piece]]
    join: Callable[[list[Piece]], bytes]


def _split_markers(data: bytes) -> list[Piece]:
    found, at = [], 0
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] not in _DATA_FOLLOWS:
        standalone = data[at + 1] in _STANDALONE
        end = at + 2 + (0 if standalone else max(2, int.from_bytes(data[at + 2 : at + 4], "big")))
        found.append(Piece(data[at : at + 2], data[at + 4 : end]))
        at = end
    return [*found, Piece(b"", data[at:])]


def _join_markers(pieces: list[Piece]) -> bytes:
    out = b""
    for name, data in pieces:
        framed = not name or (name[1] in _STANDALONE and not data)
        out += name + data if framed else name + (len(data) + 2 & 0xFFFF).to_bytes(2, "big") + data
    return out


def _split_chunks(data: bytes) -> list[Piece]:
    found, at = [], 8
    while at + 12 <= len(data):
        end = at + 8 + int.from_bytes(data[at : at + 4], "big")
        found.append(Piece(data[at + 4 : at + 8], data[at + 8 : end]))
        at = end + 4
    return [*found, Piece(b"", data[at:])]


def _join_chunks(pieces: list[Piece]) -> bytes:
    out = b"\x89PNG\r\n\x1a\n"
    for name, data in pieces:
        crc = zlib.crc32(name + data).to_bytes(4, "big")
        out += len(data).to_bytes(4, "big") + name + data + crc if name else data
    return out


def _split_riff(data: bytes) -> list[Piece]:
    found, at = [], 12
    while at + 8 <= len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        found.append(Piece(data[at : at + 4], data[at + 8 : at + 8 + size]))
        at += 8 + size + size % 2
    return [*found, Piece(b"", data[at:])]


def _join_riff(pieces: list[Piece]) -> bytes:
    out = b"WEBP"
    for name, data in pieces:
        out += name + len(data).to_bytes(4, "little") + data + bytes(len(data) % 2) if name else data
    return b"RIFF" + len(out).to_bytes(4, "little") + out


def _split_boxes(data: bytes) -> list[Piece]:
    found, at = [], 0
    while at + 8 <= len(data):
        end = at + max(8, int.from_bytes(data[at : at + 4], "big") or len(data))
        found.append(Piece(data[at + 4 : at + 8], data[at + 8 : end]))
        at = end
    return [*found, Piece(b"", data[at:])]


def _join_boxes(pieces: list[Piece]) -> bytes:
    return b"".join((len(data) + 8).to_bytes(4, "big") + name + data if name else data for name, data in pieces)


FORMATS = (
    Format(b"\x89PNG", 0, _split_chunks, _join_chunks),
    Format(b"ftyp", 4, _split_boxes, _join_boxes),
    Format(b"jP  \r\n", 4, _split_boxes, _join_boxes),
    Format(b"RIFF", 0, _split_riff, _join_riff),
    Format(b"\xff\xd8\xff", 0, _split_markers, _join_markers),
    Format(b"\xff\x4f\xff\x51", 0, _split_markers, _join_markers),
)


def by_structure(rng: random.Random, data: bytes) -> bytes:
    """Damage a piece of the first format that is found in the data; any bytes of data without one."""
    for format_ in FORMATS:
        at = data.find(format_.signature) - format_.before
        if at >= 0:
            pieces = format_.split(data[at:])
            for _ in range(rng.choice((1, 1, 2))):
                _damage(rng, pieces)
            return data[:at] + format_.join(pieces)
    if data[:4] in (b"II*\0", b"MM\0*"):
        return _damage_directory(rng, data)
    return rng.choice(ON_BYTES)(rng, data)


def _damage(rng: random.Random, pieces: list[Piece]) -> None:
    """Change one piece, or its place."""
    at = rng.randrange(len(pieces))
    piece = pieces[at]
    match rng.randrange(8):
        case 0:
            pieces[at] = piece._replace(data=b"")
        case 1:
            pieces[at] = piece._replace(data=cut(rng, piece.data))
        case 2:
            pieces[at] = piece._replace(data=piece.data + rng.randbytes(rng.choice((1, 2, 16))))
        case 3:
            pieces.insert(rng.randrange(len(pieces)), piece)
        case 4:
            other = rng.randrange(len(pieces))
            pieces[at], pieces[other] = pieces[other], piece
        case 5 if len(pieces) > 1:
            del pieces[at]
        case 6 if piece.name == b"IDAT":
            pieces[at] = piece._replace(data=_damage_deflated(rng, piece.data))
        case _:
            nested = by_structure if rng.random() < 0.4 else rng.choice(ON_BYTES)
            pieces[at] = piece._replace(data=nested(rng, piece.data))


def _damage_deflated(rng: random.Random, data: bytes) -> bytes:
    """Damage what was compressed."""
    try:
        plain = zlib.decompress(data)
    except zlib.error:
        return data
    return zlib.compress(rng.choice(ON_BYTES)(rng, plain))


def _damage_directory(rng: random.Random, data: bytes) -> bytes:
    """Change a field of an entry of a TIFF's first directory; by chance, any bytes."""
    order = "<" if data[:2] == b"II" else ">"
    first = struct.unpack(f"{order}I", data[4:8].ljust(4, b"\0"))[0]
    if first + 2 > len(data) or rng.random() < 0.2:
        return rng.choice(ON_BYTES)(rng, data)
    count = struct.unpack_from(f"{order}H", data, first)[0]
    at = first + 2 + _ENTRY * rng.randrange(max(1, count))
    kind, place = rng.choice((("H", 0), ("H", 2), ("I", 4), ("I", 8), ("H", 8)))  # tag, type, count, value
    largest = 2 ** (8 * struct.calcsize(kind)) - 1
    number = rng.choice((*_TIFF_NUMBERS, rng.randrange(len(data)), largest)) & largest
    field = struct.pack(order + kind, number)
    return data[: at + place] + field + data[at + place + len(field) :]
