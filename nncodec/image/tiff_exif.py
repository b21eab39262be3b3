"""An Exif block of what a TIFF says of its picture, its values byte for byte."""

import struct
from dataclasses import dataclass

from nncodec.image.exif import ORDERS, Order, entries_at, value_bytes

_EXIF, _GPS, _INTEROP, _MAKER_NOTE = 0x8769, 0x8825, 0xA005, 0x927C
_TEXTS = {0x010D, 0x010E, 0x010F, 0x0110, 0x011D, 0x0131, 0x0132, 0x013B, 0x013C, 0x8298}
_RATINGS_AND_WINDOWS = {0x4746, 0x4749, 0x9C9B, 0x9C9C, 0x9C9D, 0x9C9E, 0x9C9F, 0xC4A5}
_KEPT = _TEXTS | _RATINGS_AND_WINDOWS
"""Tags that describe the picture rather than the file."""
_MAX_OFFSET = 2**14
"""A maker note up to here stays at its offset in the file, which the offsets within it count from."""
_MAX_BYTES = 2**24
_LONG = 4

_Values = dict[int, tuple[int, int, bytes]]
"""Type, number of values and their bytes, by tag."""


@dataclass(frozen=True)
class TiffExif:
    """An Exif block made of a TIFF's directories."""

    block: bytes
    moved: bool
    """True if a maker note has another offset in the block than in the file."""


def exif_of_tiff(data: bytes, frame: int = 0) -> TiffExif | None:
    """The Exif block of a frame of a file; None if it says nothing, is damaged or no TIFF of 32-bit offsets."""
    order = ORDERS.get(data[:4])
    if order is None:
        return None
    try:
        at = _directory_at(data, order, frame)
        first, _ = _values(data, order, at)
        inner, note_at = _values(data, order, _offset(first, _EXIF, order))
        gps, _ = _values(data, order, _offset(first, _GPS, order))
        interop, _ = _values(data, order, _offset(inner, _INTEROP, order))
    except (struct.error, ValueError):
        return None
    first = {tag: value for tag, value in first.items() if tag in _KEPT}
    if not (first or inner or gps):
        return None
    return _written(order, first, inner, gps, interop, note_at)


def tiff_value(data: bytes, tag: int, frame: int = 0) -> bytes:
    """Bytes of a tag's values as a file has them; empty if it has none, is damaged or no TIFF of 32-bit offsets."""
    order = ORDERS.get(data[:4])
    if order is None:
        return b""
    try:
        entries = entries_at(data, order, _directory_at(data, order, frame))
    except struct.error:
        return b""
    return next((value_bytes(data, order, *entry[1:]) for entry in entries if entry[0] == tag), b"")


def _directory_at(data: bytes, order: Order, frame: int) -> int:
    """The offset of a frame's directory."""
    (at,) = struct.unpack_from(f"{order}I", data, 4)
    for _ in range(frame):
        (count,) = struct.unpack_from(f"{order}H", data, at)
        (at,) = struct.unpack_from(f"{order}I", data, at + 2 + 12 * count)
    return int(at)


def _values(data: bytes, order: Order, at: int) -> tuple[_Values, int]:
    """Values of the directory at an offset, none at offset 0, and the offset of the maker note among them or 0."""
    found, total, note_at = _Values(), 0, 0
    for tag, kind, count, field in entries_at(data, order, at) if at else []:
        value = value_bytes(data, order, kind, count, field)
        total += len(value)
        if total > _MAX_BYTES:
            raise ValueError("too many values")
        if value:
            found[tag] = (kind, count, value)
        if tag == _MAKER_NOTE and len(value) > 4:
            (note_at,) = struct.unpack(f"{order}I", field)
    return found, note_at


def _offset(values: _Values, tag: int, order: Order) -> int:
    """The offset of a directory that a tag points to; 0 if there is none."""
    _, _, value = values.get(tag, (_LONG, 1, bytes(4)))
    return int(struct.unpack(f"{order}I", value)[0]) if len(value) == 4 else 0


def _written(order: Order, first: _Values, inner: _Values, gps: _Values, interop: _Values, note_at: int) -> TiffExif:
    """Write directories as one block, from the innermost, whose offset the next one holds."""
    block = bytearray((b"II*\0" if order == "<" else b"MM\0*") + bytes(4))
    placed = dict[int, int]()
    if 8 <= note_at <= _MAX_OFFSET:
        block += bytes(note_at - len(block)) + inner[_MAKER_NOTE][2]
        placed[_MAKER_NOTE] = note_at
    for directory, tag, values in ((inner, _INTEROP, interop), (first, _EXIF, inner), (first, _GPS, gps)):
        directory.pop(tag, None)
        if values:
            at = _append_directory(block, order, values, placed if values is inner else {})
            directory[tag] = (_LONG, 1, struct.pack(f"{order}I", at))
    block[4:8] = struct.pack(f"{order}I", _append_directory(block, order, first, {}))
    return TiffExif(bytes(block), bool(note_at) and not placed)


def _append_directory(block: bytearray, order: Order, values: _Values, placed: dict[int, int]) -> int:
    """Append a directory and its values but those already placed at an offset; return its offset."""
    entries = []
    for tag, (kind, count, value) in sorted(values.items()):
        field = value.ljust(4, b"\0")
        if len(value) > 4:
            field = struct.pack(f"{order}I", placed[tag] if tag in placed else _append(block, value))
        entries.append(struct.pack(f"{order}2HI4s", tag, kind, count, field))
    return _append(block, struct.pack(f"{order}H", len(entries)) + b"".join(entries) + bytes(4))


def _append(block: bytearray, data: bytes) -> int:
    """Append data at an even offset, which is returned."""
    block += bytes(len(block) % 2)
    at = len(block)
    block += data
    return at
