"""Derivatives of the 378-parameter network: the gradient of a squared error, and the Jacobian.

The n planes of a batch stand side by side as one wide plane (h, n * w), laid out as in
`nncodec.restorers.tuned.network`. At the seam of two planes a layer mixes both: those samples are left out of the
results, and their error is zero.
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
    windows,
)

_ENTER = CHANNELS * TAPS
_BLOCK = CHANNELS * (TAPS + CHANNELS)


class Derivatives:
    """Gradients and Jacobians for batches of one shape, (n, height, width) with the halo; its memory is reused."""

    def __init__(self, n: int, height: int, width: int) -> None:
        self._shape = n, height, width
        wide = n * width
        self._shifted = [np.empty(3 * CHANNELS * height * wide, np.float32) for _ in range(LAYERS)]
        self._made = np.empty(CHANNELS * height * wide, np.float32)
        self._scratch = np.empty_like(self._shifted[0])
        # gradient of each layer's output, (h + 4, out, w + 4) for an output (h, out, w): two zeros on each side
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
        out = self._forward(layers, luma)  # (h - 10, 1, n * w - 10)
        error = luma[:, HALO:-HALO, HALO:-HALO] + self._planes(out[:, 0]) * np.float32(OUTPUT_UNIT) - target
        weighted = error * np.asarray(weight, np.float32)  # (n, h - 10, w - 10)
        self._planes(_inner(self._padded[-1])[:, 0])[:] = weighted * np.float32(2 * OUTPUT_UNIT)
        return float((weighted * error).sum()), _of_factors(parameters, self._backward(layers))

    def jacobian(self, parameters: Floats, luma: Floats) -> Floats:
        """Derivatives of the corrected luma of a batch (n, h, w), (378, n, h - 10, w - 10).

        In forward mode: the tangent of each weight, the derivative of its own layer's output, is propagated through
        the layers that follow.
        """
        layers = kernels(parameters)
        self._forward(layers, luma)
        n, height, width = self._shape
        found = np.empty((N_PARAMETERS, n, height - 2 * HALO, width - 2 * HALO), np.float32)
        for weight in range(_ENTER):
            channel, tap = divmod(weight, TAPS)
            found[weight] = self._from_channel(layers, 0, channel, self._windows[0][:, tap])
        for number, (depthwise, pointwise) in enumerate(factors(parameters)[1], 1):
            first = _ENTER + (number - 1) * _BLOCK
            self._block_jacobian(layers, number, depthwise, pointwise, found[first : first + _BLOCK])
        for weight in range(_ENTER):
            channel, tap = divmod(weight, TAPS)
            found[weight - _ENTER] = self._planes(self._windows[-1][:, tap * CHANNELS + channel])
        found *= np.float32(OUTPUT_UNIT)
        return found

    def _block_jacobian(
        self, layers: list[Floats], number: int, depthwise: Floats, pointwise: Floats, found: Floats
    ) -> None:
        """Fill in ``found`` (90, n, h - 10, w - 10) for the block that is layer ``number``."""
        inputs = self._windows[number]  # (h, 9 * C, w)
        for weight in range(_ENTER):
            channel, tap = divmod(weight, TAPS)
            # a depthwise weight reaches all channels of the output: (h, 1, w) * (h, C, w) * (C, 1)
            tangent = inputs[:, tap * CHANNELS + channel, None] * self._open[number]
            tangent *= pointwise[:, channel, None]
            found[weight] = self._propagated(layers, number + 1, tangent)
        filtered = combined(depthwise, np.eye(CHANNELS, dtype=np.float32)) @ inputs  # (h, C, w)
        for weight in range(CHANNELS * CHANNELS):
            out, channel = divmod(weight, CHANNELS)
            found[_ENTER + weight] = self._from_channel(layers, number, out, filtered[:, channel])

    def _forward(self, layers: list[Floats], luma: Floats) -> Floats:
        """The output (h - 10, 1, n * w - 10) for a batch (n, h, w).

        Keeps every layer's windows, (h, 9 * in, w), and where its rectifier is open, (h, out, w), 1.0 or 0.0.
        """
        x = network_input(luma.swapaxes(0, 1)).reshape(len(luma[0]), 1, -1)  # (h, 1, n * w)
        self._windows, self._open = [], []
        for number, kernel in enumerate(layers):
            self._windows.append(windows(x, self._shifted[number]))
            x = convolved(kernel, self._windows[number], self._made)
            if number < LAYERS - 1:
                rectify(x)
                self._open.append((x > 0).astype(np.float32))
        return x

    def _backward(self, layers: list[Floats]) -> list[Floats]:
        """Gradients of the dense kernels, (out, 9 * in) each, from that of the output in the last padded plane."""
        dense = []
        for number in range(LAYERS - 1, -1, -1):
            back = _inner(self._padded[number])  # (h, out, w)
            dense.append(np.matmul(back, self._windows[number].swapaxes(1, 2)).sum(0))
            if number:
                # the transposed convolution: taps reversed, channels in and out exchanged, (in, tap, out)
                turned = layers[number].reshape(len(dense[-1]), TAPS, CHANNELS)[:, ::-1].transpose(2, 1, 0)
                inputs = windows(self._padded[number], self._scratch)
                before = np.matmul(turned.reshape(CHANNELS, -1), inputs, out=_inner(self._padded[number - 1]))
                before *= self._open[number - 1]
        return dense[::-1]

    def _from_channel(self, layers: list[Floats], number: int, channel: int, values: Floats) -> Floats:
        """The tangent of the output for ``values`` (h, w), a tangent of one channel of layer ``number``.

        ``values`` are those before the rectifier.
        """
        tangent = (values * self._open[number][:, channel])[:, None]  # (h, 1, w)
        return self._propagated(layers, number + 1, tangent, slice(channel, channel + 1))

    def _propagated(
        self, layers: list[Floats], first: int, tangent: Floats, channels: slice = slice(CHANNELS)
    ) -> Floats:
        """The tangent of the output, (n, h - 10, w - 10), for one (h, c, w) of some input channels of a layer."""
        for number in range(first, LAYERS):
            kernel = layers[number].reshape(-1, TAPS, CHANNELS)[:, :, channels]  # (out, tap, c)
            inputs = windows(tangent, self._scratch)
            tangent = convolved(kernel.reshape(len(kernel), -1), inputs, self._made)
            if number < LAYERS - 1:
                tangent *= self._open[number]
            channels = slice(CHANNELS)
        return self._planes(tangent[:, 0])

    def _planes(self, wide: Floats) -> Floats:
        """A view of the planes (n, h - 10, w - 10) in a wide one (h - 10, n * w - 10)."""
        n, height, width = self._shape
        along, pixel = wide.strides
        return as_strided(wide, (n, height - 2 * HALO, width - 2 * HALO), (width * pixel, along, pixel))


def _inner(padded: Floats) -> Floats:
    """A view of (h + 4, C, w + 4) without the padding, (h, C, w)."""
    return padded[2:-2, :, 2:-2]


def _of_factors(parameters: Floats, dense: list[Floats]) -> Floats:
    """The gradient (378,) of the parameters from that of the five dense kernels."""
    parts = [dense[0]]
    for (depthwise, pointwise), grad in zip(factors(parameters)[1], dense[1:-1], strict=True):
        taps = grad.reshape(CHANNELS, TAPS, CHANNELS)  # (out, tap, in)
        # the chain rule through dense[o, t, i] = pointwise[o, i] * depthwise[i, t]
        parts += [(taps * pointwise[:, None]).sum(0).T, (taps * depthwise.T).sum(1)]
    parts.append(dense[-1].reshape(TAPS, CHANNELS).T)
    return np.concatenate([part.reshape(-1) for part in parts]).astype(np.float32)
