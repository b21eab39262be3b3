"""Residual blocks on packed samples, in NumPy: restorer ``luma``, codecs ``compact`` and ``learned``.

Y, Cb and Cr are packed (space to depth), so that the convolutions have many channels and few positions, which matrix
products are fast at; after FFDNet (Zhang et al. 2018) and EDSR (Lim et al. 2017). The packing is aligned with the
codecs' 8 x 8 blocks, and a bias tells the network where in a block it is. Codec and level of damage move biases and
gains; they are interpolated between trained anchors once for a picture. In NumPy it takes a fraction of the time of
`import torch`; `nncodec.nets.resnet_torch` trains it. What it returns may be packed otherwise than what it is given,
and so be of another size.
"""

import math
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nncodec.entropy.scales import LEAK
from nncodec.nets.quantised import restored
from nncodec.nets.winograd import Tiled, Workspace, convolved, transformed

Floats = npt.NDArray[np.float32]

UNIT = 64.0
"""Levels that are 1 to the network."""
LEVELS = 40
"""Levels of damage run from 0, the worst, to this; the network takes a level divided by it."""
ONE, ZERO = np.ones(1, np.float32), np.zeros(1, np.float32)


@dataclass(frozen=True)
class Shape:
    """The shape of a network, as the sizes of its arrays tell it."""

    families: int
    """Number of codecs that it was trained for."""
    stride: int
    """Side of the square of input samples that make one position."""
    out: int
    """Side of the square of output samples that one position makes."""
    width: int
    blocks: int
    noise: int = 0
    """Planes of noise that it is given beside the picture, 0 or 1; a network with noise has ``stride`` 1."""

    @classmethod
    def of(cls, values: Mapping[str, npt.NDArray[Any]]) -> "Shape":
        """The shape of the network whose parameters these are."""
        width, samples = values["enter.weight"].shape[:2]
        stride, out = (math.isqrt(count // 3) for count in (samples, values["leave.bias"].size))
        blocks = sum(name.endswith("inner.bias") for name in values)
        return cls(len(values["gain.values"]), stride, out, width, blocks, samples - 3 * stride**2)

    @property
    def halo(self) -> int:
        """Samples on each side that a result depends on."""
        return self.stride * (2 * self.blocks + 1)


class ArtifactNet:
    """One model, ready to run.

    Args:
        arrays: as they ship; parameters of `nncodec.nets.resnet_torch.ArtifactNet` after the name of the part.
        part: which network of several.
    """

    def __init__(self, arrays: dict[str, npt.NDArray[Any]], part: str = "net") -> None:
        values = restored(arrays, part)
        self._values = values
        self._kernels = {name: transformed(kernel) for name, kernel in values.items() if kernel.shape[2:] == (3, 3)}
        self._shape = Shape.of(values)
        self._widest = max(channels for kernel in self._kernels.values() for channels in kernel.shape[1:])
        self._local = threading.local()
        self.families, self.halo = self._shape.families, self._shape.halo

    def correction(self, ycc: Floats, family: int, level: float) -> Floats:
        """The correction to add to Y, Cb and Cr.

        Args:
            ycc: (H + 2 halo, W + 2 halo, 3) in levels, Y less 128; H, W and the place of the inner part in the picture
                are multiples of the blocks that the codec works in.
            family: index of the codec, in the order of the weights.
            level: 0 (most damage) to 1.

        Returns:
            (H, W, 3) in levels, or scaled as the packing says. Float32; machines may differ by a rounding.
        """
        margin = self.halo // self._shape.stride
        return self._left(self._hidden(ycc, family, level, (margin, margin), lambda hidden: None), family, level)

    def _hidden(
        self, ycc: Floats, family: int, level: float, margins: tuple[int, int], note: Callable[[Tiled], None]
    ) -> Tiled:
        """What the last layer reads; ``note`` is given what each block's activation gives.

        ``margins`` are positions, above and to the left, from the first one given to the start of a block of 8 x 8.
        """
        x = Tiled.of(packed(ycc / np.float32(UNIT), self._shape.stride))
        workspace = self._workspace(x)
        x = self._conv("enter", x, workspace)
        bias = self._values["place"].transpose(1, 2, 0) + self._condition("bias", family, level)
        x.samples[...] += bias[self._places(x, margins)]
        for number in range(self._shape.blocks):
            block = f"blocks.{number}"
            gain, bias = (self._condition(f"{block}.{name}", family, level) for name in ("gain", "bias"))
            y = self._conv(f"{block}.inner", x, workspace, 1 + gain, bias, LEAK)
            note(y)
            x = self._conv(f"{block}.outer", y, workspace, added=x)
        return x

    def _left(self, x: Tiled, family: int, level: float) -> Floats:
        """The correction that the last layer makes."""
        gain = (1 + self._condition("gain", family, level)) * np.float32(UNIT)
        left = self._values["leave.weight"][:, :, 0, 0].T * gain
        return unpacked(x.mixed(left, self._values["leave.bias"] * gain).plain(), self._shape.out, 3)

    def _conv(
        self,
        name: str,
        x: Tiled,
        workspace: Workspace,
        gain: Floats = ONE,
        bias: Floats = ZERO,
        slope: float = 1.0,
        added: Tiled | None = None,
    ) -> Tiled:
        """A layer, times a gain, plus a bias, the activation, and what a block adds."""
        kernel, own_bias = self._kernels[name + ".weight"], self._values[name + ".bias"]
        return convolved(x, kernel * gain, own_bias * gain + bias, workspace, slope, added)

    def _workspace(self, x: Tiled) -> Workspace:
        """The workspace of this thread, large enough for this region and all before it."""
        size = x.height, x.width, self._widest
        before: Workspace | None = getattr(self._local, "workspace", None)
        if before is None:
            self._local.workspace = Workspace(*size)
        elif any(have < want for have, want in zip(before.size, size, strict=True)):
            self._local.workspace = Workspace(*map(max, before.size, size))
        workspace: Workspace = self._local.workspace
        return workspace

    def _condition(self, name: str, family: int, level: float) -> Floats:
        return between(self._values[name + ".values"][family], level)

    def _places(self, x: Tiled, margins: tuple[int, int]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """The places in a block, rows and columns, of the results of the first layer on a region with its margins."""
        side = self._values["place"].shape[1]
        rows, columns = x.rows_and_columns()
        return (1 - margins[0] + rows) % side, (1 - margins[1] + columns) % side


def between(rows: Floats, level: float) -> Floats:
    """The row (W,) for a level in 0..1, interpolated between the nearest of evenly spaced ones (n, W)."""
    at = level * (len(rows) - 1)
    low = min(int(at), len(rows) - 2)
    share = np.float32(at - low)
    row: Floats = rows[low] * (1 - share) + rows[low + 1] * share
    return row


def packed(x: Floats, stride: int) -> Floats:
    """(H, W, C) to (H / stride, W / stride, C * stride^2): channel, then row, then column within."""
    height, width, channels = x.shape
    parts = x.reshape(height // stride, stride, width // stride, stride, channels).transpose(0, 2, 4, 1, 3)
    return np.ascontiguousarray(parts).reshape(height // stride, width // stride, -1)


def unpacked(x: Floats, stride: int, channels: int) -> Floats:
    """Inverse of `packed`."""
    height, width, _ = x.shape
    parts = x.reshape(height, width, channels, stride, stride).transpose(0, 3, 1, 4, 2)
    return np.ascontiguousarray(parts).reshape(height * stride, width * stride, channels)
