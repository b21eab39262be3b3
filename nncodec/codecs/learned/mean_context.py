"""Contexts of group 0, the local means: coded from a coarse lattice to ever finer ones, each from sixteen neighbours.

The arithmetic is that of `nncodec.codecs.learned.context`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nncodec.codecs.learned.adaptation import Fine
from nncodec.codecs.learned.context import (
    Arrays,
    Doubles,
    Floats,
    Layer,
    Means,
    activated,
    finished,
    float_of,
    hidden_layers,
    run_blocks,
)
from nncodec.codecs.learned.grid import UNITS, DecodedLatent, Positions, signed_of, sizes_of
from nncodec.entropy.anchors import interpolate

SPACING = 16
"""Positions between those of the first pass, which have no neighbours yet."""
_CENTRE = (
    *((-1, -1), (-1, 1), (1, -1), (1, 1)),
    *((-1, -3), (-1, 3), (1, -3), (1, 3), (-3, -1), (-3, 1), (3, -1), (3, 1)),
    *((-3, -3), (-3, 3), (3, -3), (3, 3)),
)
_EDGE = (
    *((-1, 0), (1, 0), (0, -1), (0, 1)),
    *((-1, -2), (-1, 2), (1, -2), (1, 2), (-2, -1), (-2, 1), (2, -1), (2, 1)),
    *((-3, 0), (3, 0), (0, -3), (0, 3)),
)
"""Neighbours of the centre of a square of coded positions, and of the middle of an edge, in half spacings."""
NEAREST = 4
"""Neighbours whose mean is the first guess."""
N_ROWS = 9
"""Passes there can be; weights differ by their number."""
LOWEST = (6, 0)
"""Smallest scale index by unit: every position of brightness costs something, so that few bytes cannot claim many."""
_BLOCK = 4096


@dataclass(frozen=True)
class MeanPass:
    """Positions (n,) that are coded at once, and the distance of their neighbours."""

    row: int
    """Number of the pass, from 0."""
    y: Positions
    x: Positions
    distance: int
    offsets: tuple[tuple[int, int], ...]
    """(rows, columns) to the neighbours, in distances; none in the first pass."""

    def neighbours(self, part: slice, height: int, width: int) -> tuple[Positions, Positions, npt.NDArray[np.bool_]]:
        """Rows and columns of the neighbours of some positions, and whether there is one, each (n, 16).

        A neighbour outside is replaced by the one opposite along that axis.
        """
        y, x = self.y[part, None], self.x[part, None]
        down, right = (np.array(axis) * self.distance for axis in zip(*self.offsets, strict=True))
        ys, xs = y + down, x + right
        ys, xs = np.where((ys < 0) | (ys >= height), y - down, ys), np.where((xs < 0) | (xs >= width), x - right, xs)
        there = (ys >= 0) & (ys < height) & (xs >= 0) & (xs < width)
        return np.where(there, ys, 0), np.where(there, xs, 0), there


def mean_passes(height: int, width: int) -> list[MeanPass]:
    """The passes over a grid, from coarse to fine, each position once; those without positions are left out."""
    found = [MeanPass(0, *_grid(height, width, 0, 0, SPACING), 0, ())]
    distance, row = SPACING // 2, 1
    while distance:
        spacing = 2 * distance
        found.append(MeanPass(row, *_grid(height, width, distance, distance, spacing), distance, _CENTRE))
        upper, left = _grid(height, width, 0, distance, spacing), _grid(height, width, distance, 0, spacing)
        y, x = (np.concatenate(axis) for axis in zip(upper, left, strict=True))
        found.append(MeanPass(row + 1, y, x, distance, _EDGE))
        distance, row = distance // 2, row + 2
    return [each for each in found if len(each.y)]


def _grid(height: int, width: int, top: int, left: int, spacing: int) -> tuple[Positions, Positions]:
    """Rows and columns (n,) of every ``spacing``-th position, in reading order."""
    y, x = np.meshgrid(np.arange(top, height, spacing), np.arange(left, width, spacing), indexing="ij")
    return y.reshape(-1), x.reshape(-1)


@dataclass(frozen=True)
class MeanContext:
    """The network of group 0 of one unit, at one quality index."""

    planes: Sequence[int]
    """Of the unit."""
    others: Sequence[int]
    """Planes that are coded already, whose means are read at the neighbours and at the position itself."""
    enter: tuple[Layer, ...]
    """By pass."""
    hidden: tuple[Layer, ...]
    leave: tuple[Layer, ...]
    """By pass."""
    linear: Doubles
    """(N_ROWS, differences, planes), in units of 2^-LINEAR_BITS."""
    lowest: int

    def predict(self, known: DecodedLatent, each: MeanPass) -> tuple[Means, Fine]:
        """Means in 1/16 symbol and scale indices in 1/16, (n, planes), of a pass."""
        means = np.empty((len(each.y), len(self.planes)), np.int32)
        indices = np.empty(means.shape, np.int16)

        def block(first: int) -> None:
            part = slice(first, first + _BLOCK)
            means[part], indices[part] = self._block(known, each, part)

        run_blocks(block, range(0, len(each.y), _BLOCK))
        return means, indices

    def _block(self, known: DecodedLatent, each: MeanPass, part: slice) -> tuple[Doubles, Floats]:
        leave = self.leave[each.row]
        if not each.offsets:
            out = np.repeat(leave.bias[None], len(each.y[part]), 0)
            out[:, : len(self.planes)] = 0
            return finished(out, leave.bits, np.zeros((len(out), len(self.planes))))
        guesses, differences = self.differences(known, each, part)
        enter = self.enter[each.row]
        features = np.concatenate([signed_of(differences), sizes_of(differences)], 1, dtype=np.float32)
        x = activated(enter(features), enter.bits)  # (n, hidden)
        for layer in self.hidden:
            x = activated(layer(x), layer.bits)
        means, indices = finished(leave(x), leave.bits, differences.astype(np.float64) @ self.linear[each.row])
        return means + guesses, indices

    def differences(
        self, known: DecodedLatent, each: MeanPass, part: slice
    ) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
        """First guesses (n, planes), and what neighbours differ by from them (n, differences), in 1/16 symbol."""
        ys, xs, there = each.neighbours(part, known.height, known.width)
        near = there[:, :NEAREST]
        guesses, differences = [], []
        for plane in (*self.planes, *self.others):
            means = known.means[plane]
            around = means[ys, xs].astype(np.int32)  # (n, 16)
            count = near.sum(1, dtype=np.int32)
            guess = (2 * (around[:, :NEAREST] * near).sum(1) + count) // (2 * count)
            differences.append((around - guess[:, None]) * there)
            if plane in self.others:
                differences.append((means[each.y[part], each.x[part]] - guess)[:, None])
            else:
                guesses.append(guess)
        return np.stack(guesses, 1), np.concatenate(differences, 1)


def unpack(arrays: Mapping[str, Arrays], unit: int, quality: int) -> MeanContext:
    """The network of group 0 of a unit at a quality index, from the arrays of each network."""
    parts = arrays["yc"[unit] + "0"]
    bits = parts["bits"].tolist()
    moved, index = interpolate(parts["quality"], quality), interpolate(parts["index"], quality)
    weights = float_of(parts["enter"])
    enter = tuple(Layer(weights, float_of(row + moved), bits[0]) for row in parts["row"])
    last = float_of(parts["leave"])
    leave = tuple(Layer(last, float_of(row + index), bits[-1]) for row in parts["leave.row"])
    others = () if unit == 0 else (0,)
    return MeanContext(
        UNITS[unit], others, enter, hidden_layers(parts), leave, parts["linear"].astype(np.float64), LOWEST[unit]
    )
