"""Pixel density: read where a format keeps it (PNG: pHYs, JPEG: JFIF header), stated in Exif, and read from there."""

import struct

import PIL.Image
from PIL.TiffImagePlugin import IFDRational

from nncodec.image.exif import ENTRY_BYTES, ORDERS, entries_at, exif_values
from nncodec.image.picture import Metadata
from nncodec.image.stills import PILLOW_ERRORS

Density = tuple[float, float]
"""Dots per inch across and down."""

_X, _Y, _UNIT = 0x011A, 0x011B, 0x0128
_INCH, _CENTIMETRE = 2, 3
"""Exif 2.32, 4.6.4 A: XResolution, YResolution, ResolutionUnit and its values."""
_DEFAULTS = (72, 96)
"""Densities that programs write by default; they tell nothing of the picture's size on paper."""

_MAX_DENSITY = 65_535
"""Largest density that the header of a JPEG file can state."""

_MAX_EXIF = 65_527
"""Bytes of Exif that a JPEG file can hold (Exif 2.32, 4.7.2)."""
_RATIONAL, _SHORT = 5, 3


def density_of(still: PIL.Image.Image) -> Density | None:
    """The density in a file's own header; None if there is none, or only a default."""
    found = _density(still.info.get("dpi"))
    return None if found is None or all(round(side) in _DEFAULTS for side in found) else found


def stated_density(metadata: Metadata) -> Density | None:
    """The density in the Exif block; None if there is none, or the block cannot be read."""
    values = exif_values(metadata.exif, (_X, _Y, _UNIT))
    try:
        inches = {_INCH: 1.0, _CENTIMETRE: 2.54}[values.get(_UNIT, _INCH)]
        return _density((float(values[_X]) * inches, float(values[_Y]) * inches))
    except PILLOW_ERRORS:
        return None


def put_density(density: Density, exif: PIL.Image.Exif) -> None:
    """Write a density into Exif."""
    for tag, dots in zip((_X, _Y), density, strict=True):
        exif[tag] = IFDRational(round(100 * dots), 100)
    exif[_UNIT] = _INCH


def with_density(density: Density, block: bytes) -> bytes:
    """An Exif block with a density; as it is if it states a resolution, cannot be read or would grow too large.

    A new first directory is written behind the block, and the rest stays where it is: a MakerNote holds offsets.
    """
    order = ORDERS.get(block[:4])
    if order is None or exif_values(block, (_X, _Y)):
        return block
    try:
        (start,) = struct.unpack_from(order + "I", block, 4)
        entries = entries_at(block, order, start)
        (following,) = struct.unpack_from(order + "I", block, start + 2 + ENTRY_BYTES * len(entries))
    except struct.error:
        return block
    values_at = len(block) + len(block) % 2
    for tag, at in ((_X, values_at), (_Y, values_at + 8)):
        entries.append((tag, _RATIONAL, 1, struct.pack(order + "I", at)))
    entries = [entry for entry in entries if entry[0] != _UNIT]
    entries.append((_UNIT, _SHORT, 1, struct.pack(order + "HH", _INCH, 0)))
    values = struct.pack(order + "4I", *(side for dots in density for side in (round(100 * dots), 100)))
    directory = struct.pack(order + "H", len(entries))
    directory += b"".join(struct.pack(order + "HHI4s", *entry) for entry in sorted(entries))
    directory += struct.pack(order + "I", following)
    header = block[:4] + struct.pack(order + "I", values_at + len(values))
    grown = header + block[8:].ljust(values_at - 8, b"\0") + values + directory
    return grown if len(grown) <= _MAX_EXIF else block


def pixel_aspect(still: PIL.Image.Image) -> str | None:
    """Pixels across and down to the same length, if a file's header says that they differ and gives no density."""
    if density_of(still) is not None:
        return None
    for key in ("aspect", "jfif_density", "resolution", "dpi"):
        try:
            across, down = (float(side) for side in still.info.get(key, ()))
        except PILLOW_ERRORS:
            continue
        if across != down and min(across, down) > 0:
            return f"{across:g} across, {down:g} down"
    return None


def _density(value: object) -> Density | None:
    """A pair of plausible densities, rounded; None for any other object that a file's reader may have returned."""
    try:
        across, down = (_rounded(float(side)) for side in value)  # type: ignore[attr-defined]
    except PILLOW_ERRORS:
        return None
    return (across, down) if all(2 <= side <= _MAX_DENSITY for side in (across, down)) else None


def _rounded(dots: float) -> float:
    """Round to a hundredth, or to the whole number that PNG's dots per metre stand for."""
    return float(round(dots)) if abs(dots - round(dots)) < 0.0128 else round(dots, 2)
