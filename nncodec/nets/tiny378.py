"""The 378-parameter network of one picture, in NumPy, as the decoder applies it.

After "Image Compression Architecture with Built-in Lightweight Model" (APSIPA 2021): a residual network on luma,
namely a 3 x 3 convolution from 1 to 6 channels, three depthwise-separable blocks of 6, and a 3 x 3 convolution back
to 1, without biases: 54 + 3 (54 + 36) + 54 = 378 weights. The paper normalises after each convolution; this network
does not (docs/training.md has the comparison). So the depthwise and the pointwise kernel of a block are one dense
kernel, a strip of the picture depends on its own surroundings only, and a layer is one matrix product: in NumPy the
whole network takes a fraction of the time of `import torch`.

Planes are kept flat, (channels, rows * width): a neighbour is then at a fixed distance, and the nine shifts of a 3 x 3
convolution are nine contiguous copies. What stands at the last two places of each row mixes two rows, and is never
used: every layer makes two more such places, and the result leaves out ten.
"""

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from nncodec.image import Pixels

Floats = npt.NDArray[np.float32]

N_PARAMETERS = 378
HALO = 5
"""Pixels on each side that a result depends on: one for each layer."""
LAYERS, CHANNELS, TAPS = 5, 6, 9
INPUT_UNIT, OUTPUT_UNIT = 64.0, 8.0
"""Levels that the numbers 1 of the network's input and output stand for."""

_BLOCKS = 3
_ENTER = CHANNELS * TAPS
_DEPTHWISE, _POINTWISE = CHANNELS * TAPS, CHANNELS * CHANNELS
_BLOCK = _DEPTHWISE + _POINTWISE
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_INPUT_ZERO = 128.0
_CACHED = 3072
"""Columns whose product is made at once, so that they are still in a core's cache."""


def luma(pixels: Pixels | Floats) -> Floats:
    """Luma (ITU-R BT.601) of (H, W, 3) pixels, or (H, W) gray as it is; (H, W) float32, not rounded."""
    return pixels.astype(np.float32) if pixels.ndim == 2 else pixels.astype(np.float32) @ _LUMA


def luma_around(pixels: Pixels | Floats, rows: slice, columns: slice) -> Floats:
    """Luma of a region and `HALO` pixels on each side; beyond the picture its border is repeated."""
    height, width = pixels.shape[:2]
    top, bottom = max(0, rows.start - HALO), min(height, rows.stop + HALO)
    left, right = max(0, columns.start - HALO), min(width, columns.stop + HALO)
    beyond = (
        (top - rows.start + HALO, rows.stop + HALO - bottom),
        (left - columns.start + HALO, columns.stop + HALO - right),
    )
    return np.pad(luma(pixels[top:bottom, left:right]), beyond, mode="edge")


def factors(parameters: Floats) -> tuple[Floats, list[tuple[Floats, Floats]], Floats]:
    """Views of (378,) parameters: enter (6, 9); depthwise (6, 9) and pointwise (6, 6) of each block; leave (1, 54)."""
    blocks = []
    for start in range(_ENTER, _ENTER + _BLOCKS * _BLOCK, _BLOCK):
        depthwise, pointwise = np.split(parameters[start : start + _BLOCK], [_DEPTHWISE])
        blocks.append((depthwise.reshape(CHANNELS, TAPS), pointwise.reshape(CHANNELS, CHANNELS)))
    enter, leave = parameters[:_ENTER], parameters[_ENTER + _BLOCKS * _BLOCK :]
    return enter.reshape(CHANNELS, TAPS), blocks, leave.reshape(1, _ENTER)


def kernels(parameters: Floats) -> list[Floats]:
    """The five dense kernels, (out, in * 9) each."""
    enter, blocks, leave = factors(parameters)
    inner = [(pointwise[:, :, None] * depthwise[None]).reshape(CHANNELS, -1) for depthwise, pointwise in blocks]
    return [enter, *inner, leave]


def correction(parameters: Floats, luma: Floats) -> Floats:
    """What to add to luma (h, w), in levels of 0..255: (h - 10, w - 10). Float32; machines may differ by a rounding."""
    width = luma.shape[1]
    x = flat_input(luma)
    layers = kernels(parameters)
    buffer = np.empty(layers[-1].shape[1] * _CACHED, np.float32)
    for number, kernel in enumerate(layers):
        x = _convolved(kernel, x, width, buffer, rectified=number < LAYERS - 1)
    added: Floats = unflattened(x, width)[0] * np.float32(OUTPUT_UNIT)
    return added


def flat_input(luma: Floats) -> Floats:
    """The network's input, (1, h * w), for luma (h, w) in levels."""
    return ((luma - _INPUT_ZERO) / INPUT_UNIT).astype(np.float32).reshape(1, -1)


def neighbourhoods(x: Floats, width: int) -> Floats:
    """A view of every 3 x 3 neighbourhood in contiguous flat planes (C, n): (C, 3, 3, n - 2 * width - 2)."""
    along, step = x.strides
    shape, strides = (len(x), 3, 3, x.shape[1] - 2 * width - 2), (along, width * step, step, step)
    return np.ndarray(shape, x.dtype, x, 0, strides)


def unflattened(x: Floats, width: int) -> Floats:
    """The part of flat results (C, rows * width - 10) that is the picture's, (C, rows, width - 10)."""
    return np.pad(x, ((0, 0), (0, 2 * HALO))).reshape(len(x), -1, width)[:, :, : -2 * HALO]


def _convolved(kernel: Floats, x: Floats, width: int, buffer: Floats, rectified: bool) -> Floats:
    """A dense kernel (out, C * 9) over flat planes (C, n): (out, n - 2 * width - 2)."""
    around = neighbourhoods(x, width)
    out = np.empty((len(kernel), around.shape[-1]), np.float32)
    for start, stop in pairwise([*range(0, out.shape[1], _CACHED), out.shape[1]]):
        piece = buffer[: kernel.shape[1] * (stop - start)].reshape(*around.shape[:3], stop - start)
        np.copyto(piece, around[..., start:stop])
        made = np.matmul(kernel, piece.reshape(kernel.shape[1], -1), out=out[:, start:stop])
        if rectified:
            np.maximum(made, 0, out=made)
    return out
