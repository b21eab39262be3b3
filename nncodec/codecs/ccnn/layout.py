"""What encoder, decoder and docs/format/ccnn.md share: limits, the grid of the latent and its order, tables."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from nncodec.entropy.tables import TOTAL, Frequencies, Tables

Integers = npt.NDArray[np.int64]

STRIDES = range(4, 17)
OVERLAPS = range(1, 7)
"""Side of a filter, in strides."""
LEAK_ONE = 16
"""The leak that makes the leaky ReLU the identity."""
STEP_BITS = 7
"""Bits after the point of the step, in levels."""
MAX_TAPS = 1 << 17
"""Most weights of a plane's filters: channels times the square of their side."""
MAX_VALUE = (1 << 15) - 1
"""Largest magnitude of a value of the latent."""
LEVELS = 5
"""The latent is coded in grids of 2^LEVELS positions' distance first, then of half of it, and so on to all."""


@dataclass(frozen=True)
class Shape:
    """The form of the decoder's network."""

    stride: int
    overlap: int
    channels: int

    @property
    def taps(self) -> int:
        """Side of a filter in samples."""
        return self.stride * self.overlap

    def grid(self, width: int, height: int) -> tuple[int, int]:
        """Rows and columns of the latent of a picture: filters at its borders reach beyond it."""
        more = self.overlap - 1
        return -(-height // self.stride) + more, -(-width // self.stride) + more

    def problem(self, planes: int) -> str | None:
        """What a payload of so many planes cannot have, in a few words; None if all is within the limits."""
        if self.stride not in STRIDES or self.overlap not in OVERLAPS:
            return f"a stride of {self.stride} and filters of {self.overlap} strides"
        if self.channels > planes * self.stride**2 or self.channels * self.taps**2 > MAX_TAPS:
            return f"{self.channels} filters of {self.taps} x {self.taps}"
        return None


@dataclass(frozen=True)
class Pass:
    """Positions of the latent that are coded at once, (rows, columns) from the first, ``distance`` apart."""

    top: int
    left: int
    distance: int
    neighbours: tuple[tuple[int, int], ...]
    """Offsets of positions around each that are known by then, where they are in the grid."""

    def at(self, rows: int, columns: int, dy: int = 0, dx: int = 0) -> tuple[slice, slice]:
        """Slices of the positions, moved, in a grid that has a margin of 2^LEVELS on all sides."""
        margin = 1 << LEVELS
        return (
            slice(margin + self.top + dy, margin + rows + dy, self.distance),
            slice(margin + self.left + dx, margin + columns + dx, self.distance),
        )


def passes(rows: int, columns: int) -> Iterator[Pass]:
    """The passes of a grid, in the order of coding, without those that are empty."""
    for each in _all_passes():
        if each.top < rows and each.left < columns:
            yield each


@cache
def _all_passes() -> list[Pass]:
    found = [Pass(0, 0, 1 << LEVELS, ())]
    for level in range(LEVELS, 0, -1):
        distance, half = 1 << level, 1 << (level - 1)
        corners = ((-half, -half), (-half, half), (half, -half), (half, half))
        sides = ((0, -half), (0, half), (-half, 0), (half, 0))
        found += [
            Pass(half, half, distance, corners),
            Pass(0, half, distance, sides),
            Pass(half, 0, distance, sides),
        ]
    return found


# --- tables of distributions ------------------------------------------------------------------------------------------

N_INDICES = 63
"""Indices of expected magnitudes; the table after them is that of a fair bit."""
FAIR = N_INDICES
"""Index of the table of the symbols -1 and 1, equally probable."""
EXPECTED_ONE = 4096
"""The unit of expected magnitudes: 1.0."""
EXPECTED = np.array([(16, 19, 23, 27)[i % 4] << (i // 4) for i in range(N_INDICES)], np.int64)
"""Expected magnitudes of the indices, four to an octave."""
_BOUNDS = (EXPECTED[1:] + EXPECTED[:-1]) // 2
_WIDEST = 1 << 10
_PRECISION = 24


def index_of(expected: Integers) -> npt.NDArray[np.uint8]:
    """Indices, in the shape of expected magnitudes in 1/EXPECTED_ONE."""
    return np.searchsorted(_BOUNDS, expected, side="right").astype(np.uint8)


def _frequencies(expected: int) -> Frequencies:
    """Frequencies of a Laplace distribution, rounded to whole numbers, of a mean magnitude; whole-number arithmetic.

    The probability of 0 is 1 - u, that of k and of -k u^(2 k - 1) (1 - u^2) / 2, where E = u / (1 - u^2).
    """
    one = 1 << _PRECISION
    root = math.isqrt(EXPECTED_ONE**2 + 4 * expected**2 << 2 * _PRECISION)
    u = (root - (EXPECTED_ONE << _PRECISION)) // (2 * expected)
    square = u * u >> _PRECISION
    half = min(_WIDEST, 2 + (16 * expected) // EXPECTED_ONE)
    tail, power = [], u
    for _ in range(half):
        tail.append(1 + (power * (one - square) >> _PRECISION + 1))
        power = power * square >> _PRECISION
    rest = TOTAL - 2 * sum(tail) - 1
    return np.array([*reversed(tail), rest, *tail, 1], np.int64)


@cache
def tables() -> Tables:
    """The tables of all indices, then the fair bit's."""
    fair = np.array([TOTAL // 2 - 1, 1, TOTAL // 2 - 1, 1], np.int64)
    return Tables((*(_frequencies(int(each)) for each in EXPECTED), fair))


# --- the cosine transform that filters are coded in ------------------------------------------------------------------

COSINE_BITS = 14


@cache
def cosines(taps: int) -> npt.NDArray[np.float64]:
    """Rows of the orthonormal DCT-II in multiples of 2^-COSINE_BITS, (frequency, sample), whole numbers."""
    k = np.arange(taps)
    rows = np.sqrt(2 / taps) * np.cos(np.pi * (2 * k[None] + 1) * k[:, None] / (2 * taps))
    rows[0] = np.sqrt(1 / taps)
    return np.asarray(np.rint(rows * (1 << COSINE_BITS)))
