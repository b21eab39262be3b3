"""Analysis (pixels to latent) and synthesis (latent to pixels): the networks that only paint.

Each is the sum of a convolutional network and one linear transform of 16 x 16 blocks. The linear part starts as
the KLT of training patches, which is a transform codec that works before the first step; the networks then learn
what it lacks.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nncodec.entropy.layout import LATENT_STRIDE
from nncodec.nets.blocks import Conditioned, Residual, conv

BLOCK_SAMPLES = 3 * LATENT_STRIDE * LATENT_STRIDE


@dataclass(frozen=True)
class Widths:
    """Channels of every part; kept with the weights, so that a larger model is only a new model number."""

    analysis: tuple[int, int, int] = (64, 128, 160)
    """At 1/4, 1/8 and 1/16 of the picture's size."""
    synthesis: tuple[int, int, int] = (160, 128, 64)
    """At 1/16, 1/8 and 1/4 of the picture's size."""
    blocks: int = 2
    """Residual blocks at each size."""
    latent: int = 256
    hyper: int = 64
    features: int = 128
    context: int = 96


def float32(layer: nn.Module, x: Tensor) -> Tensor:
    """Run one layer in float32, whatever autocast says."""
    with torch.autocast(x.device.type, enabled=False):
        y: Tensor = layer(x.float())
        return y


def residuals(width: int, blocks: int) -> nn.Sequential:
    """``blocks`` residual blocks."""
    return nn.Sequential(*[Residual(width) for _ in range(blocks)])


class Analysis(nn.Module):
    """(B, 3, H, W) pixels in -0.5..0.5, sides multiples of 16, to the latent (B, latent, H/16, W/16)."""

    def __init__(self, widths: Widths) -> None:
        super().__init__()
        a, b, c = widths.analysis
        self.enter = Conditioned(48, a, 3)
        self.quarter = residuals(a, widths.blocks)
        self.to_eighth = Conditioned(4 * a, b, 1)
        self.eighth = residuals(b, widths.blocks)
        self.to_sixteenth = Conditioned(4 * b, c, 1)
        self.sixteenth = residuals(c, widths.blocks)
        self.leave = conv(c, widths.latent, 1, gain=0.05)
        self.linear = conv(BLOCK_SAMPLES, widths.latent, 1)

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        """Float32 latent in units of the coarsest quality's step; t is the quality, (B,) in -1..1."""
        y = self.quarter(self.enter(F.pixel_unshuffle(x, 4), t))  # (B, a, H/4, W/4)
        y = self.eighth(self.to_eighth(F.pixel_unshuffle(y, 2), t))  # (B, b, H/8, W/8)
        y = self.sixteenth(self.to_sixteenth(F.pixel_unshuffle(y, 2), t))  # (B, c, H/16, W/16)
        linear = float32(self.linear, F.pixel_unshuffle(x, LATENT_STRIDE))
        return float32(self.leave, y) + linear


class Synthesis(nn.Module):
    """The latent (B, latent, H/16, W/16) to (B, 3, H, W) pixels, nominally in -0.5..0.5 and not clamped."""

    def __init__(self, widths: Widths) -> None:
        super().__init__()
        c, b, a = widths.synthesis
        self.enter = Conditioned(widths.latent, c, 1)
        self.sixteenth = residuals(c, widths.blocks)
        self.to_eighth = Conditioned(c, 4 * b, 1)
        self.eighth = residuals(b, widths.blocks)
        self.to_quarter = Conditioned(b, 4 * a, 1)
        self.quarter = residuals(a, widths.blocks)
        self.leave = conv(a, 48, 3, gain=0.005)
        self.linear = conv(widths.latent, BLOCK_SAMPLES, 1)

    def forward(self, latent: Tensor, t: Tensor) -> Tensor:
        """Float32 pixels from a dequantised latent in the units of `Analysis`; t is the quality, (B,) in -1..1."""
        y = self.sixteenth(self.enter(latent, t))  # (B, c, H/16, W/16)
        y = self.eighth(F.pixel_shuffle(self.to_eighth(y, t), 2))  # (B, b, H/8, W/8)
        y = self.quarter(F.pixel_shuffle(self.to_quarter(y, t), 2))  # (B, a, H/4, W/4)
        linear = F.pixel_shuffle(float32(self.linear, latent), LATENT_STRIDE)
        return F.pixel_shuffle(float32(self.leave, y), 4) + linear
