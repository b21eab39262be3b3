"""Contexts of the recurrent codec's bits: a small network in whole numbers over the sums of the bits so far.

A picture has one sum per channel and position: the whole number that its coded symbols add up to. From the sums,
contexts compute for each bit an index into a table of probabilities, with which `nncodec.codecs.recurrent.bitstream`
codes it. All arithmetic is exact: integers, and float64 matrix products of integers far below 2^53.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from nncodec.codecs.recurrent.context_inputs import ContextInputs, Sums, channel_blocks
from nncodec.entropy.coder import Indices
from nncodec.entropy.scales import N_SCALES
from nncodec.entropy.tables import TOTAL, Tables
from nncodec.errors import UnsupportedFile

Arrays = dict[str, npt.NDArray[Any]]
Integers = npt.NDArray[np.int64]
Positions = npt.NDArray[np.intp]

LEVEL_BITS = 3
"""Sums are in units of 2^-3 level."""
LARGEST = (1 << 13) - 1
"""Magnitudes, in levels, are limited to this before their size is looked up."""
DIFFERENCE_BITS = 4
"""Differences to the neighbours are in units of 2^-4 of the bitplane's threshold."""
DIFFERENCE_LIMIT = 64
"""Differences are limited to plus or minus this many of their units."""
ENTER_BITS, HIDDEN_BITS, INDEX_BITS = 20, 12, 24
"""Binary places of the hidden units' inputs, of their outputs, and of the indices before they are rounded."""
LEAK_SHIFT = 3
"""The leaky ReLU divides negative inputs by 2^3; see `nncodec.entropy.scales.LEAK`."""
LOGIT_FIRST, LOGIT_STEP = -9.0, 3 / 16
"""Log-odds of a 1 at index 0, and from one index to the next."""
N_DIRECT = 6
"""Inputs that each bitplane weighs itself; see `Contexts._direct_terms`."""
_CHUNK = 1024
"""Positions whose hidden units are computed at once."""


def size_table() -> npt.NDArray[np.uint8]:
    """(LARGEST + 1,): the size of each magnitude in levels, 4 log2(1 + magnitude), rounded."""
    found: npt.NDArray[np.uint8] = np.rint(4 * np.log2(1 + np.arange(LARGEST + 1))).astype(np.uint8)
    return found


def tables(odds: npt.NDArray[np.floating]) -> Tables:
    """Distributions of a bit with these log-odds of a 1, (N_SCALES,); a 0 is coded as the symbol -1, a 1 as 1.

    The symbol 0 and the escape, which never occur, have the lowest frequency.
    """
    ones = np.rint((TOTAL - 2) / (1 + np.exp(-odds))).astype(np.int64).clip(1, TOTAL - 3)
    return Tables(tuple(np.array([TOTAL - 2 - one, 1, one, 1]) for one in ones))


def logistic_tables() -> Tables:
    """The distributions that networks are trained for: log-odds at equal distances."""
    return tables(LOGIT_FIRST + LOGIT_STEP * np.arange(N_SCALES))


@dataclass(frozen=True)
class Round:
    """Bitplanes that are coded together: at most one per channel. Arrays are (k,), in order of channel."""

    rows: npt.NDArray[np.intp]
    """Rows of the bitplanes in the weights' arrays ``slots``, ``context.direct`` and ``context.bias``."""
    channels: npt.NDArray[np.intp]
    exponent: Integers
    """The threshold is 2^exponent levels."""
    amplitude: Sums
    """Added to the sum for each symbol 1, and taken off for -1; in units of 2^-3 level."""

    def of_first(self, channels: int) -> "Round":
        """The bitplanes of the first channels alone."""
        count = int(np.searchsorted(self.channels, channels))
        return Round(self.rows[:count], self.channels[:count], self.exponent[:count], self.amplitude[:count])


def rounds(schedule: npt.NDArray[np.integer]) -> list[list[Round]]:
    """The rounds of each layer, from the schedule (S, 5): layer, round, channel, exponent, amplitude."""
    layers: list[list[Round]] = []
    for layer in range(int(schedule[:, 0].max()) + 1):
        mine = schedule[:, 0] == layer
        numbers = range(int(schedule[mine, 1].max(initial=-1)) + 1)
        layers.append([_round(schedule, np.flatnonzero(mine & (schedule[:, 1] == number))) for number in numbers])
    return layers


def _round(schedule: npt.NDArray[np.integer], rows: npt.NDArray[np.intp]) -> Round:
    _, _, channels, exponent, amplitude = schedule[rows].T
    return Round(rows, channels.astype(np.intp), exponent.astype(np.int64), amplitude.astype(np.int32))


def phases(height: int, width: int) -> list[Positions]:
    """Positions in the order of coding, (n,) each: those with an even sum of row and column, then the others."""
    odd = np.add.outer(np.arange(height), np.arange(width)).reshape(-1) % 2
    return [np.flatnonzero(odd == phase) for phase in (0, 1)]


class Contexts:
    """The context network and the bitplane schedule of one set of weights.

    Args:
        arrays: the weights; ``slots`` (S, 5) is the schedule: layer, round, channel, exponent, amplitude. Arrays
            ``context.*`` are the network's, whole numbers. UnsupportedFile if schedule or tables are damaged.
    """

    def __init__(self, arrays: Arrays) -> None:
        schedule = arrays["slots"].astype(np.int64)
        self.tables = Tables.unpack(arrays)
        if schedule.ndim != 2 or schedule.shape[1] != 5 or any(half != 1 for half in self.tables.half_widths):
            raise UnsupportedFile("the tables of the recurrent codec are damaged")
        self.sizes: npt.NDArray[np.uint8] = arrays["context.sizes"]  # (LARGEST + 1,)
        self.enter = arrays["context.enter"].astype(np.float64)  # (2 * channels, hidden)
        self.pace = arrays["context.pace"].astype(np.float64)  # (layers, hidden)
        self.leave = arrays["context.leave"].astype(np.float64)  # (hidden, channels)
        self.direct = arrays["context.direct"].astype(np.int64)  # (S, N_DIRECT)
        self.bias = arrays["context.bias"].astype(np.int64)  # (S, 2)
        self.n_layers = int(schedule[:, 0].max()) + 1
        self._schedule = schedule

    @property
    def channels(self) -> int:
        """Channels of a picture in colour."""
        return len(self.enter) // 2

    @cached_property
    def rounds(self) -> list[list[Round]]:
        """The rounds of each layer."""
        return rounds(self._schedule)

    def rounds_of(self, layer: int, channels: int) -> list[Round]:
        """The rounds of a layer, with the bitplanes of the first channels alone: a gray picture has a third."""
        return [part.of_first(channels) for part in self.rounds[layer]]

    def size(self, sums: Sums) -> npt.NDArray[np.uint8]:
        """The size of each sum, in the shape of ``sums``."""
        found: npt.NDArray[np.uint8] = self.sizes[np.minimum(np.abs(sums) >> LEVEL_BITS, LARGEST)]
        return found

    def indices(self, state: "BitState", layer: int, part: Round, at: Positions) -> tuple[Indices, Indices]:
        """Indices of the bits of a round at the positions ``at`` (n,): (k, n) of bits +, and (k, n) of bits -."""
        inputs = state.inputs(self)
        differences = _differences(state.sums[part.channels], part.exponent)  # (k, h, w)
        plus, minus = (np.empty((len(part.channels), len(at)), np.uint8) for _ in range(2))
        for start in range(0, len(at), _CHUNK):
            here = slice(start, start + _CHUNK)  # m <= _CHUNK positions
            rows, columns = np.divmod(at[here], state.sums.shape[2])
            which = part.channels[:, None], rows, columns  # selects (k, m)
            near = inputs.sizes[which].astype(np.int64), inputs.ring_sums[which].astype(np.int64)
            difference = differences[:, rows, columns].astype(np.int64)
            even, odd = self._direct_terms(part, near, state.sums[which], difference)
            even += self._hidden_terms(inputs.hidden_inputs[at[here]] + self.pace[layer], part.channels)
            plus[:, here] = _index(even + odd + self.bias[part.rows, 0, None])
            minus[:, here] = _index(even - odd + self.bias[part.rows, 1, None])
        return plus, minus

    def _hidden_terms(self, hidden_inputs: npt.NDArray[np.float64], channels: npt.NDArray[np.intp]) -> Integers:
        """The hidden units' contribution to indices, from their inputs (m, hidden) to (k, m)."""
        x = hidden_inputs.astype(np.int64)
        down = ENTER_BITS - HIDDEN_BITS
        y = np.where(x < 0, _shift(x, down + LEAK_SHIFT), _shift(x, down))
        return (y.astype(np.float64) @ self.leave[:, channels]).T.astype(np.int64)

    def _direct_terms(
        self, part: Round, near: tuple[Integers, Integers], own: Sums, difference: Integers
    ) -> tuple[Integers, Integers]:
        """Contributions of what is near a bit itself, (k, m): the same for both signs, and opposite for both.

        Args:
            part: the round.
            near: size and ring sum of each bit's sum.
            own: the sums.
            difference: of their neighbours, see `_differences`.
        """
        weight = self.direct[part.rows][:, :, None]  # (k, N_DIRECT, 1)
        even = weight[:, 0] * (12 * near[0]) + weight[:, 1] * near[1]
        even += weight[:, 2] * (own != 0) + weight[:, 3] * np.abs(difference)
        return even, weight[:, 4] * np.sign(own) + weight[:, 5] * difference


def _shift(x: Integers, count: int) -> Integers:
    """x / 2^count, halves rounded up."""
    return (x + (1 << count - 1)) >> count


def _index(x: Integers) -> Indices:
    return _shift(x, INDEX_BITS).clip(0, N_SCALES - 1).astype(np.uint8)


def _differences(sums: Sums, exponent: Integers) -> npt.NDArray[np.int8]:
    """Mean of the four neighbours less the sum itself, in 2^-4 threshold, limited; (k, h, w) from such sums.

    Beyond the border, sums are those of the nearest position.
    """
    found = np.empty(sums.shape, np.int8)
    shift = (exponent + (LEVEL_BITS + 2 - DIFFERENCE_BITS))[:, None, None]  # the 2 divides by four neighbours
    for some in channel_blocks(sums.shape):
        padded = np.pad(sums[some].astype(np.int64), ((0, 0), (1, 1), (1, 1)), mode="edge")
        four = padded[:, :-2, 1:-1] + padded[:, 2:, 1:-1] + padded[:, 1:-1, :-2] + padded[:, 1:-1, 2:]
        four -= 4 * padded[:, 1:-1, 1:-1]
        found[some] = (four >> shift[some]).clip(-DIFFERENCE_LIMIT, DIFFERENCE_LIMIT)
    return found


class BitState:
    """The sums of a picture, ``sums`` (channels, h, w) int32, in units of 2^-3 level, all zero at first.

    Once contexts have used them, only `add` may change them.
    """

    def __init__(self, channels: int, height: int, width: int) -> None:
        self.sums: Sums = np.zeros((channels, height, width), np.int32)
        self._contexts: Contexts | None = None
        self._inputs: ContextInputs | None = None

    def inputs(self, contexts: Contexts) -> ContextInputs:
        """The inputs of these contexts for the sums as they are now."""
        if self._inputs is None or self._contexts is not contexts:
            half = contexts.channels
            self._contexts = contexts
            self._inputs = ContextInputs(self.sums, contexts.size, contexts.enter[:half], contexts.enter[half:])
        return self._inputs

    def add(self, channels: npt.NDArray[np.intp], at: Positions, steps: Sums) -> None:
        """Add steps (k, n) to the sums of k channels at n positions."""
        self.sums.reshape(len(self.sums), -1)[channels[:, None], at] += steps
        if self._inputs:
            self._inputs.update(self.sums, channels)
