"""Contexts of the ccnn codec: the expected magnitude of each symbol, by a few parameters of the picture's own.

All in whole numbers. The parameters are in the file: for each channel of the latent the weights of what is known of its
own channel around a position and of the channels before it there; for each plane of the filters those of neighbouring
frequencies and of the planes before.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nncodec.codecs.ccnn.layout import EXPECTED, EXPECTED_ONE, LEVELS, N_INDICES, Integers, passes
from nncodec.entropy.coder import Indices, Symbols
from nncodec.errors import CorruptFile

Code = Callable[[Symbols, Indices], Symbols]

RECENT = 8
"""Channels before one whose magnitudes are summed up apart."""
MEAN_ONE = 8
"""Weight of the mean of the neighbours that makes it the prediction."""
_MOST = (MEAN_ONE, N_INDICES - 1, 63, 63, 63)
"""Largest values of the columns of `LatentContexts.parameters`; the smallest are 0."""
_PARAMETER_INDICES = (20, 36, 36, 36, 36)
"""Indices of the tables that they are coded with."""
_FILTER_INDEX = 48
_WEIGHT = EXPECTED_ONE // 16
"""A weight of one sixteenth."""


def _code_columns(parameters: Integers, most: tuple[int, ...], indices: tuple[int, ...], code: Code) -> Integers:
    """Write or read parameters (n, columns), column by column, each as the difference to that of the row before."""
    found = np.zeros_like(parameters)
    for column, (highest, index) in enumerate(zip(most, indices, strict=True)):
        steps = np.diff(parameters[:, column], prepend=0).astype(np.int32)
        found[:, column] = np.cumsum(code(steps, np.full(len(steps), index, np.uint8)), dtype=np.int64)
        if found.size and not 0 <= found[:, column].min() <= found[:, column].max() <= highest:
            raise CorruptFile(f"a parameter of the contexts is not between 0 and {highest}")
    return found


@dataclass(frozen=True)
class LatentContexts:
    """Contexts of the latent."""

    parameters: Integers
    """(channels, 5): weight of the neighbours' mean, in eighths; index of the expected magnitude where all around is 0;
    weights, in sixteenths, of the magnitudes of the neighbours, of the last channels and of all channels before.
    """

    def code(self, code: Code) -> None:
        """Write the parameters."""
        _code_columns(self.parameters, _MOST, _PARAMETER_INDICES, code)

    @classmethod
    def read(cls, channels: int, code: Code) -> "LatentContexts":
        """Read the parameters; CorruptFile if one is out of its range."""
        return cls(_code_columns(np.zeros((channels, len(_MOST)), np.int64), _MOST, _PARAMETER_INDICES, code))

    def mean(self, channel: int, around: Integers, count: Integers) -> Integers:
        """The predicted values, from the sums and the numbers of the known neighbours; 0 where there are none."""
        weight = int(self.parameters[channel, 0])
        safe = np.maximum(count, 1)
        mean: Integers = (2 * weight * around + MEAN_ONE * safe) // (2 * MEAN_ONE * safe)
        return mean

    def expected(self, channel: int, activity: Integers, before: list[Integers]) -> Integers:
        """Expected magnitudes, in 1/EXPECTED_ONE.

        ``activity`` is the sum over up to four neighbours, ``before[k]`` that over the first k channels, here.
        """
        _, still, near, recent, whole = self.parameters[channel].tolist()
        last = before[channel] - before[max(0, channel - RECENT)]
        found: Integers = (
            EXPECTED[still]
            + near * (_WEIGHT // 4) * activity
            + recent * (_WEIGHT // RECENT) * last
            + whole * _WEIGHT * before[channel] // max(channel, 1)
        )
        return found

    @classmethod
    def fitted(cls, values: npt.NDArray[np.int16]) -> "LatentContexts":
        """The parameters for a latent (channels, rows, columns) that is padded by 2^LEVELS on all sides."""
        channels, *sides = values.shape
        rows, columns = (side - (2 << LEVELS) for side in sides)
        here = (slice(1 << LEVELS, -(1 << LEVELS)),) * 2
        sums, counts = _around(values, rows, columns)
        magnitudes = np.zeros(values.shape, np.int32)
        found = np.zeros((channels, len(_MOST)), np.int64)
        for channel in range(channels):
            real, mean = values[channel][here].astype(np.float64), sums[channel] / np.maximum(counts, 1)
            square = np.square(mean).sum()
            weight = np.clip(np.rint(MEAN_ONE * (mean * real).sum() / square), 0, MEAN_ONE) if square else 0
            found[channel, 0] = weight if weight > MEAN_ONE // 4 else 0
            exact = cls(found).mean(channel, sums[channel], counts)
            magnitudes[channel][here] = np.abs(values[channel][here] - exact)
        activity, _ = _around(magnitudes, rows, columns)
        before = np.cumsum(magnitudes[(slice(None), *here)], 0, dtype=np.int64) - magnitudes[(slice(None), *here)]
        for channel in range(channels):
            last = before[channel] - before[max(0, channel - RECENT)]
            seen = [activity[channel] / 4, last / RECENT, before[channel] / max(channel, 1)]
            found[channel, 1:] = _fit(np.stack(seen, -1).reshape(-1, 3), magnitudes[channel][here].reshape(-1))
        return cls(found)


def _around(values: npt.NDArray[np.signedinteger], rows: int, columns: int) -> tuple[Integers, Integers]:
    """Sums over the known neighbours of all positions, (channels, rows, columns), and their numbers (rows, columns)."""
    margin = 1 << LEVELS
    inside = np.zeros(values.shape[1:], np.int64)
    inside[margin:-margin, margin:-margin] = 1
    sums, counts = np.zeros(values.shape, np.int64), np.zeros(values.shape[1:], np.int64)
    for each in passes(rows, columns):
        here = each.at(rows, columns)
        for offset in each.neighbours:
            there = each.at(rows, columns, *offset)
            sums[(slice(None), *here)] += values[(slice(None), *there)]
            counts[here] += inside[there]
    return sums[:, margin:-margin, margin:-margin], counts[margin:-margin, margin:-margin]


@dataclass(frozen=True)
class FilterContexts:
    """Contexts of the weights' classes."""

    parameters: Integers
    """(planes, 4): index of the expected class where all around is 0; weights, in sixteenths, of the classes of the
    two frequencies one below, of the two that are two below, and of the planes before.
    """

    def code(self, code: Code) -> None:
        """Write the parameters."""
        _code_columns(self.parameters, _MOST[1:], (_FILTER_INDEX,) * 4, code)

    @classmethod
    def read(cls, planes: int, code: Code) -> "FilterContexts":
        """Read the parameters; CorruptFile if one is out of its range."""
        return cls(_code_columns(np.zeros((planes, 4), np.int64), _MOST[1:], (_FILTER_INDEX,) * 4, code))

    def expected(self, plane: int, classes: Integers, rows: Integers, columns: Integers) -> Integers:
        """Expected classes of the frequencies (n,), (channels, n), in 1/EXPECTED_ONE.

        ``classes`` (planes, channels, 2 + taps, 2 + taps) are those that are known, and zeros.
        """
        still, near, far, other = self.parameters[plane].tolist()
        one, two, others = _below(plane, classes, rows, columns)
        found: Integers = EXPECTED[still] + _WEIGHT // 2 * (near * one + far * two) + _WEIGHT * other * others
        return found

    @classmethod
    def fitted(cls, weights: Integers) -> "FilterContexts":
        """The parameters for weights (planes, channels, taps, taps)."""
        planes, _, taps, _ = weights.shape
        bits = np.frexp(np.abs(weights).astype(np.float64))[1].astype(np.int64)
        classes = np.pad(bits, ((0, 0), (0, 0), (2, 0), (2, 0)))
        rows, columns = (each.reshape(-1) for each in np.indices((taps, taps)))
        found = np.zeros((planes, 4), np.int64)
        for plane in range(planes):
            one, two, others = _below(plane, classes, rows, columns)
            seen = np.stack([one / 2, two / 2, others], -1).reshape(-1, 3)
            found[plane] = _fit(seen, bits[plane].reshape(-1))
        return cls(found)


def _below(plane: int, classes: Integers, rows: Integers, columns: Integers) -> tuple[Integers, Integers, Integers]:
    """Sums of the classes one below and two below, and those of the planes before, (channels, n) each."""
    here, y, x = classes[plane], rows + 2, columns + 2
    one = here[:, y - 1, x] + here[:, y, x - 1]
    two = here[:, y - 2, x] + here[:, y, x - 2]
    return one, two, classes[:plane, :, y, x].sum(0)


_FLOOR = 0.004


def _fit(seen: npt.NDArray[np.float64], magnitudes: npt.NDArray[np.integer]) -> list[int]:
    """Index and weights in sixteenths for magnitudes (n,), given what is known of each, (n, 3).

    Least squares without negative weights, each error relative to the spread that the last weights expect.
    """
    inputs, wanted = np.column_stack([np.ones(len(seen)), seen]), magnitudes.astype(np.float64)
    if not len(wanted) or not wanted.any():
        return [0, 0, 0, 0]
    weights = np.array([wanted.mean() / 2 + _FLOOR, 0.3, 0.2, 0.1])
    for _ in range(8):
        expected = np.maximum(inputs @ weights, _FLOOR)
        scaled = inputs / (expected * (expected + 0.5))[:, None]
        weights = _not_negative(scaled.T @ inputs, scaled.T @ wanted)
        weights[0] = max(weights[0], _FLOOR)
    still = np.abs(np.log2(EXPECTED / EXPECTED_ONE) - np.log2(weights[0])).argmin()
    return [int(still), *np.clip(np.rint(16 * weights[1:]), 0, 63).astype(int).tolist()]


def _not_negative(matrix: npt.NDArray[np.float64], target: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Solve normal equations, dropping unknowns that would be negative."""
    active = np.ones(len(target), bool)
    found = np.zeros(len(target))
    for _ in range(len(target)):
        part = matrix[np.ix_(active, active)]
        found = np.zeros(len(target))
        found[active] = np.linalg.solve(part + 1e-9 * (1 + np.trace(part)) * np.eye(len(part)), target[active])
        if (found >= 0).all() or not active.any():
            break
        active &= found > 0
    return np.asarray(np.maximum(found, 0))
