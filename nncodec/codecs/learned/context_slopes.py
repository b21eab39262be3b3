"""What a coded value changes in the bits of others, whose contexts read it: a gradient through the contexts.

An encoder that chooses symbol by symbol sees the bits of each, but not what it makes of those that follow. But for
rounding, through which slopes pass, contexts are differentiable functions of the values that they read. The slope of
all other symbols' bits over a value moves that value's target.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from nncodec.codecs.learned.bitstream import UnitContexts
from nncodec.codecs.learned.context import LINEAR_BITS, OWN_TAPS, RING, TAPS, GroupContext
from nncodec.codecs.learned.grid import MEAN_ONE, N_PASSES, DecodedLatent, Lattice, lattices
from nncodec.codecs.learned.mean_slopes import add_means
from nncodec.codecs.learned.network_slopes import back, signed_slope, size_slope
from nncodec.lapped.decoder import Values
from nncodec.lapped.transform import Floats
from nncodec.threads import products_alone

_POSITIONS = 4096
"""Positions whose features are held in memory at once."""


class Slopes:
    """Slopes of the bits of symbols over the values that their contexts read.

    Args:
        known: the values of a whole picture.
    """

    def __init__(self, known: DecodedLatent) -> None:
        self._known = known
        # over values, signed features and sizes, each (planes, h + 2, w + 2, CHANNELS); and over bordered means
        self._values, self._signed, self._sizes = (np.zeros(known.values.shape, np.float32) for _ in range(3))
        self.means = np.zeros(known.values.shape[:3], np.float32)

    def add_groups(self, contexts: UnitContexts, groups: int) -> None:
        """Add those of the symbols of groups 1 and on of a unit."""
        known = self._known
        for context in contexts.groups[: groups - 1]:
            around = [known.bordered_means(plane) for plane in context.inputs.means]
            for each in range(N_PASSES):
                for lattice in lattices(known.height, known.width, each):
                    rows = max(1, _POSITIONS // lattice.width)
                    for top in range(0, lattice.height, rows):
                        part = slice(top, min(top + rows, lattice.height))
                        self._add(context, each, lattice, part, around)

    def by_value(self) -> Floats:
        """Slopes (planes, h, w, CHANNELS) in bits a symbol."""
        values = self._known.values.astype(np.float32)
        found = self._values + self._signed * signed_slope(values) + self._sizes * size_slope(values)
        found = found[:, 1:-1, 1:-1]
        found[..., 0] += _folded(_folded(self.means, 1), 2)
        slopes: Floats = found * np.float32(MEAN_ONE)
        return slopes

    def _add(
        self,
        context: GroupContext,
        number: int,
        lattice: Lattice,
        rows: slice,
        around: list[npt.NDArray[np.int32]],
    ) -> None:
        features, values = context.gather(self._known, number, lattice, rows, around)
        place = lattice.at(rows)
        coded = np.concatenate([self._known.values[(plane, *place, part)] for plane, part in context.inputs.own], -1)
        layers = context.enter[number], *context.hidden, context.leave
        linear = context.linear[number].astype(np.float32) * np.float32(2.0**-LINEAR_BITS)
        by_mean, by_feature = back(layers, features, values @ linear, coded.reshape(len(features), -1))
        shape = rows.stop - rows.start, lattice.width, -1
        self._scatter(context, number, lattice, rows, by_feature.reshape(shape), (by_mean @ linear.T).reshape(shape))

    def _scatter(
        self, context: GroupContext, number: int, lattice: Lattice, rows: slice, features: Floats, values: Floats
    ) -> None:
        """Bring slopes over the columns of `GroupContext.gather` to where it found them."""
        inputs, feature, value = context.inputs, _Taker(features), _Taker(values)
        for tap in TAPS:
            place = lattice.at(rows, *tap)
            for plane, part in inputs.signed:
                feature.add_to(self._signed[(plane, *place, part)])
                value.add_to(self._values[(plane, *place, part)])
            for plane, part in inputs.sizes:
                feature.add_to(self._sizes[(plane, *place, part)])
        for tap in OWN_TAPS[number]:
            place = lattice.at(rows, *tap)
            for target in (self._signed, self._sizes):
                for plane, part in inputs.own:
                    feature.add_to(target[(plane, *place, part)])
            feature.take(1)
            for plane, part in inputs.own:
                value.add_to(self._values[(plane, *place, part)])
        self._scatter_ring(context, lattice, rows, feature, value)
        here = lattice.at(rows)
        for plane, part in inputs.signed_here:
            feature.add_to(self._signed[(plane, *here, part)])
            value.add_to(self._values[(plane, *here, part)])
        for plane, part in inputs.sizes_here:
            feature.add_to(self._sizes[(plane, *here, part)])

    def _scatter_ring(
        self, context: GroupContext, lattice: Lattice, rows: slice, feature: "_Taker", value: "_Taker"
    ) -> None:
        """The same of the differences of local means."""
        planes = context.inputs.means
        count = len(RING) * len(planes)
        bordered = [self._known.bordered_means(plane) for plane in planes]
        signed, sizes, plain = feature.take(count), feature.take(count), value.take(count)
        here = lattice.at(rows)
        for number, tap in enumerate(RING):
            there = lattice.at(rows, *tap)
            for at, plane in enumerate(planes):
                column = number * len(planes) + at
                difference = (bordered[at][there] - bordered[at][here]).astype(np.float32)
                slope = plain[..., column] + signed[..., column] * signed_slope(difference)
                slope += sizes[..., column] * size_slope(difference)
                self.means[(plane, *there)] += slope
                self.means[(plane, *here)] -= slope


class _Taker:
    """Takes the columns of an array from left to right."""

    def __init__(self, columns: Floats) -> None:
        self._columns, self._at = columns, 0

    def take(self, count: int) -> Floats:
        """The next columns."""
        self._at += count
        return self._columns[..., self._at - count : self._at]

    def add_to(self, target: Floats) -> None:
        """Add the next columns, as many as the target has."""
        target += self.take(target.shape[-1])


def slopes_of(values: Values, contexts: list[UnitContexts], groups: Sequence[int]) -> Floats:
    """Slopes (P, h, w, CHANNELS) of the bits of all symbols over the values (in 1/16 symbol) in contexts of others.

    In bits a symbol. ``groups`` are those coded of each unit.
    """
    known = DecodedLatent.of(values)
    slopes = Slopes(known)
    with products_alone():
        for unit, count in zip(contexts, groups, strict=False):
            add_means(unit.mean, known, slopes.means)
            slopes.add_groups(unit, count)
    return slopes.by_value()


def _folded(bordered: Floats, axis: int) -> Floats:
    """Without a border of one position, whose slopes belong to the positions it repeats."""
    found = np.moveaxis(bordered, axis, 0)
    inner = found[1:-1].copy()
    inner[0] += found[0]
    inner[-1] += found[-1]
    return np.moveaxis(inner, 0, axis)
