"""From latent and weights to pixels in whole numbers: leaky ReLU, transposed convolution, saturation. Exact everywhere.

Products of whole numbers are summed in float64, far below 2^53, so that neither library nor order matters.
"""

import numpy as np
import numpy.typing as npt

from nncodec.codecs.ccnn.bitstream import Values
from nncodec.codecs.ccnn.layout import COSINE_BITS, LEAK_ONE, STEP_BITS, Integers, Shape, cosines
from nncodec.errors import CorruptFile

Pixels8 = npt.NDArray[np.uint8]

COLOURS = np.array([[2365, 2896, 1672], [2365, 0, -3344], [2365, -2896, 1672]], np.int64)
"""Red, green and blue of brightness and two opponents, in 1/4096: an orthonormal matrix."""
_COLOUR_BITS = 12
_FRACTION = 20
"""Bits after the point of weights, in steps."""
_MAX_WEIGHT = 1 << 26
_FILTER_BITS = 12
"""Bits after the point of filters, in levels."""
_MAX_FILTER = 1 << 20
_ACROSS = 1024
"""Blocks that are synthesised at once."""


def exponents(values: npt.NDArray[np.number]) -> Integers:
    """Log2 of the number of weights to a step, for each channel of a latent (channels, rows, columns).

    An error in a weight counts in the picture with the energy of its channel: the step is about one over its root.
    """
    energies = [int(np.square(plane.astype(np.int64)).sum()) for plane in values]
    return np.array([energy.bit_length() // 2 for energy in energies], np.int64)


def filters(weights: Integers, powers: Integers, step: int) -> Integers:
    """Filters (planes, channels, taps, taps) in 1/4096 level, from weights by frequency.

    Args:
        weights: (planes, channels, taps, taps), rows of vertical frequencies.
        powers: (channels,) of `exponents`.
        step: of the payload.

    Raises CorruptFile for weights beyond 64 steps.
    """
    shifts = _FRACTION - powers[None, :, None, None]
    scaled = np.where(shifts >= 0, weights << np.maximum(shifts, 0), weights >> np.maximum(-shifts, 0))
    if scaled.size and np.abs(scaled).max() > _MAX_WEIGHT:
        raise CorruptFile("a weight of a filter is too large")
    rows = cosines(weights.shape[-1])
    half = 1 << COSINE_BITS - 1
    found = scaled.astype(np.float64)
    for _ in range(2):  # down the columns, then along the rows
        found = np.floor((np.swapaxes(found, -1, -2) @ rows + half) / (1 << COSINE_BITS))
    return _rounded(found.astype(np.int64) * step, _FRACTION - _FILTER_BITS + STEP_BITS)


def _rounded(numbers: Integers, bits: int) -> Integers:
    """Numbers over 2^bits, halves rounded up, within _MAX_FILTER."""
    rounded: Integers = (numbers + (1 << bits - 1)) >> bits
    return rounded.clip(-_MAX_FILTER, _MAX_FILTER)


def in_colour(planes: Integers) -> Integers:
    """Filters of the red, green and blue from those of three planes; one plane is gray and stays."""
    if len(planes) == 1:
        return planes
    mixed: Integers = (np.tensordot(COLOURS, planes, 1) + (1 << _COLOUR_BITS - 1)) >> _COLOUR_BITS
    return mixed


def synthesise(values: Values, kernels: Integers, shape: Shape, leak: int, size: tuple[int, int]) -> Pixels8:
    """Pixels (height, width) or (height, width, 3): the transposed convolution of the activated latent, cut to 8 bits.

    Args:
        values: (channels, rows, columns).
        kernels: (planes, channels, taps, taps) of `in_colour`.
        shape: of the network.
        leak: slope below zero, in sixteenths.
        size: width and height.
    """
    (width, height), stride, overlap = size, shape.stride, shape.overlap
    planes = len(kernels)
    blocks = kernels.reshape(planes, shape.channels, overlap, stride, overlap, stride)
    taken = blocks[:, :, ::-1, :, ::-1].transpose(2, 4, 1, 3, 5, 0).reshape(-1, stride * stride * planes)
    matrix = np.ascontiguousarray(taken, np.float64)
    pixels = np.empty((height, width, planes), np.uint8)
    for row in range(-(-height // stride)):
        band = values[:, row : row + overlap]
        for left in range(0, -(-width // stride), _ACROSS):
            part = band[:, :, left : left + _ACROSS + overlap - 1].astype(np.float64)
            active = np.where(part < 0, leak, LEAK_ONE) * part
            found = _block_row(active, matrix, overlap).reshape(-1, stride, stride, planes).transpose(1, 0, 2, 3)
            line = found.reshape(stride, -1, planes)
            top, start = row * stride, left * stride
            target = pixels[top : top + stride, start : start + line.shape[1]]
            target[...] = line[: target.shape[0], : target.shape[1]]
    return pixels[..., 0] if planes == 1 else pixels


def _block_row(active: npt.NDArray[np.float64], matrix: npt.NDArray[np.float64], overlap: int) -> Pixels8:
    """The samples (blocks, stride * stride * planes) of a row of blocks, from ``overlap`` rows of the latent."""
    blocks = active.shape[2] - overlap + 1
    windows = np.lib.stride_tricks.sliding_window_view(active, overlap, 2)  # (channels, overlap, blocks, overlap)
    inputs = windows.transpose(2, 1, 3, 0).reshape(blocks, -1)
    bits = _FILTER_BITS + 4  # of a filter and of the sixteenths
    levels = np.floor((inputs @ matrix + (1 << bits - 1)) / (1 << bits)) + 128
    saturated: Pixels8 = levels.clip(0, 255).astype(np.uint8)
    return saturated
