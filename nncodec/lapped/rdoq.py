"""Rate-distortion optimised quantisation (RDOQ): a symbol may move towards zero where that saves more than it costs."""

import numpy as np
import numpy.typing as npt

from nncodec.entropy.coder import Indices, Symbols
from nncodec.entropy.tables import Tables

Floats = npt.NDArray[np.floating]

ESCAPED_NUMBER_BITS = 12.0
"""Estimated bits of an escaped number, beside the escape: one byte of LEB128 up to 64 beyond the table, else two.

Restorer ``tuned``, whose symbols are smaller, counts 10. Another value here or there would change the written bytes.
"""


PRICE = 8.0
"""Bits that the square of one quantiser step of error is worth; the theory of fine uniform quantisers says 8.7."""
PRICE_FACTOR = 1.3
"""Factor on the price where single symbols are chosen: zeros also make poorer contexts for the symbols that follow."""


class Quantiser:
    """The choice of symbols by bits + price * squared error.

    Args:
        tables: the distributions.
        price: (C,) bits that a squared error of one symbol is worth, by channel.
    """

    def __init__(self, tables: Tables, price: Floats) -> None:
        halves = np.array(tables.half_widths, np.int32)
        costs = [tables.costs(index) for index in range(len(halves))]
        for row in costs:
            row[-1] += ESCAPED_NUMBER_BITS
        self._costs = np.concatenate(costs)
        self._halves = halves
        self._starts = np.cumsum([0] + [len(row) for row in costs[:-1]], dtype=np.int32)
        self._price = price.astype(np.float32)

    def bits(self, symbols: Symbols, indices: Indices) -> npt.NDArray[np.float32]:
        """Bits of each symbol, in the shape of ``symbols``."""
        half = self._halves[indices]
        place = np.where(np.abs(symbols) > half, 2 * half + 1, symbols + half)
        bits: npt.NDArray[np.float32] = self._costs[self._starts[indices] + place]
        return bits

    def __call__(self, wanted: Floats, indices: Indices) -> Symbols:
        """Symbols (H, W, C) int32 for wanted values in symbols (H, W, C), coded under these scale indices."""
        best = np.empty(wanted.shape, np.int32)
        for target, want, index in zip(best, wanted, indices, strict=True):  # by rows, to save memory
            np.rint(want, out=target, casting="unsafe")
            at = np.nonzero(target)
            target[at] = self._better(target[at], want[at].astype(np.float32), index[at], self._price[at[-1]])
        return best

    def _better(self, symbol: Symbols, want: Floats, index: Indices, price: Floats) -> Symbols:
        """The cheaper of symbols (n,), none of them zero, and of the symbols one nearer to zero, place by place."""
        lower = symbol - np.sign(symbol)
        cost = self.bits(symbol, index) + price * (want - symbol) ** 2
        other = self.bits(lower, index) + price * (want - lower) ** 2
        chosen: Symbols = np.where(other < cost, lower, symbol)
        return chosen
