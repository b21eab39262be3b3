"""Hyperprior and four-step context, as trained in floating point.

What decides bits is not run from here: `nncodec.entropy.exact` computes the same functions in exact arithmetic
from integer weights. These modules keep to what survives the rounding: leaky ReLU of slope 1/8, clamped
activations, no normalisation, no transcendental function behind the symbols.

The scheme follows Minnen et al. 2018 (hyperprior, mean and scale), with the latent coded in four steps that
alternate over space and channel groups as in Li et al. 2023 (DCVC-DC, quadtree partition).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nncodec.entropy.layout import ACTIVATION_LIMIT, LEAK, SCALE_UNIT, STEPS, position
from nncodec.nets.blocks import Conditioned, conv
from nncodec.nets.transform import Widths


def bounded(x: Tensor) -> Tensor:
    """Clamp as the exact layers do."""
    return x.clamp(-ACTIVATION_LIMIT, ACTIVATION_LIMIT)


def active(x: Tensor) -> Tensor:
    """Leaky ReLU, clamped."""
    return bounded(F.leaky_relu(x, LEAK))


def to_cells(latent: Tensor) -> list[Tensor]:
    """Split a latent (B, C, H, W) into the four steps' parts, each (B, C, H/2, W/2), groups in order."""
    batch, channels, height, width = latent.shape
    cells = latent.view(batch, STEPS, channels // STEPS, height // 2, 2, width // 2, 2)
    return [
        torch.cat([cells[:, g, :, :, position(s, g) // 2, :, position(s, g) % 2] for g in range(STEPS)], 1)
        for s in range(STEPS)
    ]


def from_cells(parts: list[Tensor]) -> Tensor:
    """Inverse of `to_cells`."""
    batch, channels, height, width = parts[0].shape
    latent = parts[0].new_empty(batch, STEPS, channels // STEPS, height, 2, width, 2)
    for step, part in enumerate(parts):
        for group, piece in enumerate(part.chunk(STEPS, 1)):
            place = position(step, group)
            latent[:, group, :, :, place // 2, :, place % 2] = piece
    return latent.view(batch, channels, 2 * height, 2 * width)


class HyperAnalysis(nn.Module):
    """The latent in symbols (B, latent, H/16, W/16) to the hyper-latent (B, hyper, H/64, W/64). Encoder only."""

    def __init__(self, widths: Widths) -> None:
        super().__init__()
        self.enter = Conditioned(8 * widths.latent, widths.features, 1)
        self.middle = conv(widths.features, widths.features, 3)
        self.leave = conv(4 * widths.features, widths.hyper, 1)

    def forward(self, symbols: Tensor, t: Tensor) -> Tensor:
        """Float32, to be rounded; t is the quality, (B,) in -1..1."""
        x = torch.cat([torch.asinh(symbols), torch.log1p(symbols.abs())], 1)
        x = F.leaky_relu(self.enter(F.pixel_unshuffle(x, 2), t), LEAK)
        x = F.leaky_relu(self.middle(x), LEAK)
        y: Tensor = self.leave(F.pixel_unshuffle(x, 2))
        return y


class HyperSynthesis(nn.Module):
    """The rounded hyper-latent (B, hyper, H/64, W/64) to features (B, features, H/32, W/32)."""

    def __init__(self, widths: Widths) -> None:
        super().__init__()
        self.enter = Conditioned(widths.hyper, 3 * widths.features, 3)
        self.leave = conv(3 * widths.features // 4, widths.features, 3)

    def forward(self, hyper: Tensor, t: Tensor) -> Tensor:
        """t is the quality, (B,) in -1..1."""
        x = F.pixel_shuffle(active(self.enter(bounded(hyper), t)), 2)
        return active(self.leave(x))


class Step(nn.Module):
    """Means and scales of one step's latents, from the features and the steps before it."""

    def __init__(self, widths: Widths, step: int) -> None:
        super().__init__()
        self.features = Conditioned(widths.features, widths.context, 1)
        self.known = conv(step * widths.latent, widths.context, 3, gain=0.3) if step else None
        self.sizes = conv(step * widths.latent, widths.context, 1, gain=0.3) if step else None
        self.middle = conv(widths.context, widths.latent, 1)
        self.leave = conv(widths.latent, 2 * widths.latent, 1, gain=0.02)

    def forward(self, features: Tensor, known: list[Tensor], t: Tensor) -> tuple[Tensor, Tensor]:
        """Means in the latent's own unit and scale indices relative to the quality's offset.

        ``features`` is (B, features, H/32, W/32), ``known`` the parts already coded, (B, latent, H/32, W/32) each,
        in the latent's own unit. Both results are (B, latent, H/32, W/32).
        """
        x = self.features(features, t)
        if self.known is not None and self.sizes is not None:
            so_far = bounded(torch.cat(known, 1))
            x = x + self.known(so_far) + self.sizes(so_far.abs())
        mean, scale = bounded(self.leave(active(self.middle(active(x))))).chunk(2, 1)
        return mean, scale * SCALE_UNIT
