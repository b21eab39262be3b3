"""Windows icons: the sizes of the pictures in them, which Pillow decodes as soon as it opens the file."""

import struct

from nncodec.image.stills import check_pixels

_SIGNATURE = b"\0\0\1\0"
_ENTRY, _OFFSET = 16, 12
"""Bytes of an entry of the directory, and where in it the offset of its picture is."""
_PNG = b"\x89PNG\r\n\x1a\n"


def check_icons(data: bytes, max_pixels: int) -> None:
    """Raise LimitExceeded if the data are an icon with a picture of more pixels; what is cut is passed over."""
    if not data.startswith(_SIGNATURE):
        return
    (count,) = struct.unpack("<H", data[4:6].ljust(2, b"\0"))
    for at in range(6, min(len(data), 6 + _ENTRY * count), _ENTRY):
        (start,) = struct.unpack("<I", data[at + _OFFSET : at + _ENTRY].ljust(4, b"\0"))
        check_pixels(*_size(data[start : start + 24].ljust(24, b"\0")), max_pixels)


def _size(head: bytes) -> tuple[int, int]:
    """Width and height that a picture claims: a PNG, or a bitmap, with a header of 12 bytes or more."""
    if head.startswith(_PNG):
        width, height = struct.unpack(">2I", head[16:24])
    elif head[:4] == b"\x0c\0\0\0":
        width, height = struct.unpack("<2H", head[4:8])
    else:
        width, height = struct.unpack("<2i", head[4:12])
    return abs(width), abs(height)
