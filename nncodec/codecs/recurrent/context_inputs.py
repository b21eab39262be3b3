"""Inputs of the contexts of the recurrent codec, kept up to date while a few of the sums at a time change.

A round changes the sums of some channels of many. Of the others, contexts need one weighted sum for each position,
which is corrected by the change alone. In float64 that is exact, so nothing drifts.
"""

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

Channels = npt.NDArray[np.intp]
Sums = npt.NDArray[np.int32]
Unsigned = npt.NDArray[np.unsignedinteger]
Weights = npt.NDArray[np.float64]


class ContextInputs:
    """Sizes of the sums (channels, h, w), on a logarithmic scale, and the hidden units' inputs.

    Attributes:
        sizes: (channels, h, w) uint8, the size of each sum.
        ring_sums: (channels, h, w) uint16, 12 times the weighted mean of the eight sizes around each sum.
        hidden_inputs: (h * w, hidden) float64 whole numbers: 12 times ``sizes`` and ``ring_sums``, weighted and summed
            over all channels.

    Args:
        sums: (channels, h, w), as they are at first.
        size_of: gives the sizes of sums, in their shape.
        size_weights: (channels or more, hidden) whole numbers, for ``sizes``.
        ring_weights: of the same shape, for ``ring_sums``.
    """

    def __init__(
        self,
        sums: Sums,
        size_of: Callable[[Sums], npt.NDArray[np.uint8]],
        size_weights: Weights,
        ring_weights: Weights,
    ) -> None:
        self.sizes = np.zeros(sums.shape, np.uint8)
        self.ring_sums = np.zeros(sums.shape, np.uint16)
        self.hidden_inputs = np.zeros((sums[0].size, size_weights.shape[1]))
        self._size_of, self._size_weights, self._ring_weights = size_of, 12 * size_weights, ring_weights
        self.update(sums, np.arange(len(sums)))

    def update(self, sums: Sums, channels: Channels) -> None:
        """Take in the sums (channels, h, w), of which those of the given channels (k,) have changed."""
        for some in channel_blocks((len(channels), *sums.shape[1:])):
            here = channels[some]
            sizes = self._size_of(sums[here])
            self._replace(self.sizes, here, sizes, self._size_weights)
            self._replace(self.ring_sums, here, _ring_sums(sizes), self._ring_weights)

    def _replace(self, kept: Unsigned, channels: Channels, fresh: Unsigned, weights: Weights) -> None:
        """Replace (k, h, w) of ``kept`` (channels, h, w), and correct the hidden inputs by the difference."""
        change = np.subtract(fresh, kept[channels], dtype=np.float64)
        self.hidden_inputs += change.reshape(len(channels), -1).T @ weights[channels]  # (h * w, k) @ (k, hidden)
        kept[channels] = fresh


def channel_blocks(shape: tuple[int, ...]) -> Iterator[slice]:
    """Slices of the channels of an array (channels, h, w), of about 2^18 values each: temporary arrays stay small."""
    step = max(1, (1 << 18) // (shape[1] * shape[2]))
    yield from (slice(start, start + step) for start in range(0, shape[0], step))


def _ring_sums(sizes: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint16]:
    """Twice the sizes above, below, left and right, plus those at the corners; zeros outside. (channels, h, w)."""
    padded = np.pad(sizes.astype(np.uint16), ((0, 0), (1, 1), (1, 1)))  # (channels, h + 2, w + 2)
    rows = padded[:, :-2] + padded[:, 2:]  # (channels, h, w + 2): above and below
    total: npt.NDArray[np.uint16] = rows[..., :-2] + rows[..., 2:]  # the four corners
    total += 2 * (rows[..., 1:-1] + padded[:, 1:-1, :-2] + padded[:, 1:-1, 2:])
    return total
