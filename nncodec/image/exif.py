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


def entries_at(block: bytes, order: Order, at: int) -> list[tuple[int, int, int, bytes]]:
    """Entries of the directory at an offset: tag, type, number of values, and four bytes of value or of its offset.

    Raises struct.error if the block ends before the directory.
    """
    (count,) = struct.unpack_from(f"{order}H", block, at)
    return [struct.unpack_from(f"{order}2HI4s", block, at + 2 + ENTRY_BYTES * i) for i in range(count)]


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
