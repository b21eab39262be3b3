"""3 x 3 convolutions by Winograd's minimal filtering, F(4 x 4, 3 x 3): a quarter of the multiplications.

After Lavin and Gray 2016, "Fast Algorithms for Convolutional Neural Networks", sections 4.1 and 4.3: four by four
results at a time are A^T [(G g G^T) * (B^T d B)] A of a kernel g and six by six samples d (their equation 8). For many
channels and tiles the product in the middle is 36 products of matrices. Samples lie such that the two transforms are
products of matrices as well, each with long rows.

The residual networks that use it have 32 channels and more. The network of the restorer ``tuned`` has six, and a
convolution of its own (`nncodec.restorers.tuned.network`): its inputs and results are far too few for the transforms.
"""

import math
from dataclasses import dataclass
from itertools import cycle

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

_DATA: Floats = np.array(
    [
        [4, 0, -5, 0, 1, 0],
        [0, -4, -4, 1, 1, 0],
        [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0],
        [0, 2, -1, -2, 1, 0],
        [0, 4, 0, -5, 0, 1],
    ],
    np.float32,
)
"""B^T"""
_KERNEL = np.array([[6, 0, 0], [-4, -4, -4], [-4, 4, -4], [1, 2, 4], [1, -2, 4], [0, 0, 24]]) / 24
"""G"""
_RESULT: Floats = np.array(
    [[1, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]], np.float32
)
"""A^T"""
_SIDE, _SEEN = 4, 6
"""Results of a tile in one direction, and the samples that they depend on."""
_CONSTANT = _SEEN + 1
"""Among the 36 products the one that A^T and A spread over all results of a tile alike: where a bias costs least."""
_POSITIONS = 160
"""Tiles in a product, about: enough for it to be fast, few enough to stay in a core's cache."""


@dataclass(frozen=True)
class Tiled:
    """Samples (height, width, C), columns sorted by their place in a tile; the array is larger, its rest unused."""

    samples: Floats
    """(4 * tiles down, 4, tiles across, C): column 4 * t + j is [:, j, t]. There is one tile more than what a
    convolution gives, since it sees the first samples of the next one."""
    height: int
    width: int

    @classmethod
    def of(cls, x: Floats) -> "Tiled":
        """Sort samples (h, w, C)."""
        samples = np.zeros(_shape(*x.shape), np.float32)
        for column in range(min(_SIDE, x.shape[1])):
            part = x[:, column::_SIDE]
            samples[: len(x), column, : part.shape[1]] = part
        return cls(samples, *x.shape[:2])

    def plain(self) -> Floats:
        """The samples (h, w, C) again."""
        rows, _, across, channels = self.samples.shape
        whole = self.samples.swapaxes(1, 2).reshape(rows, _SIDE * across, channels)
        return whole[: self.height, : self.width]

    def rows_and_columns(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Numbers of the rows and columns, in shapes to broadcast to all but the last axis of the samples."""
        rows, _, across, _ = self.samples.shape
        return np.arange(rows)[:, None, None], np.arange(_SIDE)[:, None] + _SIDE * np.arange(across)

    def mixed(self, kernel: Floats, bias: Floats) -> "Tiled":
        """A 1 x 1 convolution, of a kernel (C, W) and a bias (W,)."""
        samples = self.samples @ kernel
        samples += bias
        return Tiled(samples, self.height, self.width)


class Workspace:
    """Memory for all layers and regions: a new page takes more time than the computation of its values.

    Args:
        height, width: of the first layer's input.
        channels: largest number of channels of a layer's input or output.
    """

    def __init__(self, height: int, width: int, channels: int) -> None:
        self.size = height, width, channels
        layer, across = math.prod(_shape(*self.size)), _shape(*self.size)[2]
        tiles = layer // (_SIDE**2 * channels)
        spare = _SEEN**2 * min(max(_POSITIONS, across), tiles) * channels
        self.spare = np.empty(spare, np.float32), np.empty(spare, np.float32)
        self.layers = cycle([np.empty(layer, np.float32) for _ in range(3)])
        """Three arrays, used by turns: a layer's input, its output, and the input of the residual block."""


def _shape(height: int, width: int, channels: int) -> tuple[int, int, int, int]:
    """Shape of the array of tiled samples."""
    down, across = ((size + 5) // _SIDE for size in (height, width))
    return _SIDE * down, _SIDE, across, channels


def transformed(kernel: Floats) -> Floats:
    """A kernel (W, C, 3, 3) as `convolved` takes it, G g G^T: (36, C, W)."""
    outputs, inputs = kernel.shape[:2]
    taps = kernel.transpose(2, 3, 1, 0).reshape(9, -1).astype(np.float64)
    whole: Floats = (np.kron(_KERNEL, _KERNEL) @ taps).astype(np.float32).reshape(_SEEN**2, inputs, outputs)
    return whole


def convolved(
    x: Tiled, kernel: Floats, bias: Floats, workspace: Workspace, slope: float = 1.0, added: Tiled | None = None
) -> Tiled:
    """A convolution without padding, a leaky ReLU, and what a residual block adds.

    Args:
        x: (h, w, C), both sides at least 3.
        kernel: (36, C, W); see `transformed`.
        bias: (W,)
        workspace: where the result will lie until the third layer from here.
        slope: factor of what is negative, 0 to 1; 1 for no activation.
        added: (h + 2, w + 2, W), whose inner samples are added at the end.

    Returns:
        (h - 2, w - 2, W)
    """
    inputs, outputs = kernel.shape[1:]
    down, across = x.samples.shape[0] // _SIDE - 1, x.samples.shape[2] - 1
    out = _cleared(x.height - 2, x.width - 2, outputs, next(workspace.layers))
    windows, lines = _windows(x.samples), _lines(out.samples, across)
    count = max(1, min(down, _POSITIONS // (across + 1)))
    first, second = workspace.spare
    for top in range(0, down, count):
        end = min(top + count, down)
        data = _data(windows[top:end], inputs, first, second)
        products = _part(first, _SEEN**2, (end - top) * across, outputs)
        np.matmul(data, kernel, out=products)
        products[_CONSTANT] += bias
        rows = slice(_SIDE * top, _SIDE * end)
        _results(products, lines[rows], second)
        results = out.samples[rows, :, :across]
        if slope != 1:
            np.maximum(results, np.multiply(results, np.float32(slope), out=_part(second, *results.shape)), out=results)
        if added is not None:
            beside = added.samples[rows.start + 2 : rows.stop + 2]
            results[:, :2] += beside[:, 2:, :across]
            results[:, 2:] += beside[:, :2, 1 : across + 1]
    return out


def _cleared(height: int, width: int, channels: int, memory: Floats) -> Tiled:
    """Take memory for the results of whole tiles, with zeros beyond them: no result may depend on old values."""
    samples = _part(memory, *_shape(height, width, channels))
    samples[-(-height // _SIDE) * _SIDE :] = 0
    samples[:, :, -(-width // _SIDE) :] = 0
    return Tiled(samples, height, width)


def _windows(samples: Floats) -> Floats:
    """The rows that each row of tiles depends on, (tiles down, 6, 4 * tiles across * C), in place."""
    rows = samples.reshape(len(samples), -1)
    shape, stride = (len(rows) // _SIDE - 1, _SEEN, rows.shape[1]), rows.strides[0]
    return np.lib.stride_tricks.as_strided(rows, shape, (_SIDE * stride, stride, rows.itemsize))


def _lines(samples: Floats, across: int) -> Floats:
    """The samples of the first tiles of each row, one after the other, (rows, 4, across * C), in place."""
    rows, columns, _, channels = samples.shape
    return samples.reshape(rows, columns, -1)[:, :, : across * channels]


def _data(windows: Floats, channels: int, spare: Floats, target: Floats) -> Floats:
    """B^T d B of some rows of tiles, (36, tiles, C), in ``target``; down the columns first, then along the rows."""
    count, _, line = windows.shape
    half = _part(spare, count, _SEEN, _SEEN, line // _SIDE)
    np.matmul(_DATA, windows, out=half.reshape(count, _SEEN, -1)[:, :, :line])
    half[:, :, _SIDE:, :-channels] = half[:, :, : _SEEN - _SIDE, channels:]
    whole = _part(target, _SEEN, _SEEN, count, line // _SIDE - channels)
    np.matmul(_DATA, half[..., :-channels], out=whole.transpose(2, 0, 1, 3))
    return whole.reshape(_SEEN**2, -1, channels)


def _results(products: Floats, target: Floats, spare: Floats) -> None:
    """A^T m A of products (36, tiles, W) to rows of samples, (rows, 4, tiles across * W)."""
    count, used = len(target) // _SIDE, target.shape[2]
    half = _part(spare, count, _SIDE, _SEEN, used)
    products = products.reshape(_SEEN, _SEEN, count, used).transpose(1, 2, 0, 3)
    np.matmul(_RESULT, products, out=half.transpose(2, 0, 1, 3))
    np.matmul(_RESULT, half.reshape(-1, _SEEN, used), out=target)


def _part(spare: Floats, *shape: int) -> Floats:
    """The start of a buffer as an array."""
    return spare[: math.prod(shape)].reshape(shape)
