"""The 378-parameter network of one picture, in NumPy: applied by the decoder, fitted by the encoder.

After "Image Compression Architecture with Built-in Lightweight Model" (APSIPA 2021): a residual network on luma,
namely a 3 x 3 convolution from 1 to 6 channels, three depthwise-separable blocks of 6, and a 3 x 3 convolution back
to 1, without biases: 54 + 3 (54 + 36) + 54 = 378 weights. The paper normalises after each convolution; this network
does not (docs/training.md has the comparison). So the depthwise and the pointwise kernel of a block are one dense
kernel, a strip of the picture depends on its own surroundings only, and a layer is one matrix product: in NumPy the
whole network takes a fraction of the time of `import torch`.
"""

import numpy as np
import numpy.typing as npt

from nncodec.image import Pixels

Floats = npt.NDArray[np.float32]

N_PARAMETERS = 378
HALO = 5
"""Pixels on each side that a result depends on: one for each layer."""

_CHANNELS, _BLOCKS, _TAPS = 6, 3, 9
_ENTER = _CHANNELS * _TAPS
_DEPTHWISE, _POINTWISE = _CHANNELS * _TAPS, _CHANNELS * _CHANNELS
_BLOCK = _DEPTHWISE + _POINTWISE

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_INPUT_ZERO, _INPUT_UNIT = 128.0, 64.0
_OUTPUT_UNIT = 8.0


def luma(pixels: Pixels | Floats) -> Floats:
    """Luma (ITU-R BT.601) of (H, W, 3) pixels, or (H, W) gray as it is; (H, W) float32, not rounded."""
    return pixels.astype(np.float32) if pixels.ndim == 2 else pixels.astype(np.float32) @ _LUMA


def luma_around(pixels: Pixels | Floats, rows: slice, columns: slice) -> Floats:
    """Luma of a region and `HALO` pixels on each side; beyond the picture its border is repeated."""
    height, width = pixels.shape[:2]
    down = np.clip(np.arange(rows.start - HALO, rows.stop + HALO), 0, height - 1)
    across = np.clip(np.arange(columns.start - HALO, columns.stop + HALO), 0, width - 1)
    return luma(pixels[down[:, np.newaxis], across])


def factors(parameters: Floats) -> tuple[Floats, list[tuple[Floats, Floats]], Floats]:
    """Views of (378,) parameters: enter (6, 9); depthwise (6, 9) and pointwise (6, 6) of each block; leave (1, 54)."""
    blocks = []
    for start in range(_ENTER, _ENTER + _BLOCKS * _BLOCK, _BLOCK):
        depthwise, pointwise = np.split(parameters[start : start + _BLOCK], [_DEPTHWISE])
        blocks.append((depthwise.reshape(_CHANNELS, _TAPS), pointwise.reshape(_CHANNELS, _CHANNELS)))
    enter, leave = parameters[:_ENTER], parameters[_ENTER + _BLOCKS * _BLOCK :]
    return enter.reshape(_CHANNELS, _TAPS), blocks, leave.reshape(1, _ENTER)


def kernels(parameters: Floats) -> list[Floats]:
    """The five dense kernels, (out, in * 9) each."""
    enter, blocks, leave = factors(parameters)
    inner = [(pointwise[:, :, None] * depthwise[None]).reshape(_CHANNELS, -1) for depthwise, pointwise in blocks]
    return [enter, *inner, leave]


def correction(parameters: Floats, luma: Floats) -> Floats:
    """What to add to luma (h, w), in levels of 0..255: (h - 10, w - 10). Float32; machines may differ by a rounding."""
    x = _input(luma)[None, None]
    layers = kernels(parameters)
    for number, kernel in enumerate(layers):
        x = _layer(kernel, _columns(x), x.shape)
        if number < len(layers) - 1:
            np.maximum(x, 0, out=x)
    out: Floats = x[0, 0] * _OUTPUT_UNIT
    return out


def gradient(parameters: Floats, luma: Floats, target: Floats, weight: Floats | float) -> tuple[float, Floats]:
    """Weighted squared error of corrected luma, summed over the batch, and its gradient.

    Args:
        parameters: (378,)
        luma: (n, h, w), in levels.
        target: (n, h - 10, w - 10), in levels.
        weight: factor of the squared errors, a number or (n, 1, 1).

    Returns:
        The weighted sum of squared errors, and (378,).
    """
    layers = kernels(parameters)
    x = _input(luma)[None]
    inputs, columns = [], []
    for number, kernel in enumerate(layers):
        inputs.append(x)
        columns.append(_columns(x))
        x = _layer(kernel, columns[-1], x.shape)
        if number < len(layers) - 1:
            np.maximum(x, 0, out=x)
    error = luma[:, HALO:-HALO, HALO:-HALO] + x[0] * _OUTPUT_UNIT - target
    back = (2 * _OUTPUT_UNIT * weight * error)[None]
    dense = []
    for kernel, column, seen in zip(layers[::-1], columns[::-1], inputs[::-1], strict=True):
        flat = back.reshape(len(kernel), -1)
        dense.append(flat @ column.T)
        if seen is not inputs[0]:
            back = _scatter((kernel.T @ flat).astype(np.float32), back.shape) * (seen > 0)
    return float((weight * error * error).sum()), _to_factors(parameters, dense[::-1])


def _input(luma: Floats) -> Floats:
    return ((luma - _INPUT_ZERO) / _INPUT_UNIT).astype(np.float32)


def _columns(x: Floats) -> Floats:
    """Every 3 x 3 neighbourhood of (C, n, h, w), as (C * 9, n * (h - 2) * (w - 2))."""
    windows = np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(2, 3))  # (C, n, h - 2, w - 2, 3, 3)
    return np.ascontiguousarray(windows.transpose(0, 4, 5, 1, 2, 3)).reshape(x.shape[0] * _TAPS, -1)


def _layer(kernel: Floats, columns: Floats, shape: tuple[int, ...]) -> Floats:
    _, n, height, width = shape
    out: Floats = (kernel @ columns).reshape(len(kernel), n, height - 2, width - 2)
    return out


def _scatter(columns: Floats, shape: tuple[int, ...]) -> Floats:
    """Transpose of `_columns`: add every neighbourhood back where it came from, ``shape`` being theirs."""
    _, n, height, width = shape
    taps = columns.reshape(-1, 3, 3, n, height, width)
    out = np.zeros((taps.shape[0], n, height + 2, width + 2), np.float32)
    for row in range(3):
        for column in range(3):
            out[:, :, row : row + height, column : column + width] += taps[:, row, column]
    return out


def _to_factors(parameters: Floats, dense: list[Floats]) -> Floats:
    """The gradient of the parameters from that of the five dense kernels."""
    parts = [dense[0].reshape(-1)]
    for (depthwise, pointwise), grad in zip(factors(parameters)[1], dense[1:-1], strict=True):
        taps = grad.reshape(_CHANNELS, _CHANNELS, _TAPS)
        parts.append((taps * pointwise[:, :, None]).sum(0).reshape(-1))
        parts.append((taps * depthwise[None]).sum(2).reshape(-1))
    return np.concatenate([*parts, dense[-1].reshape(-1)]).astype(np.float32)


class Adam:
    """Adam (Kingma and Ba 2015) on one vector, gradients clipped to norm 1."""

    def __init__(self, size: int) -> None:
        self._mean, self._square, self._steps = np.zeros(size, np.float32), np.zeros(size, np.float32), 0

    def step(self, vector: Floats, grad: Floats, rate: float) -> None:
        """Move ``vector`` in place."""
        grad = grad / max(1.0, float(np.sqrt((grad * grad).sum())))
        self._steps += 1
        self._mean += 0.1 * (grad - self._mean)
        self._square += 0.01 * (grad * grad - self._square)
        mean, square = self._mean / (1 - 0.9**self._steps), self._square / (1 - 0.99**self._steps)
        vector -= rate * mean / (np.sqrt(square) + 1e-8)
