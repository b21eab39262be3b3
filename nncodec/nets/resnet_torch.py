"""Residual blocks on packed samples as torch modules, to be trained; `nncodec.nets.resnet` applies them in NumPy.

They take Y less 128, Cb and Cr, (B, 3, H, W) in units of 64 levels, sides aligned with the codec's blocks, and return
the correction in the same unit.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nncodec.entropy.scales import LEAK
from nncodec.errors import UnsupportedFile
from nncodec.nets.quantised import restored
from nncodec.nets.resnet import UNIT, Shape

ANCHORS = 5
"""Levels of damage that a condition is learned at, evenly spaced; between them it is interpolated."""
BLOCK = 8
"""Side of the codecs' blocks: the network is told where in one a sample lies."""


def conv(inputs: int, outputs: int, kernel: int, gain: float = 1.0) -> nn.Conv2d:
    """A size-preserving convolution with He-normal weights times ``gain`` and zero bias."""
    layer = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2)
    nn.init.kaiming_normal_(layer.weight, a=LEAK)
    with torch.no_grad():
        layer.weight.mul_(gain)
    nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    return layer


class Table(nn.Module):
    """A vector for each family and level of damage."""

    def __init__(self, families: int, width: int) -> None:
        super().__init__()
        self.values = nn.Parameter(torch.zeros(families, ANCHORS, width))

    def forward(self, family: Tensor, level: Tensor) -> Tensor:
        """(B,) family numbers and (B,) levels in 0..1 to (B, width, 1, 1)."""
        at = level * (ANCHORS - 1)
        low = at.floor().clamp(0, ANCHORS - 2)
        share = (at - low)[:, None]
        rows = self.values[family, low.long()], self.values[family, low.long() + 1]
        y: Tensor = rows[0] * (1 - share) + rows[1] * share
        return y[:, :, None, None]


class ResidualBlock(nn.Module):
    """x + conv(leaky(conv(x) * (1 + gain) + bias)), gain and bias given by the condition."""

    def __init__(self, width: int, families: int) -> None:
        super().__init__()
        self.inner, self.outer = conv(width, width, 3), conv(width, width, 3, gain=0.1)
        self.gain, self.bias = Table(families, width), Table(families, width)

    def forward(self, x: Tensor, family: Tensor, level: Tensor) -> Tensor:
        """(B, width, h, w) to the same."""
        y: Tensor = self.inner(x)
        y = y * (1 + self.gain(family, level)).to(y.dtype) + self.bias(family, level).to(y.dtype)
        z: Tensor = x + self.outer(F.leaky_relu(y, LEAK))
        return z


class ArtifactNet(nn.Module):
    """Residual blocks on packed samples: dense convolutions of many channels at a fraction of the size.

    A position is a square of ``stride`` x ``stride`` samples of what it is given, and of ``out`` x ``out`` of what it
    returns; the codec works on the coarser of the two pictures. With ``stride`` 1 there may be planes of ``noise``
    behind Y, Cb and Cr.
    """

    def __init__(
        self, families: int, stride: int, width: int, blocks: int, out: int | None = None, noise: int = 0
    ) -> None:
        super().__init__()
        self.stride, self.out = stride, out or stride
        samples, period = 3 * self.out**2, BLOCK // min(stride, self.out)
        self.enter = conv(3 * stride**2 + noise, width, 3)
        self.place = nn.Parameter(torch.zeros(width, period, period))
        self.bias = Table(families, width)
        self.blocks = nn.ModuleList(ResidualBlock(width, families) for _ in range(blocks))
        self.leave = conv(width, samples, 1, gain=0.0)
        self.gain = Table(families, samples)

    @classmethod
    def of(cls, values: Mapping[str, npt.NDArray[np.float32]]) -> "ArtifactNet":
        """The network whose parameters these are."""
        shape = Shape.of(values)
        net = cls(shape.families, shape.stride, shape.width, shape.blocks, shape.out, shape.noise)
        net.load_state_dict({name: torch.from_numpy(value) for name, value in values.items()})
        return net

    def forward(self, x: Tensor, family: Tensor, level: Tensor) -> Tensor:
        """(B, 3 + noise, H, W), (B,), (B,) in 0..1, to (B, 3, H * out / stride, W * out / stride)."""
        y = self.enter(F.pixel_unshuffle(x, self.stride))
        repeats = (y.shape[2] // self.place.shape[1], y.shape[3] // self.place.shape[2])
        y = y + self.place.repeat(1, *repeats).to(y.dtype) + self.bias(family, level).to(y.dtype)
        for block in self.blocks:
            y = block(y, family, level)
        y = self.leave(y)
        return F.pixel_shuffle(y.float() * (1 + self.gain(family, level)), self.out)


class Accelerated:
    """The same function as `nncodec.nets.resnet.ArtifactNet`, in torch on a device.

    Args:
        arrays: as they ship; parameters of `ArtifactNet` after ``net.``.
        device: name of a device of torch.
    """

    def __init__(self, arrays: dict[str, npt.NDArray[Any]], device: str) -> None:
        values = restored(arrays, "net")
        self._net = ArtifactNet.of(values).requires_grad_(False).to(device)
        self._device = device
        shape = Shape.of(values)
        self.families, self.halo = shape.families, shape.halo
        self._border = -self.halo % BLOCK  # torch is given whole blocks

    def correction(self, ycc: npt.NDArray[np.float32], family: int, level: float) -> npt.NDArray[np.float32]:
        """The correction of a region; see `nncodec.nets.resnet.ArtifactNet.correction`."""
        x = torch.from_numpy(np.moveaxis(ycc, -1, 0) / np.float32(UNIT))[None].to(self._device)
        conditions = torch.tensor([family], device=self._device), torch.tensor([level], device=self._device)
        y = self._net(F.pad(x, [self._border] * 4), *conditions)[0]
        inner = slice(self.halo + self._border, -(self.halo + self._border))
        added: npt.NDArray[np.float32] = y[:, inner, inner].permute(1, 2, 0).cpu().numpy() * np.float32(UNIT)
        return added


def net_on_cuda(arrays: dict[str, npt.NDArray[Any]]) -> Accelerated:
    """Make the network on the CUDA device; UnsupportedFile if there is none."""
    if not torch.cuda.is_available():
        raise UnsupportedFile("there is no cuda device here", "use the CPU; the picture is the same")
    return Accelerated(arrays, "cuda")
