"""What both sides know while the lapped latent is coded, and the distributions that follow from it.

One small network for each plane and group of channels: one hidden layer of leaky ReLUs over magnitudes around a
symbol gives a scale index, a linear map over values around it a mean. All in exact arithmetic: float64 holds integers
whose sums stay far below 2^53, so neither the order of sums nor the library matters.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from nncodec.entropy.bands import CHANNELS, GROUPS, MEAN_SPACING, N_GROUPS, OTHER_SPACING, PLANES, Pass, passes
from nncodec.entropy.coder import Indices, Symbols
from nncodec.entropy.exact import Integers, interpolate
from nncodec.entropy.layout import N_ANCHORS, N_SCALES
from nncodec.errors import UnsupportedFile

Means = npt.NDArray[np.int32]

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
INDEX_SHIFT = WEIGHT_BITS + HIDDEN_BITS - 2
"""The output is in quarters of a scale index, in units of 2^-20."""
MEAN_FLOOR = 6
"""Smallest scale index of group 0 of the first plane, so that every position of the latent costs something."""
_BLOCK = 1 << 14
"""Places whose features are held in memory at once."""


def n_passes(group: int) -> int:
    """Rows of the weights that differ by pass."""
    return len(passes(2 * MEAN_SPACING, 2 * MEAN_SPACING, _spacing(group)))


def _spacing(group: int) -> int:
    return OTHER_SPACING if group else MEAN_SPACING


class Known:
    """Values coded so far of all planes of a latent of height x width positions.

    ``values`` (planes, n, 64) int16 in 1/16 symbol; ``sizes`` (planes, n, 64) uint8, magnitudes on a logarithmic
    scale; ``around`` (planes, n, 64) uint16, 12 times the mean of the eight sizes around, of finished groups.
    """

    def __init__(self, height: int, width: int, planes: int, sizes_of: Integers) -> None:
        self.height, self.width = height, width
        shape = planes, height * width, CHANNELS
        self.values = np.zeros(shape, np.int16)
        self.sizes = np.zeros(shape, np.uint8)
        self.around = np.zeros(shape, np.uint16)
        self._sizes_of = sizes_of
        self._passes = {spacing: passes(height, width, spacing) for spacing in (MEAN_SPACING, OTHER_SPACING)}

    def passes(self, group: int) -> list[Pass]:
        """The passes in which a group is coded."""
        return self._passes[_spacing(group)]

    def size(self, magnitudes: Integers) -> npt.NDArray[np.uint8]:
        """Magnitudes in 1/16 symbol on a logarithmic scale."""
        return self._sizes_of[np.minimum(magnitudes, len(self._sizes_of) - 1)].astype(np.uint8)

    def put(self, plane: int, group: int, places: Integers, symbols: Symbols, means: Means) -> None:
        """Take in symbols (n, channels of the group)."""
        values = (MEAN_ONE * symbols.astype(np.int64) + means).clip(-VALUE_LIMIT, VALUE_LIMIT)
        self.values[plane, places, GROUPS[group]] = values
        shown = values if group else MEAN_ONE * symbols.astype(np.int64)
        self.sizes[plane, places, GROUPS[group]] = self.size(np.abs(shown))

    def finish(self, plane: int, group: int) -> None:
        """All passes of a group are done."""
        sizes = self.sizes[plane, :, GROUPS[group]].reshape(self.height, self.width, -1)
        padded = np.pad(sizes.astype(np.uint16), ((1, 1), (1, 1), (0, 0)))
        rows = padded[:-2] + 2 * padded[1:-1] + padded[2:]
        total = rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:] - 4 * sizes.astype(np.uint16)
        self.around[plane, :, GROUPS[group]] = total.reshape(self.height * self.width, -1)

    @cached_property
    def _nine(self) -> npt.NDArray[np.int32]:
        """(n, 9): the places of each 3 x 3 neighbourhood, clamped to the grid."""
        y, x = np.divmod(np.arange(self.height * self.width), self.width)
        ys = [np.clip(y + d, 0, self.height - 1) for d in (-1, 0, 1)]
        xs = [np.clip(x + d, 0, self.width - 1) for d in (-1, 0, 1)]
        return np.stack([row * self.width + column for row in ys for column in xs], 1).astype(np.int32)

    def signed(self, plane: int, group: int, places: Integers, leans: Integers | None) -> npt.NDArray[np.float64]:
        """(n, `n_signed`) values around each place, for the means of a group below N_MEANS."""
        own, n = GROUPS[group], len(places)
        values = self.values[plane]
        near = np.zeros((n, 4, own.stop - own.start)) if leans is None else values[leans, own]
        parts: list[npt.NDArray[np.generic]] = [near.reshape(n, 4 * (own.stop - own.start))]
        if group:
            parts.append(values[self._nine[places], : own.start].reshape(n, 9 * own.start))
            parts += [self.values[other, places, own] for other in range(plane)]
        return np.concatenate(parts, 1, dtype=np.float64)

    def magnitudes(
        self, plane: int, group: int, places: Integers, leans: Integers | None, means: Means
    ) -> npt.NDArray[np.float64]:
        """(n, `n_magnitudes`) sizes around each place, times 12."""
        own, sizes = GROUPS[group], self.sizes[plane]
        near: npt.NDArray[np.floating] = np.zeros((len(places), own.stop - own.start))
        if leans is not None and group:
            near = 3 * sizes[leans, own].sum(1, dtype=np.float64)
        elif leans is not None:
            off = self.values[plane][leans, 0].astype(np.int32) - means
            near = 3 * self.size(np.abs(off)).sum(1, keepdims=True, dtype=np.float64)
        parts: list[npt.NDArray[np.generic]] = [near]
        if group:
            parts += [12.0 * sizes[places, : own.start], self.around[plane, places, : own.start]]
        for other in range(plane):
            parts += [12.0 * self.sizes[other, places, own], self.around[other, places, own]]
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
    blocks = range(0, len(each.places), _BLOCK)
    parts = [_block(known, weights, plane, group, each, slice(at, at + _BLOCK)) for at in blocks]
    means, indices = zip(*parts, strict=True)
    return np.concatenate(means), np.concatenate(indices)


def _block(known: Known, weights: Weights, plane: int, group: int, each: Pass, part: slice) -> tuple[Means, Indices]:
    places, leans = each.places[part], None if each.leans is None else each.leans[part]
    means = np.zeros((len(places), weights.index.size), np.int32)
    if group < N_MEANS:
        total = known.signed(plane, group, places, leans) @ weights.mean[each.row]
        means = _rounded(total, WEIGHT_BITS).clip(-VALUE_LIMIT, VALUE_LIMIT).astype(np.int32)
    hidden = known.magnitudes(plane, group, places, leans, means) @ weights.enter + weights.bias[each.row]
    hidden = _rounded(np.where(hidden < 0, hidden / 8, hidden), WEIGHT_BITS + FEATURE_BITS - HIDDEN_BITS)
    index = _rounded(hidden @ weights.leave + weights.index, INDEX_SHIFT)
    return means, index.clip(lowest_index(plane, group), N_SCALES - 1).astype(np.uint8)


def lowest_index(plane: int, group: int) -> int:
    """Smallest scale index of a group."""
    return 0 if plane or group else MEAN_FLOOR


def _rounded(x: npt.NDArray[np.float64], shift: int) -> npt.NDArray[np.float64]:
    """Divide by 2^shift and round, halves up."""
    return np.floor(x * 2.0**-shift + 0.5)
