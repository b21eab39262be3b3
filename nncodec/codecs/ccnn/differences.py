"""Differences of filters to the shared ones, quantised, each filter's with a scale of its own.

The symbols of a filter follow one of the tables of distributions. Its scale index is coded first, as the difference to
that of the filter before.
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
"""Write symbols (n,) under scale indices (n,) and return them; or read them, whatever symbols are given."""

CHAIN_INDEX = 30
"""Scale index of the differences between scale indices of filters."""


def code_differences(symbols: Symbols, scales: Symbols, code: Code) -> Symbols:
    """Write or read the symbols (filters, n) of differences under scale indices (filters,), one for each filter.

    A decoder gives zeros for both. Raises CorruptFile for a scale index outside 0 to N_SCALES - 1.
    """
    steps = np.diff(scales, prepend=np.int32(0)).astype(np.int32)
    chain = np.cumsum(code(steps, np.full(len(steps), CHAIN_INDEX, np.uint8)))
    if chain.min() < 0 or chain.max() >= N_SCALES:
        raise CorruptFile(f"scale indices of a filter's differences from {chain.min()} to {chain.max()}")
    indices = np.repeat(chain.astype(np.uint8), symbols.shape[1])
    return code(symbols.reshape(-1), indices).reshape(symbols.shape)


def choose(wanted: Floats, price: Floats, tables: Tables) -> tuple[Symbols, Symbols, float]:
    """Quantise differences (filters, n), given in quantiser steps: of all scale indices each filter gets the cheapest.

    Args:
        wanted: (filters, n)
        price: (filters,) bits that the squared error of one symbol is worth.
        tables: the distributions.

    Returns:
        Symbols (filters, n), scale indices (filters,), and the bits of both.
    """
    quantiser, best = Quantiser(tables, price), np.full(len(wanted), np.inf)
    chosen, scales = np.zeros(wanted.shape, np.int32), np.zeros(len(wanted), np.int32)
    for index in range(N_SCALES):
        indices = np.full(wanted.T.shape, index, np.uint8)
        symbols = quantiser(wanted.T[None], indices[None])[0]  # (n, filters)
        bits = quantiser.bits(symbols, indices).sum(0)
        cost = bits + price * np.square(wanted.T - symbols).sum(0)
        better = cost < best
        chosen[better], scales[better] = symbols.T[better], index
        best = np.minimum(best, cost)
    indices = np.repeat(scales.astype(np.uint8)[:, None], wanted.shape[1], 1)
    chain = np.diff(scales, prepend=np.int32(0)).astype(np.int32)
    chain_bits = quantiser.bits(chain, np.full(len(chain), CHAIN_INDEX, np.uint8)).sum()
    return chosen, scales, float(quantiser.bits(chosen, indices).sum() + chain_bits)
