"""Pixel density: read where a format keeps it (PNG: pHYs, JPEG: JFIF header), stated in Exif, and read from there."""

import PIL.Image
from PIL.TiffImagePlugin import IFDRational

from nncodec.image.exif import exif_values
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
