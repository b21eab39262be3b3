"""What both sides know while the lapped latent is coded, and the distributions that follow from it.

One small network for each plane and group of channels: one hidden layer of leaky ReLUs over magnitudes around a
symbol gives a scale index, a linear map over values around it a mean. All in exact arithmetic: float64 holds integers
whose sums stay far below 2^53, so neither the order of sums nor the library matters. Nor do factors that are powers of
two, with which weights are scaled beforehand, so that rounding down is all that is left to do after a product.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from nncodec.entropy.bands import CHANNELS, GROUPS, MEAN_SPACING, N_GROUPS, OTHER_SPACING, PLANES, Pass, passes
from nncodec.entropy.coder import Indices, Symbols
from nncodec.entropy.exact import Integers, interpolate
from nncodec.entropy.layout import LEAK, N_ANCHORS, N_SCALES
from nncodec.errors import UnsupportedFile
from nncodec.threads import in_parallel

T = TypeVar("T", bound=np.generic)
Means = npt.NDArray[np.int32]
At = Integers | slice
"""Positions."""

MEAN_ONE = 16
"""Means and values are multiples of 1/16 of a symbol."""
VALUE_LIMIT = 32767
"""Values saturate at plus or minus this."""
N_MEANS = 5
"""Groups, from 0, whose means are predicted; those of all others are 0. They are always coded."""
HIDDEN = 16
WEIGHT_BITS = 12
FEATURE_BITS = 7
HIDDEN_BITS = 8
_ENTER_UNIT = 2.0 ** (HIDDEN_BITS - FEATURE_BITS - WEIGHT_BITS)
"""What sums over features are multiplied by to be in the hidden units' unit."""
INDEX_SHIFT = WEIGHT_BITS + HIDDEN_BITS - 2
"""The output is in quarters of a scale index, in units of 2^-20."""
MEAN_FLOOR = 6
"""Smallest scale index of group 0 of the first plane, so that every position of the latent costs something."""
_BLOCK = 1536
"""Places whose features are held in memory at once: some fit the cache, and many make calls rare."""
_PARALLEL_FROM = 6
"""Blocks in a pass from which threads share them."""
_PIECE = 384
"""Rows in one matrix product: OpenBLAS multiplies small matrices where they are, in half of the time."""


@cache
def n_passes(group: int) -> int:
    """Rows of the weights that differ by pass."""
    return len(passes(2 * MEAN_SPACING, 2 * MEAN_SPACING, _spacing(group)))


def _spacing(group: int) -> int:
    return OTHER_SPACING if group else MEAN_SPACING


class Known:
    """Values coded so far of all planes of a latent of height x width positions.

    Positions lie in the order of coding, so that the passes of all groups but the first are contiguous: ``order`` (n,)
    holds the place of each in the grid, and `in_grid` moves what is known of them there.

    ``values`` (planes, n, 64) int16 in 1/16 symbol; ``sizes`` (planes, n, 64) uint8, magnitudes on a logarithmic
    scale; ``around`` (planes, n, 64) uint16, 12 times the mean of the eight sizes around, of finished groups.
    """

    def __init__(self, height: int, width: int, planes: int, sizes_of: Integers) -> None:
        self.height, self.width = height, width
        shape = planes, height * width, CHANNELS
        self.values = np.zeros(shape, np.int16)
        self.sizes = np.zeros(shape, np.uint8)
        self.around = np.zeros(shape, np.uint16)
        self._sizes_of = sizes_of.astype(np.uint8)
        found = {spacing: passes(height, width, spacing) for spacing in (MEAN_SPACING, OTHER_SPACING)}
        self.order = np.concatenate([each.places for each in found[OTHER_SPACING]])
        self._rank = np.argsort(self.order).astype(np.int32)
        self._passes = {spacing: [each.renumbered(self._rank) for each in found[spacing]] for spacing in found}

    def passes(self, group: int) -> list[Pass]:
        """The passes in which a group is coded, of positions in the order of coding."""
        return self._passes[_spacing(group)]

    def in_grid(self, array: npt.NDArray[T]) -> npt.NDArray[T]:
        """The same array (..., n, channels) with its positions in the order of the grid, row by row."""
        return array.take(self._rank, axis=-2)

    def latent(self) -> npt.NDArray[np.int16]:
        """(planes, height, width, 64) values in the grid; when all is coded, as it moves them within their memory."""
        for plane in self.values:
            plane[:] = self.in_grid(plane)
        return self.values.reshape(-1, self.height, self.width, CHANNELS)

    def size(self, magnitudes: Integers) -> npt.NDArray[np.uint8]:
        """Magnitudes in 1/16 symbol on a logarithmic scale."""
        return self._sizes_of.take(magnitudes, mode="clip")

    def put(self, plane: int, group: int, places: At, symbols: Symbols, means: Means) -> None:
        """Take in symbols (n, channels of the group)."""
        shown = MEAN_ONE * symbols
        values = (shown + means).clip(-VALUE_LIMIT, VALUE_LIMIT)
        self.values[plane, places, GROUPS[group]] = values
        self.sizes[plane, places, GROUPS[group]] = self.size(np.abs(values if group else shown))

    def finish(self, plane: int, group: int) -> None:
        """All passes of a group are done."""
        sizes = self.in_grid(self.sizes[plane, :, GROUPS[group]]).reshape(self.height, self.width, -1)
        padded = np.zeros((self.height + 2, self.width + 2, sizes.shape[2]), np.uint16)
        padded[1:-1, 1:-1] = sizes
        rows = padded[:-2] + 2 * padded[1:-1] + padded[2:]
        total = rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:] - 4 * padded[1:-1, 1:-1]
        self.around[plane, :, GROUPS[group]] = total.reshape(len(self.order), -1).take(self.order, axis=0)

    @cached_property
    def nine(self) -> npt.NDArray[np.int32]:
        """(n, 9): the places of each 3 x 3 neighbourhood, clamped to the grid."""
        y, x = np.divmod(self.order, self.width)
        ys = [np.clip(y + d, 0, self.height - 1) for d in (-1, 0, 1)]
        xs = [np.clip(x + d, 0, self.width - 1) for d in (-1, 0, 1)]
        return np.stack([self._rank[row * self.width + column] for row in ys for column in xs], 1)

    def signed(self, plane: int, group: int, places: At, leans: Integers | None) -> npt.NDArray[np.float64]:
        """(n, `n_signed`) values around each place, for the means of a group below N_MEANS."""
        return Surroundings(self, plane, group).signed(places, leans)

    def magnitudes(
        self, plane: int, group: int, places: At, leans: Integers | None, means: Means
    ) -> npt.NDArray[np.float64]:
        """(n, `n_magnitudes`) sizes around each place, times 12."""
        return Surroundings(self, plane, group).sizes(places, leans, means) * units(plane, group)


class Surroundings:
    """What is known around the places of one plane's group, until more of that group is put."""

    def __init__(self, known: Known, plane: int, group: int) -> None:
        self._known, self._plane, self._group = known, plane, group
        own = GROUPS[group]
        self._own, self._width = own, own.stop - own.start

    @cached_property
    def _sizes(self) -> npt.NDArray[np.uint8]:
        """(n, channels of the group), copied so that rows can be gathered; so are the other two."""
        return np.ascontiguousarray(self._known.sizes[self._plane, :, self._own])

    @cached_property
    def _values(self) -> npt.NDArray[np.int16]:
        return np.ascontiguousarray(self._known.values[self._plane, :, self._own])

    @cached_property
    def _earlier(self) -> npt.NDArray[np.int16]:
        return np.ascontiguousarray(self._known.values[self._plane, :, : self._own.start])

    def signed(self, places: At, leans: Integers | None) -> npt.NDArray[np.float64]:
        """See `Known.signed`."""
        known, own = self._known, self._own
        here = known.values[self._plane, places, own]
        n = len(here)
        near = np.zeros((n, 4, self._width), np.int16) if leans is None else self._values.take(leans, axis=0)
        parts: list[npt.NDArray[np.generic]] = [near.reshape(n, 4 * self._width)]
        if self._group:
            parts.append(self._earlier.take(known.nine[places], axis=0).reshape(n, 9 * own.start))
            parts += [known.values[other, places, own] for other in range(self._plane)]
        return np.concatenate(parts, 1, dtype=np.float64)

    def sizes(self, places: At, leans: Integers | None, means: Means) -> npt.NDArray[np.float64]:
        """`Known.magnitudes`, divided by their `units`: as they are kept."""
        known, plane, own = self._known, self._plane, self._own
        near: npt.NDArray[np.unsignedinteger] = np.zeros((len(means), self._width), np.uint8)
        if leans is not None and self._group:
            near = self._sizes.take(leans.T, axis=0).sum(0, dtype=np.uint16)
        elif leans is not None:
            off = self._values[:, 0].take(leans).astype(np.int32) - means
            near = known.size(np.abs(off)).sum(1, keepdims=True, dtype=np.uint16)
        parts: list[npt.NDArray[np.generic]] = [near]
        if self._group:
            parts += [known.sizes[plane, places, : own.start], known.around[plane, places, : own.start]]
        for other in range(plane):
            parts += [known.sizes[other, places, own], known.around[other, places, own]]
        return np.concatenate(parts, 1, dtype=np.float64)


def n_signed(plane: int, group: int) -> int:
    """Columns of `Known.signed`; 0 for a group without means."""
    own = GROUPS[group]
    width = own.stop - own.start
    return 0 if group >= N_MEANS else 4 * width + (9 * own.start + plane * width if group else 0)


def n_magnitudes(plane: int, group: int) -> int:
    """Columns of `Known.magnitudes`."""
    own = GROUPS[group]
    return (1 + 2 * plane) * (own.stop - own.start) + 2 * own.start


@cache
def units(plane: int, group: int) -> npt.NDArray[np.float64]:
    """(`n_magnitudes`,) the unit of each of `Known.counts`, in 1/12 of a size."""
    own, near = GROUPS[group], 3
    width = own.stop - own.start
    earlier = [12] * own.start + [1] * own.start
    return np.array([near] * width + earlier + ([12] * width + [1] * width) * plane, np.float64)


def shapes(plane: int, group: int) -> dict[str, tuple[int, ...]]:
    """Shapes of the weights of one plane's group, by name."""
    width, rows = GROUPS[group].stop - GROUPS[group].start, n_passes(group)
    return {
        "enter": (n_magnitudes(plane, group), HIDDEN),
        "pass": (rows, HIDDEN),
        "quality": (N_ANCHORS, HIDDEN),
        "leave": (HIDDEN, width),
        "index": (N_ANCHORS, width),
        "mean": (rows, n_signed(plane, group), width),
    }


@dataclass(frozen=True)
class Weights:
    """Of one plane's group, at one quality index: integers held in float64."""

    enter: npt.NDArray[np.float64]
    bias: npt.NDArray[np.float64]
    """(passes, HIDDEN)"""
    leave: npt.NDArray[np.float64]
    index: npt.NDArray[np.float64]
    mean: npt.NDArray[np.float64]


def unpack(arrays: dict[str, Integers], quality: int) -> list[list[Weights]]:
    """Weights by plane and group, from the flat arrays ``context.enter`` and so on.

    Raises UnsupportedFile if the arrays are not as long as they must be.
    """
    at = dict.fromkeys(shapes(0, 0), 0)
    found: list[list[Weights]] = []
    for plane in range(PLANES):
        found.append([])
        for group in range(N_GROUPS):
            parts = {}
            for name, shape in shapes(plane, group).items():
                end = at[name] + int(np.prod(shape))
                parts[name] = arrays[f"context.{name}"][at[name] : end].astype(np.int64)
                if parts[name].size != end - at[name]:
                    raise UnsupportedFile(f"the weights 'context.{name}' are damaged")
                parts[name], at[name] = parts[name].reshape(shape), end
            bias = parts["pass"] + interpolate(parts["quality"], quality)
            index = interpolate(parts["index"], quality)
            each = (parts["enter"], bias, parts["leave"], index, parts["mean"])
            found[-1].append(Weights(*(part.astype(np.float64) for part in each)))
    return found


def step(known: Known, weights: Weights, plane: int, group: int, each: Pass) -> tuple[Means, Indices]:
    """Means in 1/16 symbol and scale indices of one pass over a group, both (n, channels of the group)."""
    n, width = len(each.places), weights.index.size
    means, indices = np.zeros((n, width), np.int32), np.empty((n, width), np.uint8)
    around, enter = Surroundings(known, plane, group), weights.enter * (_ENTER_UNIT * units(plane, group)[:, None])

    def block(first: int) -> None:
        part, own = each.part(first, first + _BLOCK), slice(first, first + _BLOCK)
        if group < N_MEANS:
            means[own] = _means(around.signed(part.at, part.leans), weights.mean[each.row])
        sizes = around.sizes(part.at, part.leans, means[own])
        indices[own] = _indices(_product(sizes, enter), weights, each.row, lowest_index(plane, group))

    _run(block, range(0, n, _BLOCK))
    return means, indices


def _run(block: Callable[[int], None], starts: range) -> None:
    """By several threads, but for small pictures, where starting them takes longer."""
    if len(starts) < _PARALLEL_FROM:
        for first in starts:
            block(first)
    else:
        in_parallel(block, starts)


def _means(values: npt.NDArray[np.float64], weights: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    means = _product(values, weights * 2.0**-WEIGHT_BITS)
    means += 0.5
    np.floor(means, out=means)
    return np.clip(means, -VALUE_LIMIT, VALUE_LIMIT, out=means)


def _indices(hidden: npt.NDArray[np.float64], weights: Weights, row: int, low: int) -> npt.NDArray[np.float64]:
    hidden += _ENTER_UNIT * weights.bias[row]
    np.maximum(hidden, hidden * LEAK, out=hidden)
    hidden += 0.5
    np.floor(hidden, out=hidden)
    indices = _product(hidden, weights.leave * 2.0**-INDEX_SHIFT)
    indices += weights.index * 2.0**-INDEX_SHIFT + 0.5
    return np.clip(indices, low, N_SCALES - 1, out=indices)


def _product(rows: npt.NDArray[np.float64], weights: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """rows @ weights, piece by piece."""
    out = np.empty((len(rows), weights.shape[1]))
    for at in range(0, len(rows), _PIECE):
        np.matmul(rows[at : at + _PIECE], weights, out=out[at : at + _PIECE])
    return out


def lowest_index(plane: int, group: int) -> int:
    """Smallest scale index of a group."""
    return 0 if plane or group else MEAN_FLOOR
