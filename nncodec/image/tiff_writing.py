"""TIFF files, as TIFF 6.0 has them: one directory, deflated strips, Exif left where its own offsets hold."""

import struct
import zlib
from typing import Any

import numpy.typing as npt

from nncodec.errors import EncodeError
from nncodec.image.exif import ENTRY_BYTES, ORDERS, TYPE_BYTES, Order, entries_at
from nncodec.image.picture import Metadata

_STRIP_BYTES = 2**18
_BYTE, _SHORT, _LONG, _UNDEFINED = 1, 3, 4, 7
_DESCRIBING = {269, 270, 271, 272, 274, 282, 283, 285, 286, 287, 296, 305, 306, 315, 316, 318, 319, 700}
"""Tags of TIFF 6.0 that tell of a picture; its others, below _PRIVATE, tell how pixels are stored."""
_PRIVATE = 0x8000
_STORING = {32995, 32996, 32997, 32998, 33421, 33422, 34675, 50674, *range(50706, 51200)}
"""Later tags of storage: libtiff's of SGI, the raw mosaic's, the ICC profile, LERC's, and those of DNG."""
_POINTERS = (34665, 34853)
"""Tags of the Exif and the GPS directory."""


class _Directory:
    """Entries of a directory, 12 bytes each, and the file that their values are put into."""

    def __init__(self, order: Order, start: bytes, entries: dict[int, bytes]) -> None:
        self.order = order
        self.file = bytearray(start)
        self.entries = entries

    def append(self, data: bytes) -> int:
        """Append data at an even offset, which is returned. Raises EncodeError beyond 4 GiB."""
        at = len(self.file) + len(self.file) % 2
        if at + len(data) >= 2**32:
            raise EncodeError("TIFF holds no more than 4 GiB", "PNG does")
        self.file += bytes(at - len(self.file)) + data
        return at

    def put(self, tag: int, kind: int, data: bytes) -> None:
        """Set a tag to values that are packed already."""
        value = data.ljust(4, b"\0") if len(data) <= 4 else struct.pack(f"{self.order}I", self.append(data))
        self.entries[tag] = struct.pack(f"{self.order}2HI", tag, kind, len(data) // TYPE_BYTES[kind]) + value

    def put_numbers(self, tag: int, *numbers: int) -> None:
        """Set a tag to whole numbers."""
        kind, letter = (_SHORT, "H") if max(numbers) < 2**16 else (_LONG, "I")
        self.put(tag, kind, struct.pack(f"{self.order}{len(numbers)}{letter}", *numbers))

    def finished(self) -> bytes:
        """The file with its directory at the end, no other after it."""
        entries = b"".join(self.entries[tag] for tag in sorted(self.entries))
        at = self.append(struct.pack(f"{self.order}H", len(self.entries)) + entries + bytes(4))
        self.file[4:8] = struct.pack(f"{self.order}I", at)
        return bytes(self.file)


def tiff(pixels: npt.NDArray[Any], metadata: Metadata) -> tuple[bytes, tuple[str, ...]]:
    """Write pixels, alpha as their last channel, and return notes on the Exif data that were left out.

    The Exif block, itself a TIFF structure, begins the file, so that its directories and maker notes stay where they
    were. Of its first directory the new one takes the entries that do not say how pixels are stored.
    """
    directory, notes = _begun(metadata.exif)
    _put_pixels(directory, pixels)
    if metadata.xmp is not None:
        directory.put(700, _BYTE, metadata.xmp)
    if metadata.iptc is not None:
        directory.put(33723, _UNDEFINED, metadata.iptc)
    if metadata.icc is not None:
        directory.put(34675, _UNDEFINED, metadata.icc)
    return directory.finished(), notes


def _put_pixels(directory: _Directory, pixels: npt.NDArray[Any]) -> None:
    height, width = pixels.shape[:2]
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    stored = pixels.astype(pixels.dtype.newbyteorder(directory.order), copy=False)
    rows = min(height, max(1, _STRIP_BYTES // (width * channels * pixels.itemsize)))
    strips = [zlib.compress(stored[y : y + rows].tobytes()) for y in range(0, height, rows)]
    directory.put_numbers(256, width)
    directory.put_numbers(257, height)
    directory.put_numbers(258, *[8 * pixels.itemsize] * channels)
    directory.put_numbers(259, 8)  # deflate
    directory.put_numbers(262, 1 if channels <= 2 else 2)  # black is zero, or RGB
    directory.put_numbers(273, *[directory.append(strip) for strip in strips])
    directory.put_numbers(277, channels)
    directory.put_numbers(278, rows)
    directory.put_numbers(279, *map(len, strips))
    directory.put_numbers(284, 1)  # samples of a pixel lie together
    if channels in (2, 4):
        directory.put_numbers(338, 2)  # alpha, not multiplied in


def _begun(exif: bytes | None) -> tuple[_Directory, tuple[str, ...]]:
    """A file that begins with the Exif block, or as an empty one; and notes on what it could not take over."""
    empty = _Directory("<", b"II*\0" + bytes(4), {})
    if exif is None:
        return empty, ()
    try:
        order = ORDERS[exif[:4]]
        (at,) = struct.unpack_from(f"{order}I", exif, 4)
        found, following = _entries(exif, order, at)
        for pointer in _POINTERS:
            if pointer in found:
                _entries(exif, order, *struct.unpack_from(f"{order}I", found[pointer], 8))
    except (LookupError, struct.error):
        return empty, ("TIFF cannot carry damaged Exif: dropped",)
    notes = ("TIFF cannot carry the thumbnail of Exif: dropped",) if following else ()  # it would be a second page
    return _Directory(order, exif, {tag: entry for tag, entry in found.items() if _is_kept(tag)}), notes


def _entries(exif: bytes, order: Order, at: int) -> tuple[dict[int, bytes], int]:
    """Entries of a directory by tag, and the offset of the next directory. Raises struct.error for a broken one."""
    entries, found = entries_at(exif, order, at), {}
    for tag, kind, n_values, value in entries:
        size = n_values * TYPE_BYTES.get(kind, len(exif))
        (value_at,) = struct.unpack(f"{order}I", value)
        if size > 4 and value_at + size > len(exif):
            raise struct.error(f"tag {tag} is broken")
        if size:
            found[tag] = struct.pack(f"{order}2HI4s", tag, kind, n_values, value)
    end = exif[at + 2 + ENTRY_BYTES * len(entries) :][:4]  # some programs leave it out
    return found, int.from_bytes(end)


def _is_kept(tag: int) -> bool:
    """Whether a tag tells of the picture, not of how its pixels are stored."""
    return tag in _DESCRIBING or (tag >= _PRIVATE and tag not in _STORING)
