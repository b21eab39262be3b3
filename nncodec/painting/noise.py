"""Noise that is a function of a seed and a place alone: the same in every tile, on every machine."""

import numpy as np
import numpy.typing as npt

from nncodec.nets.tiles import Region

Floats = npt.NDArray[np.float32]

_ROW, _COLUMN, _FIRST, _SECOND = 0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D, 0x27D4EB2F
"""Odd multipliers that spread bits over 32 (those of xxHash32, Collet 2012)."""
_SPREAD = np.float32(np.sqrt(12.0))
"""Width of the uniform distribution of variance 1."""


def noise(region: Region, seed: int) -> Floats:
    """Uniform noise (h, w) of mean 0 and variance 1 at the places of a region, which may be negative.

    ``seed`` is a number of 32 bits.
    """
    rows, columns = (np.arange(side.start, side.stop).astype(np.uint32) for side in region)
    with np.errstate(over="ignore"):
        mixed = (rows * np.uint32(_ROW))[:, None] ^ (columns * np.uint32(_COLUMN))[None, :] ^ np.uint32(seed)
        for multiplier in (_FIRST, _SECOND):
            mixed = (mixed ^ mixed >> np.uint32(15)) * np.uint32(multiplier)
        mixed ^= mixed >> np.uint32(16)
    return ((mixed >> np.uint32(8)).astype(np.float32) / np.float32(1 << 24) - np.float32(0.5)) * _SPREAD
