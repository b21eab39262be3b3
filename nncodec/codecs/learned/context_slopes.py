"""What a coded value changes in the bits of others, whose contexts read it: a gradient through the contexts.

An encoder that chooses symbol by symbol sees the bits of each, but not what it makes of those that follow. But for
rounding, through which slopes pass, contexts are differentiable functions of the values that they read. The slope of
all other symbols' bits over a value moves that value's target.
"""

from collections.abc import Sequence

import numpy as np

from nncodec.codecs.learned.bitstream import UnitContexts
from nncodec.codecs.learned.context import LINEAR_BITS, GroupContext, Inputs
from nncodec.codecs.learned.grid import MEAN_ONE, N_PASSES, Channels, DecodedLatent, Split, lattices
from nncodec.codecs.learned.mean_slopes import add_means
from nncodec.codecs.learned.network_slopes import back, signed_slope, size_slope
from nncodec.codecs.learned.rows import HERE, OWN_TAPS, RING, TAPS, Rows, Tap
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
        planes, height, width = known.means.shape
        # over values, signed features and sizes; and over bordered means
        self._values, self._signed, self._sizes = (Split(planes, height, width, np.float32) for _ in range(3))
        self.means = np.zeros((planes, height + 2, width + 2), np.float32)

    def add_groups(self, contexts: UnitContexts, groups: int) -> None:
        """Add those of the symbols of groups 1 and on of a unit."""
        known = self._known
        for context in contexts.groups[: groups - 1]:
            for each in range(N_PASSES):
                for lattice in lattices(known.height, known.width, each):
                    for rows in Rows.of(known, context.inputs.means, each, lattice, _POSITIONS):
                        self._add(context, rows)

    def by_value(self) -> Floats:
        """Slopes (planes, h, w, CHANNELS) in bits a symbol."""
        values = self._known.latent().astype(np.float32)
        found: Floats = self._values.whole()
        found += self._signed.whole() * signed_slope(values)
        found += self._sizes.whole() * size_slope(values)
        found[..., 0] = _folded(_folded(self.means, 1), 2)
        found *= np.float32(MEAN_ONE)
        return found

    def _add(self, context: GroupContext, rows: Rows) -> None:
        features, values = context.gather(self._known, rows)
        coded = np.concatenate([rows.within(self._known.values, channel) for channel in context.inputs.own])
        layers = context.enter[rows.number], *context.hidden, context.leave
        linear: Floats = context.linear[rows.number].astype(np.float32) * np.float32(2.0**-LINEAR_BITS)
        own = coded.reshape(len(coded), -1).T  # (n, channels)
        guessed: Floats = (values.T @ linear).astype(np.float32)
        by_mean, by_feature = back(layers, features.T, guessed, own)
        by_value: Floats = linear @ by_mean.T
        self._scatter(context.inputs, rows, by_feature.reshape(-1, *rows.shape), by_value.reshape(-1, *rows.shape))

    def _scatter(self, inputs: Inputs, rows: Rows, features: Floats, values: Floats) -> None:
        """Bring slopes over what `GroupContext.gather` gathered to where it found it."""
        feature, value = _Taker(features), _Taker(values)

        def add(split: Split, channels: Channels, tap: Tap = HERE) -> None:
            taker = value if split is self._values else feature
            for channel in channels:
                taker.add_to(rows.within(split, channel, tap))

        for tap in TAPS:
            add(self._signed, inputs.signed, tap)
            add(self._values, inputs.signed, tap)
            add(self._sizes, inputs.sizes, tap)
        for tap in OWN_TAPS[rows.number]:
            add(self._signed, inputs.own, tap)
            add(self._sizes, inputs.own, tap)
            feature.take(1)
            add(self._values, inputs.own, tap)
        self._scatter_ring(inputs.means, rows, feature, value)
        add(self._signed, inputs.signed_here)
        add(self._values, inputs.signed_here)
        add(self._sizes, inputs.sizes_here)

    def _scatter_ring(self, planes: tuple[int, ...], rows: Rows, feature: "_Taker", value: "_Taker") -> None:
        """The same of the differences of local means."""
        differences = rows.differences().astype(np.float32)
        slopes = value.take(len(differences)) + feature.take(len(differences)) * signed_slope(differences)
        slopes += feature.take(len(differences)) * size_slope(differences)
        slopes = slopes.reshape(len(RING), len(planes), *rows.shape)
        for tap, of_tap in zip(RING, slopes, strict=True):
            for plane, slope in zip(planes, of_tap, strict=True):
                self.means[(plane, *rows.at(tap))] += slope
                self.means[(plane, *rows.at())] -= slope


class _Taker:
    """Takes the rows of an array from the first to the last."""

    def __init__(self, rows: Floats) -> None:
        self._rows, self._at = rows, 0

    def take(self, count: int) -> Floats:
        """The next rows."""
        self._at += count
        return self._rows[self._at - count : self._at]

    def add_to(self, target: Floats) -> None:
        """Add the next rows, as many as the target has."""
        target += self.take(len(target))


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
