"""Pixel density: read where a format keeps it (PNG: pHYs, JPEG: JFIF header), stated in Exif, and read from there."""

import struct

import PIL.Image
from PIL.TiffImagePlugin import IFDRational

from nncodec.image.exif import ORDERS, exif_values, with_entries
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
_GIF_ASPECT = 12
"""Offset of the pixel aspect ratio in a GIF (GIF89a, 18)."""


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
    """An Exif block with a density; as it is if it states a resolution, cannot be read or would grow too large."""
    if block[:4] not in ORDERS or exif_values(block, (_X, _Y)):
        return block
    order = ORDERS[block[:4]]
    across, down = (struct.pack(order + "II", round(100 * dots), 100) for dots in density)
    unit = struct.pack(order + "H", _INCH)
    try:
        grown = with_entries(block, {_X: (_RATIONAL, 1, across), _Y: (_RATIONAL, 1, down), _UNIT: (_SHORT, 1, unit)})
    except struct.error:
        return block
    return grown if len(grown) <= _MAX_EXIF else block


def pixel_aspect(still: PIL.Image.Image, data: bytes = b"") -> str | None:
    """Pixels across and down to the same length, if a file's header says that they differ and gives no density.

    ``data`` is the file, of which Pillow does not tell the shape in a GIF.
    """
    if density_of(still) is not None:
        return None
    if still.format == "GIF" and data[_GIF_ASPECT : _GIF_ASPECT + 1].strip(b"\0"):
        ratio = data[_GIF_ASPECT] + 15  # width of a pixel to its height, in 64ths
        return None if ratio == 64 else f"64 across, {ratio} down"
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
