"""Scale indices that follow the picture: offsets learned from the symbols coded so far, at no cost in bytes.

The contexts know what training pictures are like. Where a picture is unlike them, symbols are larger or smaller than
their scale indices say, by channel and by index. After every step encoder and decoder move offsets of the indices by
Newton's method: the slope of the symbols' cost over their index, divided by its curvature. All of it is in whole
numbers, exact on every machine.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nncodec.entropy.coder import Indices, Symbols
from nncodec.entropy.scales import N_SCALES
from nncodec.entropy.tables import TOTAL, Tables

Fine = npt.NDArray[np.int16]
"""Scale indices in 1/16, not yet clamped to those there are."""
Whole = npt.NDArray[np.int64]

FINE_BITS = 4
"""Binary places of the scale indices that contexts give."""
MAGNITUDES = 256
"""Magnitudes of symbols that are told apart; larger ones count as the largest."""
_COST_ONE = 64
"""Costs are multiples of 1/64 bit."""
_SLOPE_LIMIT = 6 * _COST_ONE
"""Slopes, in 1/128 bit an index, saturate at 3 bits."""
_REACH = 4
"""Indices above and below between which slopes are taken: distributions of neighbours differ by chance."""
_RARE = 256
"""Frequency below which entries are too rare to tell distributions apart."""
_LN2, _CURVATURE_SHIFT = 177, 34
"""The natural logarithm of 2 in 1/256, and the shift that makes of it and of squared slopes curvatures in 2^-12 bit."""
_STEP = 1 << 13
"""Slopes times this over curvatures are offsets in 1/256 index."""
_OFFSET_BITS, _LIMIT = 8, 8 << 8
"""Binary places of offsets, and their largest magnitude."""
_CHANNEL_PRIOR, _INDEX_PRIOR = 5 << 12, 10 << 12
"""Curvature that keeps an offset where it begins: of a channel, and of an index."""
_KEPT = 13
"""Sixteenths of the mean offset of a group at which the next group begins."""


def rounded(fine: Fine, lowest: int) -> Indices:
    """Scale indices from those in 1/16, from ``lowest`` on."""
    return ((fine + (1 << FINE_BITS - 1)) >> FINE_BITS).clip(lowest, N_SCALES - 1).astype(np.uint8)


@dataclass(frozen=True)
class Evidence:
    """What a symbol says of its scale index."""

    slope: npt.NDArray[np.int16]
    """(N_SCALES, MAGNITUDES) of its cost over its index, less its mean over the distribution, in 1/128 bit."""
    curvature: npt.NDArray[np.int32]
    """(N_SCALES,) of the mean cost over the index, in 2^-12 bit."""

    @classmethod
    def of(cls, tables: Tables) -> "Evidence":
        """That of the first N_SCALES tables.

        No logarithm of a frequency is so near to the middle between two multiples of 1/64 that its last digits matter.
        """
        rows, halves = tables.frequencies[:N_SCALES], tables.half_widths[:N_SCALES]
        seen = np.ones((N_SCALES, MAGNITUDES), np.int64)
        for own, row, half in zip(seen, rows, halves, strict=True):
            own[: half + 1] = row[half : half + min(half + 1, MAGNITUDES)]
        costs = -np.rint(_COST_ONE * np.log2(seen.astype(np.float64))).astype(np.int64)
        last = np.arange(N_SCALES) + _REACH
        above, below = last.clip(max=N_SCALES - 1), (last - 2 * _REACH).clip(0)
        slope = 2 * (costs[above] - costs[below]) // (above - below)[:, None]
        slope = slope.clip(-_SLOPE_LIMIT, _SLOPE_LIMIT)  # (N_SCALES, MAGNITUDES)
        rare = np.minimum(seen[above], seen[below]) < _RARE
        known = np.where(rare.any(1), rare.argmax(1) - 1, MAGNITUDES - 1).clip(0)  # (N_SCALES,) largest magnitude
        curvature = np.empty(N_SCALES, np.int32)
        for at, (own, row, half) in enumerate(zip(slope, rows, halves, strict=True)):
            own[known[at] :] = own[known[at]]
            entries = np.minimum(np.abs(np.arange(-half, half + 2)), MAGNITUDES - 1)  # the escape is half + 1
            own -= (int(row @ own[entries]) + TOTAL // 2) // TOTAL
            curvature[at] = _LN2 * int(row @ np.square(own[entries])) >> _CURVATURE_SHIFT
        return cls(slope.astype(np.int16), curvature)


class Adaptation:
    """The offsets of one unit, from its first step to its last."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence, self._group = evidence, -1
        self._channels, self._by_channel = np.zeros(0, np.int64), np.zeros(0, np.int64)
        self._indices, self._by_index = np.zeros(N_SCALES, np.int64), np.full(N_SCALES, _INDEX_PRIOR, np.int64)

    def indices(self, group: int, fine: Fine, lowest: int) -> Indices:
        """Scale indices (n, channels) of a step from those of the contexts; `learn` takes its symbols next."""
        if group != self._group:
            self._begin(group, fine.shape[1])
        self._plain = rounded(fine, 0)
        offsets = self._channels.astype(np.int32) + self._indices.astype(np.int32)[self._plain]
        offsets += fine.astype(np.int32) << _OFFSET_BITS - FINE_BITS
        offsets += 1 << _OFFSET_BITS - 1
        offsets >>= _OFFSET_BITS
        self._used: Indices = offsets.clip(lowest, N_SCALES - 1).astype(np.uint8)
        return self._used

    def learn(self, symbols: Symbols) -> None:
        """Move the offsets by what the symbols (n, channels) of the last step say."""
        slopes = self._evidence.slope[self._used, np.minimum(np.abs(symbols), MAGNITUDES - 1)]
        curvatures = self._evidence.curvature[self._used]
        _move(self._channels, self._by_channel, slopes.sum(0, dtype=np.int64), curvatures.sum(0, dtype=np.int64))
        plain = self._plain.reshape(-1)
        by_index = (np.bincount(plain, each.reshape(-1), N_SCALES).astype(np.int64) for each in (slopes, curvatures))
        _move(self._indices, self._by_index, *by_index)

    def _begin(self, group: int, channels: int) -> None:
        before = int(self._channels @ self._by_channel) // int(self._by_channel.sum()) if len(self._channels) else 0
        self._group = group
        self._channels = np.full(channels, before * _KEPT >> 4, np.int64)
        self._by_channel = np.full(channels, _CHANNEL_PRIOR, np.int64)


def _move(offsets: Whole, weights: Whole, slopes: Whole, curvatures: Whole) -> None:
    """One step of Newton's method, in place; ``weights`` are the curvatures so far."""
    weights += curvatures
    offsets -= _STEP * slopes // weights
    offsets.clip(-_LIMIT, _LIMIT, out=offsets)
