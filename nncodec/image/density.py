"""Pixel density: into Exif from wherever a format keeps it (PNG: pHYs, JPEG: JFIF header), and out again."""

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
_SAYS_NOTHING = (72, 96)
"""What programs write that know nothing of the picture's size on paper."""

_MOST = 65_535
"""What the header of a JPEG file can state."""


def density_of(still: PIL.Image.Image) -> Density | None:
    """What a file's own header says; None if it says nothing, or nothing that tells."""
    found = _density(still.info.get("dpi"))
    return None if found is None or all(round(side) in _SAYS_NOTHING for side in found) else found


def stated_density(metadata: Metadata) -> Density | None:
    """What the Exif block says; None if it says nothing or cannot be read."""
    said = exif_values(metadata.exif, (_X, _Y, _UNIT))
    try:
        inches = {_INCH: 1.0, _CENTIMETRE: 2.54}[said.get(_UNIT, _INCH)]
        return _density((float(said[_X]) * inches, float(said[_Y]) * inches))
    except PILLOW_ERRORS:
        return None


def put_density(density: Density, exif: PIL.Image.Exif) -> None:
    """State a density in Exif."""
    for tag, dots in zip((_X, _Y), density, strict=True):
        exif[tag] = IFDRational(round(100 * dots), 100)
    exif[_UNIT] = _INCH


def _density(value: object) -> Density | None:
    """A pair of sensible numbers, rounded, whatever a file's reader made of it."""
    try:
        across, down = (_rounded(float(side)) for side in value)  # type: ignore[attr-defined]
    except PILLOW_ERRORS:
        return None
    return (across, down) if all(2 <= side <= _MOST for side in (across, down)) else None


def _rounded(dots: float) -> float:
    """To a hundredth, or to the whole number that PNG's dots per metre stand for."""
    return float(round(dots)) if abs(dots - round(dots)) < 0.0128 else round(dots, 2)
