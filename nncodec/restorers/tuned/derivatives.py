"""Derivatives of the 378-parameter network: the gradient of a squared error, and the Jacobian.

The planes of a batch stand side by side, as one wide plane, laid out as in `nncodec.restorers.tuned.network`. Where two
planes meet, a layer mixes both: those samples are left out of the results, and their error is zero.
"""

import numpy as np
from numpy.lib.stride_tricks import as_strided

from nncodec.restorers.tuned.network import (
    CHANNELS,
    HALO,
    LAYERS,
    N_PARAMETERS,
    OUTPUT_UNIT,
    TAPS,
    Floats,
    combined,
    convolved,
    factors,
    kernels,
    network_input,
    rectify,
    surroundings,
)

_ENTER = CHANNELS * TAPS
_BLOCK = CHANNELS * (TAPS + CHANNELS)


class Derivatives:
    """For batches of one shape, (n, height, width) with the halo, whose memory is used again and again."""

    def __init__(self, n: int, height: int, width: int) -> None:
        self._shape = n, height, width
        wide = n * width
        self._shifted = [np.empty(3 * CHANNELS * height * wide, np.float32) for _ in range(LAYERS)]
        self._made = np.empty(CHANNELS * height * wide, np.float32)
        self._scratch = np.empty_like(self._shifted[0])
        self._padded = [
            np.zeros((height - 2 * number + 4, CHANNELS if number < LAYERS else 1, wide - 2 * number + 4), np.float32)
            for number in range(1, LAYERS + 1)
        ]

    def gradient(
        self, parameters: Floats, luma: Floats, target: Floats, weight: Floats | float = 1.0
    ) -> tuple[float, Floats]:
        """Weighted squared error of corrected luma, summed over a batch, and its gradient.

        Args:
            parameters: (378,)
            luma: (n, h, w), in levels.
            target: (n, h - 10, w - 10), in levels.
            weight: factor of the squared errors, a number or (n, 1, 1).

        Returns:
            The weighted sum of squared errors, and (378,).
        """
        layers = kernels(parameters)
        out = self._forward(layers, luma)
        error = luma[:, HALO:-HALO, HALO:-HALO] + self._apart(out[:, 0]) * np.float32(OUTPUT_UNIT) - target
        weighted = error * np.asarray(weight, np.float32)
        self._apart(_inner(self._padded[-1])[:, 0])[:] = weighted * np.float32(2 * OUTPUT_UNIT)
        return float((weighted * error).sum()), _to_factors(parameters, self._backward(layers))

    def jacobian(self, parameters: Floats, luma: Floats) -> Floats:
        """Derivatives of the corrected luma of a batch (n, h, w), (378, n, h - 10, w - 10).

        By tangents: the change that each weight makes right behind its layer is taken through the layers after it.
        """
        layers = kernels(parameters)
        self._forward(layers, luma)
        n, height, width = self._shape
        found = np.empty((N_PARAMETERS, n, height - 2 * HALO, width - 2 * HALO), np.float32)
        for weight in range(_ENTER):
            found[weight] = self._from_channel(layers, 0, weight // TAPS, self._around[0][:, weight % TAPS])
        for number, (depthwise, pointwise) in enumerate(factors(parameters)[1], 1):
            first, around = _ENTER + (number - 1) * _BLOCK, self._around[number]
            for weight in range(_ENTER):
                channel, tap = divmod(weight, TAPS)
                values = around[:, tap * CHANNELS + channel, None] * self._open[number]
                values *= pointwise[:, channel, None]
                found[first + weight] = self._through(layers, number + 1, values)
            mixed = combined(depthwise, np.eye(CHANNELS, dtype=np.float32)) @ around
            for weight in range(CHANNELS * CHANNELS):
                out, channel = divmod(weight, CHANNELS)
                found[first + _ENTER + weight] = self._from_channel(layers, number, out, mixed[:, channel])
        for weight in range(_ENTER):
            channel, tap = divmod(weight, TAPS)
            found[weight - _ENTER] = self._apart(self._around[-1][:, tap * CHANNELS + channel])
        found *= np.float32(OUTPUT_UNIT)
        return found

    def _forward(self, layers: list[Floats], luma: Floats) -> Floats:
        """The result for a batch; keeps what entered each layer, and where the rectifiers let through, as 1."""
        x = network_input(luma.swapaxes(0, 1)).reshape(len(luma[0]), 1, -1)
        self._around, self._open = [], []
        for number, kernel in enumerate(layers):
            self._around.append(surroundings(x, self._shifted[number]))
            x = convolved(kernel, self._around[number], self._made)
            if number < LAYERS - 1:
                rectify(x)
                self._open.append((x > 0).astype(np.float32))
        return x

    def _backward(self, layers: list[Floats]) -> list[Floats]:
        """The gradient of the dense kernels, from that of the network's output in the last padded plane."""
        dense = []
        for number in range(LAYERS - 1, -1, -1):
            back = _inner(self._padded[number])
            dense.append(np.matmul(back, self._around[number].swapaxes(1, 2)).sum(0))
            if number:
                turned = layers[number].reshape(len(dense[-1]), TAPS, CHANNELS)[:, ::-1].transpose(2, 1, 0)
                around = surroundings(self._padded[number], self._scratch)
                before = np.matmul(turned.reshape(CHANNELS, -1), around, out=_inner(self._padded[number - 1]))
                before *= self._open[number - 1]
        return dense[::-1]

    def _from_channel(self, layers: list[Floats], number: int, channel: int, values: Floats) -> Floats:
        """The change of the result if layer ``number`` makes that of one channel, (h, w), before its rectifier."""
        tangent = (values * self._open[number][:, channel])[:, None]
        return self._through(layers, number + 1, tangent, slice(channel, channel + 1))

    def _through(self, layers: list[Floats], first: int, tangent: Floats, channels: slice = slice(CHANNELS)) -> Floats:
        """The change of the result, (n, h - 10, w - 10), by that of some channels of what enters layer ``first``."""
        for number in range(first, LAYERS):
            kernel = layers[number].reshape(-1, TAPS, CHANNELS)[:, :, channels]
            around = surroundings(tangent, self._scratch)
            tangent = convolved(kernel.reshape(len(kernel), -1), around, self._made)
            if number < LAYERS - 1:
                tangent *= self._open[number]
            channels = slice(CHANNELS)
        return self._apart(tangent[:, 0])

    def _apart(self, wide: Floats) -> Floats:
        """A view of the planes (n, h - 10, w - 10) in a wide one (h - 10, n * w - 10)."""
        n, height, width = self._shape
        along, pixel = wide.strides
        return as_strided(wide, (n, height - 2 * HALO, width - 2 * HALO), (width * pixel, along, pixel))


def _inner(padded: Floats) -> Floats:
    """What has two rows, and two pixels, on each side."""
    return padded[2:-2, :, 2:-2]


def _to_factors(parameters: Floats, dense: list[Floats]) -> Floats:
    """The gradient of the parameters from that of the five dense kernels."""
    parts = [dense[0]]
    for (depthwise, pointwise), grad in zip(factors(parameters)[1], dense[1:-1], strict=True):
        taps = grad.reshape(CHANNELS, TAPS, CHANNELS)
        parts += [(taps * pointwise[:, None]).sum(0).T, (taps * depthwise.T).sum(1)]
    parts.append(dense[-1].reshape(TAPS, CHANNELS).T)
    return np.concatenate([part.reshape(-1) for part in parts]).astype(np.float32)
