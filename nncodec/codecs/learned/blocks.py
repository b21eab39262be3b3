"""Blocks of 32 symbols whose parities form a word of a code, so that the quantiser is a lattice in 32 dimensions.

A block of whole numbers whose parities are a word of the extended Hamming code [32, 26, 4] is a point of a lattice
(Construction A; Conway and Sloane, Sphere Packings, Lattices and Groups, chapter 5). With as many points in a volume,
the nearest one is closer on average than with whole numbers alone. 26 symbols of a block are free. They give the
parities of the other 6, which cost about one bit less each. Trellis-coded quantisation gains about as much, but must be
decoded symbol by symbol. Here a step of coding takes two reads.

Each symbol is coded under one of four tables of its scale index, by its kind: alone, free, checked and even, checked
and odd.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nncodec.entropy.coder import Indices, Symbols
from nncodec.entropy.scales import N_SCALES

FIRST_INDEX = 8
"""Least scale index of symbols in blocks: at smaller ones nearly all symbols are zero, and parity says nothing."""
FREE, CHECKED = 26, 6
SIZE = FREE + CHECKED
CHECKS = np.array(
    sorted(
        (word for word in range(1 << CHECKED) if word.bit_count() in (3, 5)), key=lambda word: (word.bit_count(), word)
    ),
    np.uint8,
)
"""(FREE,): bit j tells whether the free symbol takes part in the parity of the checked symbol j."""
_KIND_FREE, _KIND_CHECKED = N_SCALES, 2 * N_SCALES
N_TABLES = 4 * N_SCALES
"""TableNumbers by kind, then by scale index."""

Positions = npt.NDArray[np.intp]
TableNumbers = npt.NDArray[np.uint8]
"""Numbers of tables: 64 times the kind, plus the scale index."""


@dataclass(frozen=True)
class Blocks:
    """The blocks among the symbols (n,) of one step of coding, of which there may be none."""

    free: Positions
    """(FREE, blocks) positions of the free symbols of each block."""
    checked: Positions
    """(CHECKED, blocks) positions of the others: those of the largest scales, whose parity costs most."""

    @classmethod
    def of(cls, indices: Indices) -> "Blocks":
        """The blocks of symbols with scale indices (n,)."""
        fitting = np.flatnonzero(indices >= FIRST_INDEX)
        count = len(fitting) // SIZE
        largest_first = np.argsort(N_SCALES - indices[fitting], kind="stable")[: SIZE * count]
        sorted_ = fitting[largest_first].reshape(SIZE, count)
        return cls(sorted_[CHECKED:], sorted_[:CHECKED])

    def parities(self, symbols: Symbols) -> npt.NDArray[np.uint8]:
        """Parities (CHECKED, blocks) of the checked symbols, which the free ones among symbols (n,) give."""
        odd = (symbols[self.free] & 1).astype(np.uint8)  # (FREE, blocks)
        words = np.bitwise_xor.reduce(odd * CHECKS[:, None], axis=0)  # (blocks,)
        parities: npt.NDArray[np.uint8] = words >> np.arange(CHECKED, dtype=np.uint8)[:, None] & 1
        return parities

    def first_read(self, indices: Indices) -> tuple[Positions, TableNumbers]:
        """Positions of all symbols but the checked ones, in order, and their tables."""
        tables = indices.copy()
        tables[self.free] = free_tables(indices[self.free])
        positions = _others(len(indices), self.checked)
        return positions, tables[positions]

    def alone(self, count: int) -> Positions:
        """Positions of the symbols, of so many, that are in no block."""
        return _others(count, self.checked, self.free)


def _others(count: int, *left_out: Positions) -> Positions:
    """Positions 0 to ``count`` - 1 but those left out, in order."""
    found = np.ones(count, bool)
    for each in left_out:
        found[each] = False
    return np.flatnonzero(found)


def checked_tables(indices: Indices, parities: npt.NDArray[np.integer]) -> TableNumbers:
    """TableNumbers of checked symbols."""
    tables: TableNumbers = (_KIND_CHECKED + N_SCALES * parities + indices).astype(np.uint8)
    return tables


def free_tables(indices: Indices) -> TableNumbers:
    """TableNumbers of free symbols."""
    return indices + np.uint8(_KIND_FREE)


def halved(symbols: Symbols) -> Symbols:
    """Numbers that stand for checked symbols in the stream: n for 2 n and for 2 n + 1."""
    return symbols >> 1


def read(indices: Indices, code: Callable[[TableNumbers], Symbols]) -> Symbols:
    """Read symbols (n,) with scale indices (n,); ``code`` reads one for each table."""
    blocks = Blocks.of(indices)
    positions, tables = blocks.first_read(indices)
    symbols = np.empty(len(indices), np.int32)
    symbols[positions] = code(tables)
    if blocks.checked.size:
        parities = blocks.parities(symbols)
        halves = code(checked_tables(indices[blocks.checked], parities).reshape(-1))
        symbols[blocks.checked] = 2 * halves.reshape(parities.shape) + parities
    return symbols


def written(blocks: Blocks, indices: Indices, symbols: Symbols) -> list[tuple[Symbols, TableNumbers]]:
    """What `read` will ask for, read by read: numbers and tables. Symbols (n,) have the parities of their blocks."""
    positions, tables = blocks.first_read(indices)
    reads = [(symbols[positions], tables)]
    if blocks.checked.size:
        checked = symbols[blocks.checked]
        reads.append((halved(checked).reshape(-1), checked_tables(indices[blocks.checked], checked & 1).reshape(-1)))
    return reads
