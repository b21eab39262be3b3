"""What the painting networks are built from: dense 3 x 3 convolutions and shuffles, which CPUs are fast at."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nncodec.entropy.layout import LEAK


def conv(inputs: int, outputs: int, kernel: int, gain: float = 1.0) -> nn.Conv2d:
    """A size-preserving convolution with He-normal weights times ``gain`` and zero bias."""
    layer = nn.Conv2d(inputs, outputs, kernel, padding=kernel // 2)
    nn.init.kaiming_normal_(layer.weight, a=LEAK)
    with torch.no_grad():
        layer.weight.mul_(gain)
    nn.init.zeros_(layer.bias)  # type: ignore[arg-type]
    return layer


class Residual(nn.Module):
    """x + conv(leaky(conv(x))), the block of EDSR (Lim et al. 2017), shape-preserving."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.inner = conv(width, width, 3)
        self.outer = conv(width, width, 3, gain=0.1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, width, H, W) to the same."""
        y: Tensor = self.outer(F.leaky_relu(self.inner(x), LEAK))
        return x + y


class Conditioned(nn.Module):
    """A convolution whose bias moves with the quality: conv(x) + slope * t."""

    def __init__(self, inputs: int, outputs: int, kernel: int, gain: float = 1.0) -> None:
        super().__init__()
        self.conv = conv(inputs, outputs, kernel, gain)
        self.slope = nn.Parameter(torch.zeros(outputs))

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        """(B, inputs, H, W) and t of shape (B,), in -1..1, to (B, outputs, H, W)."""
        y: Tensor = self.conv(x)
        return y + (self.slope * t[:, None])[:, :, None, None].to(y.dtype)
