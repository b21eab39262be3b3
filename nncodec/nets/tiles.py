"""Tiles of a picture, each processed by one thread; the small matrix products inside have no threads of their own."""

import math
from collections.abc import Callable
from itertools import product
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from nncodec.threads import in_parallel, products_alone

Sample = TypeVar("Sample", bound=np.generic)
Region = tuple[slice, slice]

_SHARES = 4
"""Threads that tiles are laid out for, however many there are, so that a picture is the same on all machines alike."""
_STEP, _SHORTEST = 16, 128
"""Sides of equal tiles are multiples of one, and at least the other unless the picture is smaller."""


def equal_tiles(shape: tuple[int, ...], area: int, halo: int) -> tuple[int, int]:
    """The rows and columns of the tiles that four threads, or two, finish soonest.

    Args:
        shape: of the picture: height, width, and whatever follows.
        area: the most pixels of a tile, at least 256 x 256; it bounds the memory of a thread.
        halo: pixels around a tile that are worked on besides; a network's own is about right, since its first layer
            sees twice as many on both sides together, and its last one none.
    """

    def cost(size: tuple[int, int]) -> tuple[int, int]:
        rows, columns = size
        rounds = -(-math.prod(-(-side // part) for side, part in zip(shape, size, strict=False)) // _SHARES)
        return rounds * (rows + halo) * (columns + halo), -rows * columns

    height, width = shape[:2]
    return min((size for size in product(_parts(height), _parts(width)) if math.prod(size) <= area), key=cost)


def _parts(side: int) -> list[int]:
    """The possible sizes of a part of a side: multiples of the step; the last part may be smaller."""
    counts = range(1, max(1, side // _SHORTEST) + 1)
    return sorted({-(-side // (count * _STEP)) * _STEP for count in counts})


def bordered(samples: npt.NDArray[Sample], region: Region) -> npt.NDArray[Sample]:
    """A region of samples (H, W, ...), which it meets; where it reaches beyond them, their border is repeated."""
    wide = list(zip(region, samples.shape, strict=False))
    inner = tuple(slice(max(side.start, 0), min(side.stop, size)) for side, size in wide)
    beyond = [(max(-side.start, 0), max(side.stop - size, 0)) for side, size in wide]
    return np.pad(samples[inner], [*beyond, *[(0, 0)] * (samples.ndim - 2)], "edge")


def tile_by_tile(shape: tuple[int, ...], rows: int, columns: int, work: Callable[[Region], None]) -> None:
    """Call ``work`` for every tile of at most ``rows`` x ``columns`` pixels, several at a time, and wait for all.

    ``shape`` is that of the picture: height, width, and whatever follows.
    """
    height, width = shape[:2]
    tiles = [
        (slice(top, min(top + rows, height)), slice(left, min(left + columns, width)))
        for top in range(0, height, rows)
        for left in range(0, width, columns)
    ]
    with products_alone():
        in_parallel(work, tiles)
