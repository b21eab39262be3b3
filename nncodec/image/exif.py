"""Reading of directories and of single tags in an Exif block, a TIFF structure."""

import struct
from collections.abc import Iterable
from typing import Any, Literal

import PIL.Image

from nncodec.errors import NncError
from nncodec.image.stills import pillow_errors

Order = Literal["<", ">"]
"""Byte order, as `struct` has it."""
ORDERS: dict[bytes, Order] = {b"II*\0": "<", b"MM\0*": ">"}
"""By the first four bytes of a block (TIFF 6.0, section 2)."""
ENTRY_BYTES = 12
TYPE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
"""Bytes of one value, by field type (TIFF 6.0, section 2; 13 is an offset of a directory)."""
_ORIENTATION, _SHORT = 0x0112, 3


def entries_at(block: bytes, order: Order, at: int) -> list[tuple[int, int, int, bytes]]:
    """Entries of the directory at an offset: tag, type, number of values, and four bytes of value or of its offset.

    Raises struct.error if the block ends before the directory.
    """
    (count,) = struct.unpack_from(f"{order}H", block, at)
    return [struct.unpack_from(f"{order}2HI4s", block, at + 2 + ENTRY_BYTES * i) for i in range(count)]


def value_bytes(block: bytes, order: Order, kind: int, count: int, field: bytes) -> bytes:
    """Bytes of an entry's values, ``field`` being its last four; empty if the type is unknown or they are not there."""
    size = count * TYPE_BYTES.get(kind, 0)
    if size <= 4:
        return field[:size]
    (at,) = struct.unpack(f"{order}I", field)
    return block[at : at + size] if at + size <= len(block) else b""


def with_entries(block: bytes, values: dict[int, tuple[int, int, bytes]]) -> bytes:
    """A block with values of its first directory set: type, number of values and their bytes, by tag.

    A new directory is written behind the block, and the rest stays where it is: a MakerNote holds offsets. Raises
    LookupError for what is no block, struct.error for one whose directory is cut.
    """
    order = ORDERS[block[:4]]
    (start,) = struct.unpack_from(order + "I", block, 4)
    before = entries_at(block, order, start)
    following = block[start + 2 + ENTRY_BYTES * len(before) :][:4]
    if len(following) < 4:
        raise struct.error("the directory is cut")
    entries = [entry for entry in before if entry[0] not in values]
    grown = bytearray(block + bytes(len(block) % 2))
    for tag, (kind, count, value) in values.items():
        field = value.ljust(4, b"\0")
        if len(value) > 4:
            field = struct.pack(order + "I", len(grown))
            grown += value + bytes(len(value) % 2)
        entries.append((tag, kind, count, field))
    grown[4:8] = struct.pack(order + "I", len(grown))
    grown += struct.pack(order + "H", len(entries))
    grown += b"".join(struct.pack(order + "HHI4s", *entry) for entry in sorted(entries))
    return bytes(grown + following)


def with_orientation(block: bytes, orientation: int) -> bytes:
    """A block with another orientation, 1 to 8; in its old place if it has one. Raises as :func:`with_entries`."""
    order = ORDERS[block[:4]]
    value = struct.pack(order + "H", orientation)
    (start,) = struct.unpack_from(order + "I", block, 4)
    for index, (tag, kind, count, _) in enumerate(entries_at(block, order, start)):
        if (tag, kind, count) == (_ORIENTATION, _SHORT, 1):
            at = start + 2 + ENTRY_BYTES * index + 8
            return block[:at] + value + block[at + 2 :]
    return with_entries(block, {_ORIENTATION: (_SHORT, 1, value)})


def exif_values(block: bytes | None, tags: Iterable[int]) -> dict[int, Any]:
    """Values in a block (a TIFF structure), by tag; empty if it is None, has none of the tags or cannot be read."""
    if block is None:
        return {}
    try:
        with pillow_errors("the Exif data"):
            exif = loaded(block)
            return {tag: exif[tag] for tag in tags if tag in exif}
    except NncError:
        return {}


def is_readable(block: bytes) -> bool:
    """True if Pillow can read the first directory of a block."""
    try:
        with pillow_errors("the Exif data"):
            dict(loaded(block))
    except NncError:
        return False
    return True


def loaded(block: bytes) -> PIL.Image.Exif:
    """A block as Pillow's tags; raises what Pillow raises on a damaged one."""
    exif = PIL.Image.Exif()
    exif.load(b"Exif\0\0" + block)
    return exif
