"""The network of the restorer ``luma11``, in NumPy: the eleven layers of the paper, on luma alone.

"Combine Traditional Compression Method With Convolutional Neural Networks" (CLIC 2018), in the shape of DCSCN
(Yamanaka et al. 2017): seven 3 x 3 convolutions of 16, 14, 12, 11, 10, 9 and 8 features, all of which are kept (80);
A1, 1 x 1 to 24; B1, 1 x 1 to 8, then B2, 3 x 3 to 8; both paths side by side (32), 1 x 1 to the correction. The
activations are parametric ReLUs. Ours adds the condition: codec and level of damage move the biases of the seven, so
that one set of weights serves all. `nncodec.nets.resnet_torch` trains it.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from nncodec.nets.quantised import restored
from nncodec.nets.resnet import UNIT, between

Floats = npt.NDArray[np.float32]

_ROWS = 4
"""Rows of a convolution that are gathered at a time: few enough to stay in a core's cache."""


class Luma11:
    """One model, ready to run.

    Args:
        arrays: as they ship; parameters of `nncodec.nets.resnet_torch.Luma11` after ``net.``.
    """

    def __init__(self, arrays: dict[str, npt.NDArray[Any]]) -> None:
        values = restored(arrays, "net")
        self._values = values
        self._kernels = {name: _taps(kernel) for name, kernel in values.items() if kernel.ndim == 4}
        self._depth = sum(name.startswith("biases.") for name in values)
        self.families = len(values["biases.0.values"])
        self.halo = self._depth + 1
        """Pixels on each side that a result depends on: one for each 3 x 3 convolution in a row."""

    def correction(self, ycc: Floats, family: int, level: float) -> Floats:
        """What to add to Y: see `nncodec.nets.resnet.ArtifactNet.correction`. The other two planes are zero."""
        values, kept, y = self._values, [], ycc[:, :, :1] / np.float32(UNIT)
        for layer in range(self._depth):
            bias = values[f"features.{layer}.bias"] + between(values[f"biases.{layer}.values"][family], level)
            y = _convolved(y, self._kernels[f"features.{layer}.weight"], bias, values[f"slopes.{layer}"])
            inset = self._depth - 1 - layer
            kept.append(y[inset : y.shape[0] - inset, inset : y.shape[1] - inset])
        whole = np.concatenate(kept, axis=2)
        a = self._activated(self._mixed("a1", whole[1:-1, 1:-1]), self._depth)
        b = self._activated(self._mixed("b1", whole), self._depth + 1)
        b = _convolved(b, self._kernels["b2.weight"], values["b2.bias"], values[f"slopes.{self._depth + 2}"])
        out = np.zeros((*a.shape[:2], 3), np.float32)
        out[:, :, :1] = self._mixed("leave", np.concatenate([a, b], axis=2)) * np.float32(UNIT)
        return out

    def _mixed(self, name: str, x: Floats) -> Floats:
        """A 1 x 1 convolution."""
        mixed: Floats = x @ self._kernels[name + ".weight"][0] + self._values[name + ".bias"]
        return mixed

    def _activated(self, x: Floats, number: int) -> Floats:
        return np.where(x > 0, x, x * self._values[f"slopes.{number}"])


def _convolved(x: Floats, kernel: Floats, bias: Floats, slope: Floats | np.float32) -> Floats:
    """A 3 x 3 convolution without padding, and a leaky ReLU.

    Args:
        x: (h, w, C)
        kernel: (3, 3 * C, W): kernel rows; within them kernel column, then channel; see `_taps`.
        bias: (W,)
        slope: (W,) or one for all: factor of what is negative; 1 for no activation.

    Returns:
        (h - 2, w - 2, W)
    """
    height, width, channels = x.shape[0] - 2, x.shape[1] - 2, x.shape[2]
    out = np.empty((height, width, kernel.shape[2]), np.float32)
    gathered = np.empty((_ROWS + 2, width, 3, channels), np.float32)
    scratch = np.empty((_ROWS * width, kernel.shape[2]), np.float32)
    for top in range(0, height, _ROWS):
        rows = min(_ROWS, height - top)
        for column in range(3):
            gathered[: rows + 2, :, column] = x[top : top + rows + 2, column : column + width]
        flat, part = gathered.reshape(-1, 3 * channels), scratch[: rows * width]
        target = out[top : top + rows].reshape(rows * width, -1)
        np.matmul(flat[: rows * width], kernel[0], out=target)
        for row in (1, 2):
            np.matmul(flat[row * width : (row + rows) * width], kernel[row], out=part)
            target += part
        target += bias
        if np.any(slope != 1):
            np.minimum(target, 0, out=part)
            part *= slope - 1
            target += part
    return out


def _taps(kernel: Floats) -> Floats:
    """A kernel (W, C, k, k) as `_convolved` takes it: (k, k * C, W)."""
    outputs, inputs, side, _ = kernel.shape
    return np.ascontiguousarray(kernel.transpose(2, 3, 1, 0)).reshape(side, side * inputs, outputs)
