"""The 378-parameter network of one picture, in NumPy, as the decoder applies it.

After "Image Compression Architecture with Built-in Lightweight Model" (APSIPA 2021): a residual network on luma,
namely a 3 x 3 convolution from 1 to 6 channels, three depthwise-separable blocks of 6, and a 3 x 3 convolution back
to 1, without biases: 54 + 3 (54 + 36) + 54 = 378 weights. The paper normalises after each convolution; this network
does not (docs/training.md has the comparison). So the depthwise and the pointwise kernel of a block make one dense
kernel, a result depends only on the luma within five pixels, and a layer is one matrix product: in NumPy the whole
network takes a fraction of the time of `import torch`.

Arrays are (rows, channels, width): the channels of a row lie together. A layer copies them three times, shifted by a
pixel. All that a row of results depends on is then one contiguous matrix (9 * channels, width), which overlaps with
that of the next row. So a layer is three calls of NumPy, and threads seldom wait for the interpreter.
"""

import numpy as np
import numpy.typing as npt

from nncodec.image import Pixels

Floats = npt.NDArray[np.float32]

N_PARAMETERS = 378
HALO = 5
"""Pixels on each side that a result depends on: one for each layer."""
LAYERS, CHANNELS, TAPS = 5, 6, 9
INPUT_UNIT, OUTPUT_UNIT = 64.0, 8.0
"""Levels of luma that 1.0 stands for in the network's input and in its output."""

_BLOCKS = 3
_ENTER = CHANNELS * TAPS
_DEPTHWISE, _POINTWISE = CHANNELS * TAPS, CHANNELS * CHANNELS
_BLOCK = _DEPTHWISE + _POINTWISE
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_INPUT_ZERO = 128.0


def luma(pixels: Pixels | Floats) -> Floats:
    """Luma (ITU-R BT.601) of (H, W, 3) pixels, or (H, W) gray as it is; (H, W) float32, not rounded."""
    return pixels.astype(np.float32) if pixels.ndim == 2 else pixels.astype(np.float32) @ _LUMA


def luma_with_halo(pixels: Pixels | Floats, rows: slice, columns: slice) -> Floats:
    """Luma of a region of (H, W) or (H, W, 3) pixels with `HALO` pixels on each side, (h + 10, w + 10).

    Beyond the picture its border is repeated.
    """
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
    """The five dense kernels, (out, 9 * in) each; taps row by row, and the channels of each tap together."""
    enter, blocks, leave = factors(parameters)
    inner = [combined(depthwise, pointwise) for depthwise, pointwise in blocks]
    return [enter, *inner, leave.reshape(CHANNELS, TAPS).T.reshape(1, -1)]


def combined(depthwise: Floats, pointwise: Floats) -> Floats:
    """The dense kernel (6, 54) of a depthwise (6, 9) and a pointwise one (6, 6)."""
    # (out, 1, in) * (tap, in) = (out, tap, in)
    return (pointwise[:, None] * depthwise.T).reshape(CHANNELS, -1)


def network_input(luma: Floats) -> Floats:
    """Luma in levels, of any shape, as the network takes it: about zero, in units of 64 levels."""
    return np.ascontiguousarray((luma - _INPUT_ZERO) / INPUT_UNIT, np.float32)


def correction(parameters: Floats, luma: Floats) -> Floats:
    """The number to add to each sample of luma, (h - 10, w - 10) float32, in levels of 0..255.

    Machines may differ by a rounding.

    Args:
        parameters: (378,)
        luma: (h, w) in levels, a region with its halo.
    """
    height, width = luma.shape
    x = network_input(luma)[:, None]  # (h, 1, w)
    shifted, made = (np.empty(height * width * channels, np.float32) for channels in (3 * CHANNELS, CHANNELS))
    for number, kernel in enumerate(kernels(parameters)):
        x = convolved(kernel, windows(x, shifted), made)  # (h - 2, out, w - 2)
        if number < LAYERS - 1:
            rectify(x)
    added: Floats = x[:, 0] * np.float32(OUTPUT_UNIT)
    return added


def windows(x: Floats, memory: Floats) -> Floats:
    """The 3 x 3 windows of all positions, as one matrix for each row of results.

    Args:
        x: (h, C, w), contiguous.
        memory: at least 3 * h * C * (w - 2) numbers, which are overwritten.

    Returns:
        (h - 2, 9 * C, w - 2) in ``memory``, in the order of `kernels`; each matrix overlaps with the next.
    """
    height, channels, width = x.shape
    along, channel, pixel = x.strides
    rows = view(memory, (height, 3, channels, width - 2))
    # the three shifts of x as a view, (h, shift, C, w - 2)
    np.copyto(rows, view(x, rows.shape, (along, pixel, channel, pixel)))
    # three rows of shifts in a row are one matrix (row, shift, C) x (w - 2)
    return view(rows, (height - 2, TAPS * channels, width - 2), (rows.strides[0], *rows.strides[2:]))


def convolved(kernel: Floats, windows: Floats, memory: Floats) -> Floats:
    """Apply a dense kernel (out, 9 * C) to windows (h, 9 * C, w): (h, out, w), in ``memory``."""
    made: Floats = np.matmul(kernel, windows, out=view(memory, (len(windows), len(kernel), windows.shape[2])))
    return made


def rectify(x: Floats) -> None:
    """Apply max(0, x) in place; NumPy clips several times as fast as it takes a maximum."""
    np.clip(x, 0, np.inf, out=x)


def view(memory: Floats, shape: tuple[int, ...], strides: tuple[int, ...] | None = None) -> Floats:
    """An array of some shape over the start of contiguous memory; its parts may overlap."""
    return np.ndarray(shape, memory.dtype, memory, 0, strides)
