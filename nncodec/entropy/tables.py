"""Tables of distributions: one per scale index, as integer frequencies that sum to 2^24."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from nncodec.entropy.scales import INDICES_PER_OCTAVE, N_SCALES, SCALE_MIN
from nncodec.errors import UnsupportedFile

Frequencies = npt.NDArray[np.int64]

TOTAL = 1 << 24
"""Sum of the frequencies of one distribution."""
MOST_TABLES = 256
"""A symbol's table is named by a byte."""
PSEUDO_COUNT, PSEUDO_COUNT_OF_ENTRY = 500.0, 8.0
"""Observations that a distribution is worth beside those that were counted: the first, or the second for each entry."""
TAIL = 1e-7
"""Probability that may lie outside a logistic table, where symbols are escaped."""


@dataclass(frozen=True)
class Tables:
    """Distributions of symbols, by scale index.

    ``frequencies[i]`` is (2 h + 2,) int64 with h = ``half_widths[i]``: the symbols -h to h, then the escape. A
    codec may have several kinds of symbols; their tables follow each other, 64 of a kind. Raises UnsupportedFile unless
    there are 64, 128, 192 or 256 of them, all positive and with sum 2^24.
    """

    frequencies: tuple[Frequencies, ...]

    def __post_init__(self) -> None:
        for row in self.frequencies:
            if row.ndim != 1 or len(row) < 4 or len(row) % 2 or row.min() < 1 or row.sum() != TOTAL:
                raise UnsupportedFile("the tables of distributions are damaged")
        if len(self.frequencies) not in range(N_SCALES, MOST_TABLES + 1, N_SCALES):
            raise UnsupportedFile(f"{len(self.frequencies)} tables of distributions, not a multiple of {N_SCALES}")

    @cached_property
    def half_widths(self) -> list[int]:
        """The largest symbol that each table holds, by scale index."""
        return [len(row) // 2 - 1 for row in self.frequencies]

    def costs(self, index: int) -> npt.NDArray[np.float32]:
        """Bits of each entry of one table, (2 h + 2,)."""
        return (24 - np.log2(self.frequencies[index])).astype(np.float32)

    def least_cost(self, indices: range) -> float:
        """Bits of the most probable entry of these tables."""
        return min(float(self.costs(index).min()) for index in indices)

    def pack(self) -> dict[str, npt.NDArray[np.integer]]:
        """Arrays for a file of weights, named ``tables.*``."""
        return {
            "tables.frequencies": np.concatenate(self.frequencies).astype(np.uint32),
            "tables.half_widths": np.array(self.half_widths, np.uint16),
        }

    @classmethod
    def unpack(cls, arrays: dict[str, npt.NDArray[np.integer]]) -> "Tables":
        """Read the arrays that `pack` made; UnsupportedFile if they do not fit together."""
        lengths = 2 * arrays["tables.half_widths"].astype(np.int64) + 2
        whole = arrays["tables.frequencies"].astype(np.int64)
        if whole.ndim != 1 or lengths.sum() != len(whole):
            raise UnsupportedFile("the tables of distributions are damaged")
        return cls(tuple(np.split(whole, np.cumsum(lengths)[:-1])))


def scale_of(index: float) -> float:
    """The scale of the logistic distribution at an index, which may be fractional, in symbols."""
    return float(SCALE_MIN * 2.0 ** (index / INDICES_PER_OCTAVE))


def logistic_masses(scale: float) -> npt.NDArray[np.float64]:
    """Probabilities of the symbols -h to h and of all others, (2 h + 2,), under a logistic distribution about 0.

    h is such that at most TAIL lies outside.
    """
    half = max(1, math.ceil(scale * math.log(2 / TAIL)))
    edges = 1 / (1 + np.exp(-np.clip((np.arange(-half, half + 2) - 0.5) / scale, -700, 700)))
    return np.append(np.diff(edges), max(0.0, 1 - edges[-1] + edges[0]))


def to_frequencies(masses: npt.NDArray[np.float64]) -> Frequencies:
    """Round probabilities (n,) to integers of at least 1 with sum TOTAL; the largest takes the remainder."""
    frequencies: Frequencies = 1 + np.floor(masses / masses.sum() * (TOTAL - len(masses))).astype(np.int64)
    frequencies[frequencies.argmax()] += TOTAL - frequencies.sum()
    return frequencies


def count(
    symbols: npt.NDArray[np.integer], indices: npt.NDArray[np.uint8], counts: list[npt.NDArray[np.float64]]
) -> None:
    """Add symbols under scale indices to the counts of the entries of every table."""
    for index in np.unique(indices):
        half = len(counts[index]) // 2 - 1
        seen = symbols[indices == index]
        place = np.where(np.abs(seen) > half, 2 * half + 1, seen + half)
        counts[index] += np.bincount(place, minlength=2 * half + 2)


def fitted_frequencies(counts: npt.NDArray[np.float64], masses: npt.NDArray[np.float64], last: int) -> Frequencies:
    """Frequencies between a distribution and the observed counts of its entries, both (n,), made symmetric.

    ``last`` is the last entry that has a mirror image, among those from 0 on.
    """
    both = counts.copy()
    both[: last + 1] = (counts[: last + 1] + counts[last::-1]) / 2
    worth = max(PSEUDO_COUNT, PSEUDO_COUNT_OF_ENTRY * len(masses))
    return to_frequencies(both + worth * masses)
