"""The decoded part of the lapped latent, and the inputs of the contexts around each of its places.

Encoder and decoder hold the same one at every moment. `nncodec.lapped.context` computes distributions from it.
"""

from functools import cache, cached_property
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from nncodec.entropy.anchors import Integers
from nncodec.entropy.coder import Symbols
from nncodec.lapped.layout import CHANNELS, GROUPS, MEAN_SPACING, OTHER_SPACING, Pass, passes

T = TypeVar("T", bound=np.generic)
Means = npt.NDArray[np.int32]
At = Integers | slice
"""Positions."""

MEAN_ONE = 16
"""Means and values are multiples of 1/16 of a symbol."""
VALUE_LIMIT = 32767
"""Values saturate at plus or minus this."""
N_MEANS = 5
"""The first groups, whose means are predicted; those of all others are 0. They are always coded."""


@cache
def n_passes(group: int) -> int:
    """Number of passes of a group on a large grid: rows of the weights that differ by pass."""
    return len(passes(2 * MEAN_SPACING, 2 * MEAN_SPACING, _spacing(group)))


def _spacing(group: int) -> int:
    return OTHER_SPACING if group else MEAN_SPACING


class DecodedLatent:
    """Values coded so far of all planes of a latent of height x width positions, n in all.

    Positions lie in the order of coding, so that the passes of all groups but the first are contiguous: ``order`` (n,)
    holds the place of each in the grid, and `in_grid` reorders arrays to the grid.

    Attributes:
        values: (planes, n, 64) int16, in 1/16 symbol.
        sizes: (planes, n, 64) uint8, magnitudes of the values on a logarithmic scale.
        ring_sums: (planes, n, 64) uint16, of finished groups: 12 times the mean of the eight sizes around a position.

    Args:
        height, width: of the grid.
        planes: 1 for gray, 3 for colour.
        sizes_of: (4096,) the size of each magnitude in 1/16 symbol; larger ones have that of the last.
    """

    def __init__(self, height: int, width: int, planes: int, sizes_of: Integers) -> None:
        self.height, self.width = height, width
        shape = planes, height * width, CHANNELS
        self.values = np.zeros(shape, np.int16)
        self.sizes = np.zeros(shape, np.uint8)
        self.ring_sums = np.zeros(shape, np.uint16)
        self._sizes_of = sizes_of.astype(np.uint8)
        found = {spacing: passes(height, width, spacing) for spacing in (MEAN_SPACING, OTHER_SPACING)}
        self.order = np.concatenate([each.places for each in found[OTHER_SPACING]])
        self._rank = np.argsort(self.order).astype(np.int32)
        self._passes = {spacing: [each.renumbered(self._rank) for each in found[spacing]] for spacing in found}

    def passes(self, group: int) -> list[Pass]:
        """The passes in which a group is coded, of positions in the order of coding."""
        return self._passes[_spacing(group)]

    def in_grid(self, array: npt.NDArray[T]) -> npt.NDArray[T]:
        """Reorder an array (..., n, channels) from the order of coding to that of the grid, row by row."""
        return array.take(self._rank, axis=-2)

    def latent(self) -> npt.NDArray[np.int16]:
        """The values in the grid, (planes, height, width, 64), reordered in place: call it once, at the end."""
        for plane in self.values:
            plane[:] = self.in_grid(plane)
        return self.values.reshape(-1, self.height, self.width, CHANNELS)

    def size(self, magnitudes: Integers) -> npt.NDArray[np.uint8]:
        """Logarithmic sizes of magnitudes in 1/16 symbol."""
        return self._sizes_of.take(magnitudes, mode="clip")

    def put(self, plane: int, group: int, places: At, symbols: Symbols, means: Means) -> None:
        """Put in symbols (n, channels of the group) at places (n,), with their means in 1/16 symbol."""
        scaled = MEAN_ONE * symbols
        values = (scaled + means).clip(-VALUE_LIMIT, VALUE_LIMIT)
        self.values[plane, places, GROUPS[group]] = values
        self.sizes[plane, places, GROUPS[group]] = self.size(np.abs(values if group else scaled))

    def finish(self, plane: int, group: int) -> None:
        """Compute the ring sums of a group whose passes are all done."""
        sizes = self.in_grid(self.sizes[plane, :, GROUPS[group]]).reshape(self.height, self.width, -1)  # (h, w, c)
        padded = np.zeros((self.height + 2, self.width + 2, sizes.shape[2]), np.uint16)
        padded[1:-1, 1:-1] = sizes
        rows = padded[:-2] + 2 * padded[1:-1] + padded[2:]  # (h, w + 2, c): weights 1, 2, 1 down
        total = rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:] - 4 * padded[1:-1, 1:-1]
        self.ring_sums[plane, :, GROUPS[group]] = total.reshape(len(self.order), -1).take(self.order, axis=0)

    @cached_property
    def window3x3(self) -> npt.NDArray[np.int32]:
        """Places of each 3 x 3 window, (n, 9), clamped to the grid."""
        y, x = np.divmod(self.order, self.width)
        ys = [np.clip(y + d, 0, self.height - 1) for d in (-1, 0, 1)]
        xs = [np.clip(x + d, 0, self.width - 1) for d in (-1, 0, 1)]
        return np.stack([self._rank[row * self.width + column] for row in ys for column in xs], 1)

    def signed(self, plane: int, group: int, places: At, neighbours: Integers | None) -> npt.NDArray[np.float64]:
        """Values around each place, (n, `n_signed`), for the means of a group below N_MEANS."""
        return ContextInputs(self, plane, group).signed(places, neighbours)

    def features(
        self, plane: int, group: int, places: At, neighbours: Integers | None, means: Means
    ) -> npt.NDArray[np.float64]:
        """Sizes around each place, times 12: (n, `n_features`)."""
        return ContextInputs(self, plane, group).sizes(places, neighbours, means) * units(plane, group)


class ContextInputs:
    """The inputs of the contexts of one group of one plane. They are stale once more of that group is put in."""

    def __init__(self, known: DecodedLatent, plane: int, group: int) -> None:
        self._known, self._plane, self._group = known, plane, group
        own = GROUPS[group]
        self._own, self._width = own, own.stop - own.start

    @cached_property
    def _sizes(self) -> npt.NDArray[np.uint8]:
        """Sizes of the group, (n, channels), as a copy: gathering rows of a contiguous array is fast."""
        return np.ascontiguousarray(self._known.sizes[self._plane, :, self._own])

    @cached_property
    def _values(self) -> npt.NDArray[np.int16]:
        """Values of the group, (n, channels), as a copy."""
        return np.ascontiguousarray(self._known.values[self._plane, :, self._own])

    @cached_property
    def _earlier(self) -> npt.NDArray[np.int16]:
        """Values of all earlier groups, (n, channels), as a copy."""
        return np.ascontiguousarray(self._known.values[self._plane, :, : self._own.start])

    def signed(self, places: At, neighbours: Integers | None) -> npt.NDArray[np.float64]:
        """See `DecodedLatent.signed`."""
        known, own = self._known, self._own
        here = known.values[self._plane, places, own]
        n = len(here)
        near = np.zeros((n, 4, self._width), np.int16) if neighbours is None else self._values.take(neighbours, axis=0)
        parts: list[npt.NDArray[np.generic]] = [near.reshape(n, 4 * self._width)]
        if self._group:
            parts.append(self._earlier.take(known.window3x3[places], axis=0).reshape(n, 9 * own.start))
            parts += [known.values[other, places, own] for other in range(self._plane)]
        return np.concatenate(parts, 1, dtype=np.float64)

    def sizes(self, places: At, neighbours: Integers | None, means: Means) -> npt.NDArray[np.float64]:
        """The columns of `DecodedLatent.features` before they are multiplied by `units`."""
        known, plane, own = self._known, self._plane, self._own
        near: npt.NDArray[np.unsignedinteger] = np.zeros((len(means), self._width), np.uint8)
        if neighbours is not None and self._group:
            near = self._sizes.take(neighbours.T, axis=0).sum(0, dtype=np.uint16)  # (n, channels)
        elif neighbours is not None:
            off = self._values[:, 0].take(neighbours).astype(np.int32) - means  # (n, 4)
            near = known.size(np.abs(off)).sum(1, keepdims=True, dtype=np.uint16)
        parts: list[npt.NDArray[np.generic]] = [near]
        if self._group:
            parts += [known.sizes[plane, places, : own.start], known.ring_sums[plane, places, : own.start]]
        for other in range(plane):
            parts += [known.sizes[other, places, own], known.ring_sums[other, places, own]]
        return np.concatenate(parts, 1, dtype=np.float64)


def n_signed(plane: int, group: int) -> int:
    """Number of columns of `DecodedLatent.signed`; 0 for a group without means."""
    own = GROUPS[group]
    width = own.stop - own.start
    return 0 if group >= N_MEANS else 4 * width + (9 * own.start + plane * width if group else 0)


def n_features(plane: int, group: int) -> int:
    """Number of columns of `DecodedLatent.features`."""
    own = GROUPS[group]
    return (1 + 2 * plane) * (own.stop - own.start) + 2 * own.start


@cache
def units(plane: int, group: int) -> npt.NDArray[np.float64]:
    """Factors (`n_features`,) from the columns of `ContextInputs.sizes` to units of 1/12 of a size.

    `DecodedLatent.ring_sums` is in that unit already; the four neighbours count a quarter each.
    """
    own, near = GROUPS[group], 3
    width = own.stop - own.start
    earlier = [12] * own.start + [1] * own.start
    return np.array([near] * width + earlier + ([12] * width + [1] * width) * plane, np.float64)
