"""The whole learned codec as one trainable network: transforms, gains, hyperprior and context.

Variable rate by gain vectors (Cui et al. 2021): the latent is multiplied by a gain per channel before rounding and
divided by it after. Gains are kept at a few anchor qualities and interpolated.
"""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nncodec.entropy.layout import (
    ANCHOR_SPACING,
    INDICES_PER_OCTAVE,
    MAX_QUALITY_INDEX,
    N_ANCHORS,
    N_SCALES,
    SCALE_MIN,
    SCALE_UNIT,
    STEPS,
)
from nncodec.nets.prior import HyperAnalysis, HyperSynthesis, Step, from_cells, to_cells
from nncodec.nets.transform import Analysis, Synthesis, Widths

LAMBDA_MIN, LAMBDA_MAX = 0.0016, 0.15
"""Weight of the squared error, in 0..255 units, against bits per pixel, at the lowest and highest quality index."""


COARSEST_STEP = 73 / 255
"""Quantiser step of the KLT's coefficients at quality index 0, in units of white: the unit of the latent."""
ERROR_PRICE = 1.6 * (COARSEST_STEP * 255) ** 2 / 3
"""What a squared error of the latent is worth per lambda when symbols are chosen; see `nncodec.nets.search.PRICES`."""
TABLE_UNIT = 8.0
"""Scale indices per unit of the trained table of the hyper-latent's scales; a unit moves at the optimiser's pace."""


def relative(quality: Tensor) -> Tensor:
    """Quality indices as -1..1, which is what the networks see."""
    return quality * (2 / MAX_QUALITY_INDEX) - 1


def lagrangian(quality: Tensor) -> Tensor:
    """The trade-off that quality indices are trained for; geometric from LAMBDA_MIN to LAMBDA_MAX."""
    return LAMBDA_MIN * (LAMBDA_MAX / LAMBDA_MIN) ** (quality / MAX_QUALITY_INDEX)


class _Bound(torch.autograd.Function):
    """Clamp whose gradient still passes where it leads back inside."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, low: float, high: float) -> Tensor:
        ctx.save_for_backward(x)
        ctx.limits = low, high
        return x.clamp(low, high)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None, None]:
        (x,), (low, high), grad = ctx.saved_tensors, ctx.limits, grads[0]
        stuck = ((x < low) & (grad > 0)) | ((x > high) & (grad < 0))
        return grad.masked_fill(stuck, 0), None, None


def bits(residual: Tensor, index: Tensor) -> Tensor:
    """Bits to code residuals (symbols less means) under the logistic distribution of a fractional scale index.

    The mass of the interval of width 1 around the residual, in a form whose gradient does not vanish in the tails.
    """
    index = _Bound.apply(index, 0.0, N_SCALES - 1.0)  # type: ignore[no-untyped-call]
    inverse = torch.exp2(index * (-1 / INDICES_PER_OCTAVE)) / SCALE_MIN
    above, below = (residual + 0.5) * inverse, (residual - 0.5) * inverse
    nats = F.softplus(-above) + F.softplus(below) - torch.log(-torch.expm1(-inverse))
    return nats / math.log(2)


def rounded(x: Tensor) -> Tensor:
    """Round to nearest; the gradient passes straight through."""
    return x + (x.round() - x).detach()


def chosen(residual: Tensor, index: Tensor, price: Tensor) -> Tensor:
    """Round as the encoder does, to the nearest or one towards zero, by bits + price * squared error."""
    with torch.no_grad():
        nearest = residual.round()
        lower = nearest - nearest.sign()
        cost = bits(nearest, index) + price * (residual - nearest).square()
        saves = bits(lower, index) + price * (residual - lower).square() < cost
        symbol = torch.where(saves, lower, nearest)
    return residual + (symbol - residual).detach()


@dataclass(frozen=True)
class Outcome:
    """What one pass gives, per picture of the batch."""

    pixels: Tensor
    """(B, 3, H, W), not clamped."""
    latent_bits: Tensor
    """(B, 4): bits of the four steps."""
    hyper_bits: Tensor
    """(B,)"""


class Hyperprior(nn.Module):
    """The learned codec. Sides of its input are multiples of 64."""

    def __init__(self, widths: Widths) -> None:
        super().__init__()
        self.widths = widths
        self.analysis = Analysis(widths)
        self.synthesis = Synthesis(widths)
        self.hyper_analysis = HyperAnalysis(widths)
        self.hyper_synthesis = HyperSynthesis(widths)
        self.steps = nn.ModuleList([Step(widths, step) for step in range(STEPS)])
        spread = torch.linspace(0, 0.5 * math.log(LAMBDA_MAX / LAMBDA_MIN), N_ANCHORS)
        self.log_gain = nn.Parameter(spread[:, None].repeat(1, widths.latent))
        middle = INDICES_PER_OCTAVE * math.log2(1 / SCALE_MIN) / TABLE_UNIT
        self.hyper_index = nn.Parameter(torch.full((N_ANCHORS, widths.hyper), middle))

    def at_quality(self, quality: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """For quality indices (B,): gain and index offset, (B, latent, 1, 1), and hyper index, (B, hyper, 1, 1)."""
        anchor = (quality / ANCHOR_SPACING).floor().clamp(max=N_ANCHORS - 2)
        share = (quality / ANCHOR_SPACING - anchor)[:, None]
        low = anchor.long()

        def between(table: Tensor) -> Tensor:
            return (table[low] * (1 - share) + table[low + 1] * share)[:, :, None, None]

        gain, offset = between(self.log_gain.exp()), between(self.log_gain * (INDICES_PER_OCTAVE / math.log(2)))
        return gain, offset, between(self.hyper_index * TABLE_UNIT)

    def forward(self, x: Tensor, quality: Tensor, soft: bool) -> Outcome:
        """Code pixels (B, 3, H, W) in -0.5..0.5 at quality indices (B,).

        ``soft`` estimates the rate with uniform noise in place of rounding (Balle et al. 2017); synthesis and context
        see values rounded to the nearest. Otherwise everything sees symbols as the encoder chooses them.
        Gradients pass straight through the rounding.
        """
        t = relative(quality)
        seen, latent_bits, hyper_bits = self.rate(self.analysis(x, t), quality, soft)
        return Outcome(self.synthesis(seen, t), latent_bits, hyper_bits)

    def rate(self, latent: Tensor, quality: Tensor, soft: bool) -> tuple[Tensor, Tensor, Tensor]:
        """What the synthesis sees of a latent, the bits of the four steps (B, 4) and of the hyper-latent (B,)."""
        with torch.autocast(latent.device.type, enabled=False):  # means need more than bfloat16's eight bits
            return self._rate(latent, quality, soft)

    def _rate(self, latent: Tensor, quality: Tensor, soft: bool) -> tuple[Tensor, Tensor, Tensor]:
        t, (gain, offset, hyper_index) = relative(quality), self.at_quality(quality)
        hyper = self.hyper_analysis(latent * gain, t)
        hyper_bits = bits(hyper + torch.rand_like(hyper) - 0.5 if soft else rounded(hyper), hyper_index).sum((1, 2, 3))
        features = self.hyper_synthesis(rounded(hyper), t)
        price = ERROR_PRICE * lagrangian(quality)[:, None, None, None] / gain.square()
        known: list[Tensor] = []
        step_bits = []
        for step, part in zip(self.steps, to_cells(latent), strict=True):
            mean, index = step(features, known, t)
            residual, index = (part - mean) * gain, index + offset
            symbols = rounded(residual) if soft else chosen(residual, index, price)
            shown = residual + torch.rand_like(residual) - 0.5 if soft else symbols
            step_bits.append(bits(shown, index).sum((1, 2, 3)))
            known.append(symbols / gain + mean)
        return from_cells(known), torch.stack(step_bits, 1), hyper_bits


def transform_start(model: Hyperprior, mean: Tensor, vectors: Tensor, values: Tensor, step: float) -> None:
    """Set the linear transforms to a KLT and the scales to its eigenvalues.

    Args:
        model: changed in place.
        mean: (768,) mean of 16 x 16 patches in -0.5..0.5, in the order of ``pixel_unshuffle``.
        vectors: (768, n) eigenvectors, one per column, largest eigenvalue first; n = latent channels.
        values: (n,) eigenvalues.
        step: quantiser step of the lowest quality, in the pixels' unit.
    """
    channels = model.widths.latent
    # Deal the components out over the channel groups, so that each group has some of every size.
    rank = torch.arange(channels).view(channels // STEPS, STEPS).t().reshape(-1)
    basis = vectors[:, rank]  # (768, latent)
    scales = (values[rank].sqrt() / step * (math.sqrt(3) / math.pi)).clamp(min=SCALE_MIN)
    index = INDICES_PER_OCTAVE * torch.log2(scales / SCALE_MIN)
    # The first components are 50 times the others; what reads the latent should see them all alike.
    shrink = (1 / values[rank].sqrt().div(step).clamp(min=1.0))[:, None, None]
    with torch.no_grad():
        model.analysis.linear.weight.copy_((basis.t() / step)[:, :, None, None])
        model.analysis.linear.bias.copy_(-(mean @ basis) / step)  # type: ignore[union-attr]
        model.synthesis.linear.weight.copy_((basis * step)[:, :, None, None])
        model.synthesis.linear.bias.copy_(mean)  # type: ignore[union-attr]
        model.synthesis.enter.conv.weight.mul_(shrink)
        for number, part in enumerate(model.steps):
            if number:
                part.known.weight.mul_(shrink.repeat(number, 1, 1))  # type: ignore[union-attr,operator]
                part.sizes.weight.mul_(shrink.repeat(number, 1, 1))  # type: ignore[union-attr,operator]
            part.leave.bias[channels:].copy_(index / SCALE_UNIT)  # type: ignore[index,union-attr]
