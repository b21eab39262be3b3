"""Exif orientation: reading it, and turning pictures upright for formats that cannot carry it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from nncodec.image.exif import exif_values
from nncodec.image.picture import Metadata, Picture

_TAG = 0x0112

_Array = npt.NDArray[Any]
_Turn = Callable[[_Array], _Array]
_TURNS: dict[int, _Turn] = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: np.rot90(a, 2),
    4: lambda a: a[::-1],
    5: lambda a: np.swapaxes(a, 0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(np.swapaxes(a, 0, 1), 2),
    8: lambda a: np.rot90(a),
}
"""The turn that makes pixels upright, by the value of the tag (Exif 2.32, 4.6.4 A, Orientation)."""


def oriented(metadata: Metadata) -> int:
    """The Exif orientation, 1 to 8; 1 (upright) if there is none or the Exif data are unreadable."""
    return exif_orientation(metadata.exif)


def exif_orientation(block: bytes | None) -> int:
    """The orientation in an Exif block, as :func:`oriented` has it."""
    value = exif_values(block, (_TAG,)).get(_TAG)
    return value if isinstance(value, int) and value in _TURNS else 1


def upright(picture: Picture) -> Picture:
    """Turn a picture upright and drop its Exif data, for formats that cannot carry an orientation."""
    turn = _TURNS[oriented(picture.metadata)]
    return replace(
        picture,
        pixels=np.ascontiguousarray(turn(picture.pixels)),
        alpha=None if picture.alpha is None else np.ascontiguousarray(turn(picture.alpha)),
        metadata=replace(picture.metadata, exif=None),
    )


def stripped(picture: Picture, *, exif_and_xmp: bool, icc: bool) -> Picture:
    """Leave out Exif, whose orientation is applied to the pixels, with XMP and IPTC; and the colour profile."""
    if exif_and_xmp:
        picture = upright(picture)
        picture = replace(picture, metadata=replace(picture.metadata, xmp=None, iptc=None))
    return replace(picture, metadata=replace(picture.metadata, icc=None)) if icc else picture
