"""The number of bits per sample in a file: Pillow reduces most deep pictures to 8 without a warning."""

import re
from typing import Any

import PIL.Image

from nncodec.image.jpeg2000 import component_depths
from nncodec.image.optional import HEIF_FORMAT, JxlFile
from nncodec.image.tiff import planes_depth

_AV1_CONFIG = b"av1C"
_PNG_SIGNATURE, _PNG_DEPTH_AT = b"\x89PNG\r\n\x1a\n", 24
"""The signature of a PNG, and the offset of its bits per sample (PNG, third edition, 11.2.1)."""


def stored_depth(still: PIL.Image.Image, data: bytes) -> int | None:
    """Bits per sample in the file behind an opened, not yet loaded image; None if it does not state them.

    They are read from Pillow's raw mode (PNG, TIFF, PNM), the tags of a TIFF with separate planes, the AV1
    configuration box (AVIF), the headers of HEIC and JPEG XL, the SIZ marker segment (JPEG 2000, ITU-T T.800 A.5.1) or
    the PNG within an icon (ICO).
    """
    if still.format == "AVIF":
        return _avif_depth(data)
    if still.format == HEIF_FORMAT:
        return int(still.info["bit_depth"])
    if isinstance(still, JxlFile):
        return still.header.bits
    if still.format == "JPEG2000":
        return max(component_depths(data), default=None)
    if still.format == "ICO":
        return _icon_depth(still, data)
    planes = planes_depth(still) if getattr(still, "tile", []) else None
    if planes is not None:
        return planes
    return max((_tile_depth(tile[0], tile[3]) for tile in getattr(still, "tile", [])), default=None)


def _tile_depth(decoder: str, arguments: Any) -> int:
    """Bits per sample by the arguments of Pillow's decoder: the raw mode, or a tuple of it and, for PNM, the peak."""
    raw_mode, *more = arguments if isinstance(arguments, tuple) else (arguments,)
    if raw_mode == "I;12":
        return 12
    if more and raw_mode in ("L", "RGB") and isinstance(more[0], int) and more[0] > 255:
        return more[0].bit_length()
    packed = str(raw_mode).startswith("BGR;")  # 5 or 6 bits per sample, 16 per pixel
    return 16 if decoder == "SGI16" or (";16" in str(raw_mode) and not packed) else 8


def _avif_depth(data: bytes) -> int | None:
    """The largest of the depths that the configurations of an AVIF file state: the first may be a thumbnail's."""
    found = [data[at.end() + 2] for at in re.finditer(_AV1_CONFIG, data) if at.end() + 2 < len(data)]
    return max((8 if not flags & 0x40 else 12 if flags & 0x20 else 10 for flags in found), default=None)


def _icon_depth(still: Any, data: bytes) -> int:
    """Bits per sample of the largest picture of an icon, which may be a whole PNG."""
    start = still.ico.entry[still.ico.getentryindex(still.size)].offset
    return data[start + _PNG_DEPTH_AT] if data[start:].startswith(_PNG_SIGNATURE) else 8
