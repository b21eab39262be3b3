"""Sizes of the sums that bits add up to, and what hidden units make of them, kept while a few sums at a time change.

A round of the recurrent codec changes some channels of many. All that its contexts need of the others is one weighted
sum for each position, which is corrected by what changed. In float64 that is exact, so nothing drifts.
"""

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

Channels = npt.NDArray[np.intp]
Sums = npt.NDArray[np.int32]
Unsigned = npt.NDArray[np.unsignedinteger]
Weights = npt.NDArray[np.float64]


class Sizes:
    """Sizes of sums (channels, h, w), on a logarithmic scale.

    Attributes:
        own: (channels, h, w) uint8, the size of each sum.
        around: (channels, h, w) uint16, 12 times the mean of the eight sizes around each sum.
        taken_in: (h * w, hidden) float64, what hidden units make of both: 12 times ``own`` and ``around``, weighted and
            summed over all channels.

    Args:
        sums: as they are at first.
        size_of: gives the sizes of sums, in their shape.
        own_weights: (channels or more, hidden) whole numbers.
        around_weights: of the same shape, for ``around``.
    """

    def __init__(
        self,
        sums: Sums,
        size_of: Callable[[Sums], npt.NDArray[np.uint8]],
        own_weights: Weights,
        around_weights: Weights,
    ) -> None:
        self.own = np.zeros(sums.shape, np.uint8)
        self.around = np.zeros(sums.shape, np.uint16)
        self.taken_in = np.zeros((sums[0].size, own_weights.shape[1]))
        self._size_of, self._own_weights, self._around_weights = size_of, 12 * own_weights, around_weights
        self.follow(sums, np.arange(len(sums)))

    def follow(self, sums: Sums, channels: Channels) -> None:
        """Some channels of the sums (channels, h, w) have changed."""
        for some in blocks((len(channels), *sums.shape[1:])):
            here = channels[some]
            own = self._size_of(sums[here])
            self._change(self.own, here, own, self._own_weights)
            self._change(self.around, here, _around(own), self._around_weights)

    def _change(self, kept: Unsigned, channels: Channels, fresh: Unsigned, weights: Weights) -> None:
        change = np.subtract(fresh, kept[channels], dtype=np.float64)
        self.taken_in += change.reshape(len(channels), -1).T @ weights[channels]
        kept[channels] = fresh


def blocks(shape: tuple[int, ...]) -> Iterator[slice]:
    """Channels, as many at a time as have some quarter of a million values: temporary arrays stay small."""
    step = max(1, (1 << 18) // (shape[1] * shape[2]))
    yield from (slice(start, start + step) for start in range(0, shape[0], step))


def _around(own: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint16]:
    """Twice the sizes above, below, left and right, plus those at the corners; zeros outside. (C, h, w)."""
    padded = np.pad(own.astype(np.uint16), ((0, 0), (1, 1), (1, 1)))
    rows = padded[:, :-2] + padded[:, 2:]
    total: npt.NDArray[np.uint16] = rows[..., :-2] + rows[..., 2:]
    total += 2 * (rows[..., 1:-1] + padded[:, 1:-1, :-2] + padded[:, 1:-1, 2:])
    return total
