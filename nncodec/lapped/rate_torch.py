"""Differentiable estimates of the bits of symbols, and rounding with a straight-through gradient."""

import math
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from nncodec.entropy.scales import INDICES_PER_OCTAVE, N_SCALES, SCALE_MIN


class _Bound(torch.autograd.Function):
    """A clamp whose gradient still passes where it leads back inside."""

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
    """Quantise as the encoder does, to the nearest or one towards zero, by bits + price * squared error."""
    with torch.no_grad():
        nearest = residual.round()
        lower = nearest - nearest.sign()
        cost = bits(nearest, index) + price * (residual - nearest).square()
        saves = bits(lower, index) + price * (residual - lower).square() < cost
        symbol = torch.where(saves, lower, nearest)
    return residual + (symbol - residual).detach()
