"""The network of the restorer ``luma11``, in NumPy: the eleven layers of the paper, on luma alone.

"Combine Traditional Compression Method With Convolutional Neural Networks" (CLIC 2018), in the shape of DCSCN
(Yamanaka et al. 2017): seven 3 x 3 convolutions of 16, 14, 12, 11, 10, 9 and 8 features, all of which are kept (80);
A1, 1 x 1 to 24; B1, 1 x 1 to 8, then B2, 3 x 3 to 8; both paths side by side (32), 1 x 1 to the correction. The
activations are parametric ReLUs. Ours adds the condition: codec and level of damage move the biases of the seven, so
that one set of weights serves all. `nncodec.nets.mending` trains it.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from nncodec.nets.mender import UNIT, between, convolved, taps
from nncodec.nets.stored import restored

Floats = npt.NDArray[np.float32]


class Luma11:
    """One model, ready to run.

    Args:
        arrays: as they ship; parameters of `nncodec.nets.mending.Luma11` after ``net.``.
    """

    def __init__(self, arrays: dict[str, npt.NDArray[Any]]) -> None:
        values = restored(arrays, "net")
        self._values = values
        self._kernels = {name: taps(kernel) for name, kernel in values.items() if kernel.ndim == 4}
        self._depth = sum(name.startswith("biases.") for name in values)
        self.families = len(values["biases.0.values"])
        self.halo = self._depth + 1
        """Pixels on each side that a result depends on: one for each 3 x 3 convolution in a row."""

    def correction(self, ycc: Floats, family: int, level: float) -> Floats:
        """What to add to Y: see `nncodec.nets.mender.Mender.correction`. The other two planes are zero."""
        values, kept, y = self._values, [], ycc[:, :, :1] / np.float32(UNIT)
        for layer in range(self._depth):
            bias = values[f"features.{layer}.bias"] + between(values[f"biases.{layer}.values"][family], level)
            y = convolved(y, self._kernels[f"features.{layer}.weight"], bias, values[f"slopes.{layer}"])
            inset = self._depth - 1 - layer
            kept.append(y[inset : y.shape[0] - inset, inset : y.shape[1] - inset])
        whole = np.concatenate(kept, axis=2)
        a = self._activated(self._mixed("a1", whole[1:-1, 1:-1]), self._depth)
        b = self._activated(self._mixed("b1", whole), self._depth + 1)
        b = convolved(b, self._kernels["b2.weight"], values["b2.bias"], values[f"slopes.{self._depth + 2}"])
        out = np.zeros((*a.shape[:2], 3), np.float32)
        out[:, :, :1] = self._mixed("leave", np.concatenate([a, b], axis=2)) * np.float32(UNIT)
        return out

    def _mixed(self, name: str, x: Floats) -> Floats:
        """A 1 x 1 convolution."""
        mixed: Floats = x @ self._kernels[name + ".weight"][0] + self._values[name + ".bias"]
        return mixed

    def _activated(self, x: Floats, number: int) -> Floats:
        return np.where(x > 0, x, x * self._values[f"slopes.{number}"])
