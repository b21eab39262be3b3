"""Differences of weights to a shared start, as few symbols as they are worth: several rows, each with its own scale.

A row is a filter. Its symbols follow one of the tables of distributions; which one is coded first, as the difference
to that of the row before.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from nncodec.entropy.coder import Indices, Symbols
from nncodec.entropy.scales import N_SCALES
from nncodec.entropy.tables import Tables
from nncodec.errors import CorruptFile
from nncodec.lapped.rdoq import Quantiser

Floats = npt.NDArray[np.floating]
Code = Callable[[Symbols, Indices], Symbols]
"""Writes symbols (n,) under scale indices (n,) and returns them, or reads them, whatever it is given."""

CHAIN_INDEX = 30
"""Scale index of the differences between the scale indices of rows."""


def code_differences(symbols: Symbols, scales: Symbols, code: Code) -> Symbols:
    """Write or read the symbols (rows, n) of differences whose rows have these scale indices (rows,).

    A decoder hands zeros in both. Raises CorruptFile for a scale index outside the table.
    """
    steps = np.diff(scales, prepend=np.int32(0)).astype(np.int32)
    chain = np.cumsum(code(steps, np.full(len(steps), CHAIN_INDEX, np.uint8)))
    if chain.min() < 0 or chain.max() >= N_SCALES:
        raise CorruptFile(f"scale indices of a filter's differences from {chain.min()} to {chain.max()}")
    indices = np.repeat(chain.astype(np.uint8), symbols.shape[1])
    return code(symbols.reshape(-1), indices).reshape(symbols.shape)


def choose(wanted: Floats, price: Floats, tables: Tables) -> tuple[Symbols, Symbols, float]:
    """Symbols (rows, n), scale indices (rows,) and bits, for wanted differences (rows, n) in quantiser steps.

    ``price`` (rows,) is what the squared error of one symbol is worth in bits.
    """
    rounder, best = Quantiser(tables, price), np.full(len(wanted), np.inf)
    chosen, scales = np.zeros(wanted.shape, np.int32), np.zeros(len(wanted), np.int32)
    for index in range(N_SCALES):
        indices = np.full(wanted.T.shape, index, np.uint8)
        symbols = rounder(wanted.T[None], indices[None])[0]
        spent = rounder.bits(symbols, indices).sum(0)
        cost = spent + price * np.square(wanted.T - symbols).sum(0)
        better = cost < best
        chosen[better], scales[better] = symbols.T[better], index
        best = np.minimum(best, cost)
    indices = np.repeat(scales.astype(np.uint8)[:, None], wanted.shape[1], 1)
    chain = np.diff(scales, prepend=np.int32(0)).astype(np.int32)
    costs = rounder.bits(chain, np.full(len(chain), CHAIN_INDEX, np.uint8)).sum()
    return chosen, scales, float(rounder.bits(chosen, indices).sum() + costs)
