"""The shared restorers as torch modules, to be trained; `nncodec.nets.resnet` and `nncodec.nets.luma11` apply them.

Both take Y, Cb and Cr of (B, 3, H, W) less 128 over 64, sides aligned with the codec's blocks, and return what to add,
in the same unit.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nncodec.entropy.scales import LEAK
from nncodec.nets.resnet import Shape

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
    returns; the codec works on the coarser of the two pictures.
    """

    def __init__(self, families: int, stride: int, width: int, blocks: int, out: int | None = None) -> None:
        super().__init__()
        self.stride, self.out = stride, out or stride
        samples, period = 3 * self.out**2, BLOCK // min(stride, self.out)
        self.enter = conv(3 * stride**2, width, 3)
        self.place = nn.Parameter(torch.zeros(width, period, period))
        self.bias = Table(families, width)
        self.blocks = nn.ModuleList(ResidualBlock(width, families) for _ in range(blocks))
        self.leave = conv(width, samples, 1, gain=0.0)
        self.gain = Table(families, samples)

    @classmethod
    def of(cls, values: Mapping[str, npt.NDArray[np.float32]]) -> "ArtifactNet":
        """The network whose parameters these are."""
        shape = Shape.of(values)
        net = cls(shape.families, shape.stride, shape.width, shape.blocks, shape.out)
        net.load_state_dict({name: torch.from_numpy(value) for name, value in values.items()})
        return net

    def forward(self, x: Tensor, family: Tensor, level: Tensor) -> Tensor:
        """(B, 3, H, W), (B,), (B,) in 0..1, to (B, 3, H * out / stride, W * out / stride)."""
        y = self.enter(F.pixel_unshuffle(x, self.stride))
        repeats = (y.shape[2] // self.place.shape[1], y.shape[3] // self.place.shape[2])
        y = y + self.place.repeat(1, *repeats).to(y.dtype) + self.bias(family, level).to(y.dtype)
        for block in self.blocks:
            y = block(y, family, level)
        y = self.leave(y)
        return F.pixel_shuffle(y.float() * (1 + self.gain(family, level)), self.out)


WIDTHS = (16, 14, 12, 11, 10, 9, 8)
"""Features of the seven convolutions of the published network."""


class Luma11(nn.Module):
    """Seven convolutions whose features are all kept, two paths of 1 x 1 and 3 x 3 convolutions, one residual.

    After "Combine Traditional Compression Method With Convolutional Neural Networks" (CLIC 2018), whose shape is that
    of DCSCN (Yamanaka et al. 2017); hence its parametric ReLU. The condition moves the biases of the seven.
    """

    def __init__(self, families: int) -> None:
        super().__init__()
        inputs = (1, *WIDTHS)
        self.features = nn.ModuleList(conv(i, o, 3) for i, o in zip(inputs, WIDTHS, strict=False))
        self.biases = nn.ModuleList(Table(families, width) for width in WIDTHS)
        self.slopes = nn.ParameterList(torch.full((width,), LEAK) for width in (*WIDTHS, 24, 8, 8))
        self.a1, self.b1, self.b2 = conv(sum(WIDTHS), 24, 1), conv(sum(WIDTHS), 8, 1), conv(8, 8, 3)
        self.leave = conv(32, 1, 1, gain=0.0)

    def forward(self, x: Tensor, family: Tensor, level: Tensor) -> Tensor:
        """(B, 3, H, W), (B,), (B,) in 0..1, to (B, 3, H, W); only the first channel is read, and changed."""
        kept, y = [], x[:, :1]
        for layer, bias, slope in zip(self.features, self.biases, self.slopes, strict=False):
            y = F.prelu(layer(y) + bias(family, level), slope)
            kept.append(y)
        whole = torch.cat(kept, 1)
        a = F.prelu(self.a1(whole), self.slopes[-3])
        b = F.prelu(self.b2(F.prelu(self.b1(whole), self.slopes[-2])), self.slopes[-1])
        return F.pad(self.leave(torch.cat([a, b], 1)), (0, 0, 0, 0, 0, 2))
