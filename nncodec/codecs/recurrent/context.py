"""Contexts of the recurrent codec's bits: a small network in whole numbers over what is already known.

What is known of a picture are its sums: the whole numbers that the bits so far add up to, one per channel and position.
For each bit to come they give an index into a table of probabilities, with which
`nncodec.codecs.recurrent.bitstream` codes it. All arithmetic is exact: integers, and float64 matrix products of
integers far below 2^53.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from nncodec.codecs.recurrent.neighbour_sums import Sizes, Sums, blocks
from nncodec.entropy.coder import Indices
from nncodec.entropy.scales import N_SCALES
from nncodec.entropy.tables import TOTAL, Tables
from nncodec.errors import UnsupportedFile

Arrays = dict[str, npt.NDArray[Any]]

LEVEL_BITS = 3
"""Sums are in units of 2^-3 level."""
LARGEST = (1 << 13) - 1
"""Magnitudes, in levels, are cut to this before their size is looked up."""
DIFFERENCE_BITS = 4
"""Differences to the neighbours are in units of 2^-4 of the slot's threshold."""
DIFFERENCE_LIMIT = 64
"""Differences are cut to plus or minus this many of their units."""
ENTER_BITS, HIDDEN_BITS, INDEX_BITS = 20, 12, 24
"""Binary places of what enters the hidden units, of what leaves them, and of the indices before they are rounded."""
LEAK_SHIFT = 3
"""The leaky ReLU divides what is negative by 2^3; see `nncodec.entropy.scales.LEAK`."""
LOGIT_FIRST, LOGIT_STEP = -9.0, 3 / 16
"""Log-odds of a 1 at index 0, and from one index to the next."""
N_DIRECT = 6
"""Inputs that a slot weighs itself; see `Contexts.direct`."""
_CHUNK = 1024
"""Positions whose hidden units are computed at once."""


def sizes() -> npt.NDArray[np.uint8]:
    """(LARGEST + 1,): the size of each magnitude in levels, 4 log2(1 + magnitude), rounded."""
    found: npt.NDArray[np.uint8] = np.rint(4 * np.log2(1 + np.arange(LARGEST + 1))).astype(np.uint8)
    return found


def tables(odds: npt.NDArray[np.floating]) -> Tables:
    """Distributions of a bit with these log-odds of a 1, (N_SCALES,); a 0 is coded as the symbol -1, a 1 as 1.

    The symbol 0 and the escape, which never occur, take the least frequency there is.
    """
    ones = np.rint((TOTAL - 2) / (1 + np.exp(-odds))).astype(np.int64).clip(1, TOTAL - 3)
    return Tables(tuple(np.array([TOTAL - 2 - one, 1, one, 1]) for one in ones))


def logistic_tables() -> Tables:
    """The distributions that networks are trained for."""
    return tables(LOGIT_FIRST + LOGIT_STEP * np.arange(N_SCALES))


@dataclass(frozen=True)
class Round:
    """Slots that are coded together: at most one per channel. Arrays are (k,), in order of channel."""

    slots: npt.NDArray[np.intp]
    """Their rows in the weights' tables."""
    channels: npt.NDArray[np.intp]
    exponent: npt.NDArray[np.int64]
    """The threshold is 2^exponent levels."""
    amplitude: Sums
    """What a bit adds to the sum of its channel (or takes off), in units of 2^-3 level."""

    def of_first(self, channels: int) -> "Round":
        """Without the slots of all but the first channels."""
        count = int(np.searchsorted(self.channels, channels))
        return Round(self.slots[:count], self.channels[:count], self.exponent[:count], self.amplitude[:count])


def rounds(slots: npt.NDArray[np.integer]) -> list[list[Round]]:
    """The rounds of each layer, from the rows (S, 5) of the schedule: layer, round, channel, exponent, amplitude."""
    layers: list[list[Round]] = []
    for layer in range(int(slots[:, 0].max()) + 1):
        mine = slots[:, 0] == layer
        numbers = range(int(slots[mine, 1].max(initial=-1)) + 1)
        layers.append([_round(slots, np.flatnonzero(mine & (slots[:, 1] == number))) for number in numbers])
    return layers


def _round(slots: npt.NDArray[np.integer], at: npt.NDArray[np.intp]) -> Round:
    _, _, channels, exponent, amplitude = slots[at].T
    return Round(at, channels.astype(np.intp), exponent.astype(np.int64), amplitude.astype(np.int32))


def phases(height: int, width: int) -> list[npt.NDArray[np.intp]]:
    """Positions in the order of coding: those with an even sum of row and column, then the others."""
    odd = np.add.outer(np.arange(height), np.arange(width)).reshape(-1) % 2
    return [np.flatnonzero(odd == phase) for phase in (0, 1)]


class Contexts:
    """The weights that decide bits, and the schedule: which slots each layer has, in which rounds.

    ``arrays`` holds ``slots`` (S, 5): layer, round, channel, exponent, amplitude; and ``context.*``. Raises
    UnsupportedFile if they do not fit together.
    """

    def __init__(self, arrays: Arrays) -> None:
        slots = arrays["slots"].astype(np.int64)
        self.tables = Tables.unpack(arrays)
        if slots.ndim != 2 or slots.shape[1] != 5 or any(half != 1 for half in self.tables.half_widths):
            raise UnsupportedFile("the tables of the recurrent codec are damaged")
        self.sizes: npt.NDArray[np.uint8] = arrays["context.sizes"]
        self.enter = arrays["context.enter"].astype(np.float64)  # (2 * channels, hidden)
        self.pace = arrays["context.pace"].astype(np.float64)  # (layers, hidden)
        self.leave = arrays["context.leave"].astype(np.float64)  # (hidden, channels)
        self.direct = arrays["context.direct"].astype(np.int64)  # (S, N_DIRECT)
        self.bias = arrays["context.bias"].astype(np.int64)  # (S, 2)
        self.n_layers = int(slots[:, 0].max()) + 1
        self._slots = slots

    @property
    def channels(self) -> int:
        """How many channels a picture in colour has."""
        return len(self.enter) // 2

    @cached_property
    def rounds(self) -> list[list[Round]]:
        """The rounds of each layer."""
        return rounds(self._slots)

    def size(self, sums: Sums) -> npt.NDArray[np.uint8]:
        """The size of each sum, in the shape of ``sums``."""
        found: npt.NDArray[np.uint8] = self.sizes[np.minimum(np.abs(sums) >> LEVEL_BITS, LARGEST)]
        return found

    def indices(self, known: "BitState", layer: int, part: Round, at: npt.NDArray[np.intp]) -> tuple[Indices, Indices]:
        """Indices of the bits of a round at the positions ``at`` (n,): (k, n) for +, and (k, n) for -."""
        sizes = known.sizes(self)
        differences = _differences(known.sums[part.channels], part.exponent)
        plus, minus = (np.empty((len(part.channels), len(at)), np.uint8) for _ in range(2))
        for start in range(0, len(at), _CHUNK):
            here = slice(start, start + _CHUNK)
            rows, columns = np.divmod(at[here], known.sums.shape[2])
            which = part.channels[:, None], rows, columns
            near = sizes.own[which].astype(np.int64), sizes.around[which].astype(np.int64)
            difference = differences[:, rows, columns].astype(np.int64)
            even, odd = self._direct(part, near, known.sums[which], difference)
            even += self._hidden(sizes.taken_in[at[here]] + self.pace[layer], part.channels)
            plus[:, here] = _index(even + odd + self.bias[part.slots, 0, None])
            minus[:, here] = _index(even - odd + self.bias[part.slots, 1, None])
        return plus, minus

    def _hidden(self, taken_in: npt.NDArray[np.float64], channels: npt.NDArray[np.intp]) -> npt.NDArray[np.int64]:
        """What the hidden units say of each slot, (k, n)."""
        x = taken_in.astype(np.int64)
        down = ENTER_BITS - HIDDEN_BITS
        y = np.where(x < 0, _shift(x, down + LEAK_SHIFT), _shift(x, down))
        return (y.astype(np.float64) @ self.leave[:, channels]).T.astype(np.int64)

    def _direct(self, part: Round, near: tuple[Any, Any], own: Sums, difference: Any) -> tuple[Any, Any]:
        """What each slot says itself, (k, n): of a bit of either sign, and for + against -."""
        weight = self.direct[part.slots][:, :, None]
        even = weight[:, 0] * (12 * near[0]) + weight[:, 1] * near[1]
        even += weight[:, 2] * (own != 0) + weight[:, 3] * np.abs(difference)
        return even, weight[:, 4] * np.sign(own) + weight[:, 5] * difference


def _shift(x: npt.NDArray[np.int64], count: int) -> npt.NDArray[np.int64]:
    """x / 2^count, halves rounded up."""
    return (x + (1 << count - 1)) >> count


def _index(x: npt.NDArray[np.int64]) -> Indices:
    return _shift(x, INDEX_BITS).clip(0, N_SCALES - 1).astype(np.uint8)


def _differences(sums: Sums, exponent: npt.NDArray[np.int64]) -> npt.NDArray[np.int8]:
    """Mean of the four neighbours (repeated beyond the border) less the sum itself, in 2^-4 threshold, cut."""
    found = np.empty(sums.shape, np.int8)
    shift = (exponent + (LEVEL_BITS + 2 - DIFFERENCE_BITS))[:, None, None]
    for some in blocks(sums.shape):
        padded = np.pad(sums[some].astype(np.int64), ((0, 0), (1, 1), (1, 1)), mode="edge")
        four = padded[:, :-2, 1:-1] + padded[:, 2:, 1:-1] + padded[:, 1:-1, :-2] + padded[:, 1:-1, 2:]
        four -= 4 * padded[:, 1:-1, 1:-1]
        found[some] = (four >> shift[some]).clip(-DIFFERENCE_LIMIT, DIFFERENCE_LIMIT)
    return found


class BitState:
    """What is known of a picture: ``sums`` (channels, h, w), in units of 2^-3 level, all zero at first.

    Once contexts were taken from them, they change by `add` alone.
    """

    def __init__(self, channels: int, height: int, width: int) -> None:
        self.sums: Sums = np.zeros((channels, height, width), np.int32)
        self._contexts: Contexts | None = None
        self._sizes: Sizes | None = None

    def sizes(self, contexts: Contexts) -> Sizes:
        """As these contexts see the sums now."""
        if self._sizes is None or self._contexts is not contexts:
            half = contexts.channels
            self._contexts = contexts
            self._sizes = Sizes(self.sums, contexts.size, contexts.enter[:half], contexts.enter[half:])
        return self._sizes

    def add(self, channels: npt.NDArray[np.intp], at: npt.NDArray[np.intp], steps: Sums) -> None:
        """Add (k, n) to the sums of k channels at n positions."""
        self.sums.reshape(len(self.sums), -1)[channels[:, None], at] += steps
        if self._sizes:
            self._sizes.follow(self.sums, channels)
