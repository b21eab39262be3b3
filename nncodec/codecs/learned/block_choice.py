"""The choice of the symbols of blocks by rate and distortion.

Every symbol has a best even and a best odd value. Among all words of the code, a trellis over the syndromes finds that
whose parities cost least (Wolf, "Efficient maximum likelihood decoding of linear block codes using a trellis", IEEE
Trans. Inf. Theory, 1978).
"""

import numpy as np
import numpy.typing as npt

from nncodec.codecs.learned.blocks import CHECKED, CHECKS, SIZE, Blocks, checked_tables, free_tables, halved
from nncodec.entropy.coder import Indices, Symbols
from nncodec.lapped.rdoq import Quantiser

Floats = npt.NDArray[np.float32]

_SYNDROMES = np.arange(1 << CHECKED)
_COLUMNS = np.concatenate([1 << np.arange(CHECKED), CHECKS.astype(np.int64)])
"""(SIZE,) syndromes of single odd symbols: the checked ones, then the free ones."""
_AT_ONCE = 4096
"""Blocks whose costs are held in memory at once."""


def choose(wanted: Floats, indices: Indices, blocks: Blocks, quantiser: Quantiser, price: float, out: Symbols) -> None:
    """Choose the symbols of all blocks.

    Args:
        wanted: (n,) values in symbols.
        indices: (n,) scale indices.
        blocks: the positions of their symbols.
        quantiser: knows the bits of all tables.
        price: bits that a squared error of one symbol is worth.
        out: (n,) symbols; those in blocks are set.
    """
    for first in range(0, blocks.free.shape[1], _AT_ONCE):
        part = np.s_[:, first : first + _AT_ONCE]
        at = np.concatenate([blocks.checked[part], blocks.free[part]])  # (SIZE, blocks)
        out[at] = _chosen(wanted[at], indices[at], quantiser, np.float32(price))


def _chosen(wanted: Floats, indices: Indices, quantiser: Quantiser, price: np.float32) -> Symbols:
    """Symbols (SIZE, blocks), the checked ones first, for wanted values and scale indices in that shape."""
    nearest = np.rint(wanted).astype(np.int32)
    outwards = np.where(wanted < 0, np.int32(-1), np.int32(1))

    def cost(symbols: Symbols) -> Floats:
        checked, free = symbols[:CHECKED], symbols[CHECKED:]
        bits = np.empty(symbols.shape, np.float32)
        bits[:CHECKED] = quantiser.bits(halved(checked), checked_tables(indices[:CHECKED], checked & 1))
        bits[CHECKED:] = quantiser.bits(free, free_tables(indices[CHECKED:]))
        bits += price * (wanted - symbols) ** 2
        return bits

    def cheaper(one: Symbols, other: Symbols) -> tuple[Symbols, Floats]:
        costs = cost(one), cost(other)
        better = costs[1] < costs[0]
        return np.where(better, other, one), np.where(better, costs[1], costs[0])

    same, same_cost = cheaper(nearest, nearest - 2 * outwards)  # the parity of the nearest symbol
    other, other_cost = cheaper(nearest - outwards, nearest + outwards)
    odd = nearest & 1  # (SIZE, blocks)
    odd_minus_even = np.where(odd, same_cost - other_cost, other_cost - same_cost)
    symbols: Symbols = np.where(_cheapest_words(odd_minus_even) == odd, same, other)
    return symbols


def _cheapest_words(odd_costs: Floats) -> npt.NDArray[np.int32]:
    """The words (SIZE, blocks) of the code of least cost, given how much more an odd than an even symbol costs."""
    blocks = odd_costs.shape[1]
    costs = np.full((len(_SYNDROMES), blocks), np.inf, np.float32)  # of the best symbols so far, by their syndrome
    costs[0] = 0
    odd = np.empty((SIZE, *costs.shape), bool)
    for column, (syndrome, cost) in enumerate(zip(_COLUMNS, odd_costs, strict=True)):
        by_odd = costs[_SYNDROMES ^ syndrome] + cost
        np.less(by_odd, costs, out=odd[column])
        np.minimum(costs, by_odd, out=costs)
    words = np.empty((SIZE, blocks), np.int32)
    at, every = np.zeros(blocks, np.intp), np.arange(blocks)
    for column in reversed(range(SIZE)):
        words[column] = odd[column, at, every]
        at ^= np.where(words[column], _COLUMNS[column], 0)
    return words
