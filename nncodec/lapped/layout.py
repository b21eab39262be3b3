"""The lapped latent: its channels, their order, and the passes in which each group is coded."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

Places = npt.NDArray[np.int32]

STRIDE = 8
"""Pixels per latent position, along each axis."""
TAPS = 16
"""Side of the filters, in pixels: each overlaps half of its neighbour."""
CHANNELS = STRIDE * STRIDE
PLANES = 3

FREQUENCIES = sorted(((u, v) for u in range(STRIDE) for v in range(STRIDE)), key=lambda uv: (sum(uv), uv[0]))
"""Vertical and horizontal frequency of each channel of the start; channels are in zig-zag order."""
N_GROUPS = 2 * STRIDE - 1
GROUPS = tuple(
    slice(
        sum(u + v < group for u, v in FREQUENCIES),
        sum(u + v <= group for u, v in FREQUENCIES),
    )
    for group in range(N_GROUPS)
)
"""Channels of each group: those whose frequencies have the same sum. Group 0 is the local mean."""

PARITY = np.array([((-1) ** u, (-1) ** v) for u, v in FREQUENCIES], np.int8)
"""(CHANNELS, 2): the sign of each channel when the picture is mirrored vertically, and horizontally."""

MEAN_SPACING, OTHER_SPACING = 16, 2
"""Positions between those of the first pass: of group 0, and of all others."""

COARSEST_STEP, STEP_OCTAVES = 192.0, 6.5
"""Quantiser step at quality index 0, in levels, and the number of times it halves up to MAX_QUALITY_INDEX."""
MAX_QUALITY_INDEX = 200


def step_size(quality: int) -> float:
    """Quantiser step in levels at a quality index."""
    return float(COARSEST_STEP * 2.0 ** (-STEP_OCTAVES * quality / MAX_QUALITY_INDEX))


@dataclass(frozen=True)
class Pass:
    """Positions that are coded at once, as indices into the (height * width) grid, and their coded neighbours."""

    row: int
    """Number of the pass, from 0: the row of those weights that differ by pass."""
    places: Places
    """(n,)"""
    neighbours: Places | None
    """(n, 4) the nearest positions already coded, or None in the first pass."""

    @cached_property
    def at(self) -> slice | Places:
        """The places, as a slice if they are consecutive: arrays are then read without a copy."""
        first = int(self.places[0])
        following = slice(first, first + len(self.places))
        return following if np.array_equal(self.places, np.arange(following.start, following.stop)) else self.places

    def part(self, first: int, end: int) -> "Pass":
        """The pass restricted to its places ``first`` to ``end``."""
        return Pass(self.row, self.places[first:end], None if self.neighbours is None else self.neighbours[first:end])

    def renumbered(self, numbers: Places) -> "Pass":
        """The pass with position k of the grid renumbered to ``numbers[k]``."""
        neighbours = None if self.neighbours is None else numbers.take(self.neighbours.T).T
        return Pass(self.row, numbers[self.places], neighbours)


def passes(height: int, width: int, spacing: int) -> list[Pass]:
    """All positions of a grid, from coarse to fine, each once.

    First every ``spacing``-th in both directions; then, for each halving of the spacing, the centres of the squares,
    whose neighbours are the four corners, then the centres of the edges, with the four positions around them.
    """
    found = [Pass(0, _places(height, width, (0, 0), spacing), None)]
    while spacing > 1:
        half = spacing // 2
        centres = _places(height, width, (half, half), spacing)
        found.append(Pass(len(found), centres, _four_neighbours(height, width, centres, half, diagonal=True)))
        edges = [_places(height, width, first, spacing) for first in ((0, half), (half, 0))]
        both = np.concatenate(edges)
        found.append(Pass(len(found), both, _four_neighbours(height, width, both, half, diagonal=False)))
        spacing = half
    return [each for each in found if len(each.places)]


def _places(height: int, width: int, first: tuple[int, int], spacing: int) -> Places:
    rows, columns = np.arange(first[0], height, spacing), np.arange(first[1], width, spacing)
    return (rows[:, None] * width + columns).reshape(-1).astype(np.int32)


def _four_neighbours(height: int, width: int, places: Places, distance: int, diagonal: bool) -> Places:
    """Four neighbours of each place, (n, 4); one outside is replaced by that opposite, both by those across."""
    y, x = np.divmod(places, width)
    ys, xs = np.stack([y - distance, y + distance]), np.stack([x - distance, x + distance])  # (2, n) each
    ys, xs = np.where((ys < 0) | (ys >= height), ys[::-1], ys), np.where((xs < 0) | (xs >= width), xs[::-1], xs)
    if diagonal:
        return np.stack([ys[i] * width + xs[j] for i in (0, 1) for j in (0, 1)], 1).astype(np.int32)
    upright, level = ys * width + x, y * width + xs
    no_rows, no_columns = (ys[0] < 0) | (ys[0] >= height), (xs[0] < 0) | (xs[0] >= width)
    upright, level = np.where(no_rows, level, upright), np.where(no_columns, upright, level)
    return np.concatenate([upright, level]).T.astype(np.int32)
