"""What the networks of the codec ``compact`` are trained through: up-scaling, and a stand-in for the base codec.

The paper (Jiang, Tao et al. 2017, eq. 9) leaves the codec out while it trains ComCNN, as a codec has no gradient. Then
nothing tells the network what a detail costs. The stand-in does: it rounds the 8 x 8 DCT of the half-size picture.
"""

import math
from functools import cache

import torch
from torch import Tensor

from nncodec.codecs.compact.networks import BLOCK
from nncodec.image.scaling import TAPS

PRICE = 2 * math.log(2) / 12
"""Squared error that a bit buys from a uniform quantiser of step 1 at high rates."""
STEPS = tuple(2 ** (exponent / 2) for exponent in range(2, 18))
"""Steps of the stand-in, in levels, that are compared with what a codec did."""


def upscaled(small: Tensor) -> Tensor:
    """`nncodec.image.scaling.upscale` by two without its rounding: (..., h, w) to (..., 2 h, 2 w)."""
    rows, columns = (_doubling(side) for side in small.shape[-2:])
    return rows @ small @ columns.t()


@cache
def _doubling(side: int) -> Tensor:
    """(2 side, side): the weights of the old samples in each new one; what is beyond the border is the border."""
    matrix = torch.zeros(2 * side, side)
    for place in range(side):
        for tap, weight in enumerate(TAPS):
            matrix[2 * place, min(max(place + 3 - tap, 0), side - 1)] += weight / 128
            matrix[2 * place + 1, min(max(place - 3 + tap, 0), side - 1)] += weight / 128
    return matrix


@cache
def _dct(side: int) -> Tensor:
    """(side, side): the orthonormal DCT-II of each 8 samples."""
    samples = torch.arange(BLOCK) + 0.5
    basis = torch.cos(math.pi / BLOCK * torch.arange(BLOCK)[:, None] * samples) * math.sqrt(2 / BLOCK)
    basis[0] /= math.sqrt(2)
    return torch.kron(torch.eye(side // BLOCK), basis)


def coefficients(planes: Tensor) -> Tensor:
    """(..., h, w), sides multiples of 8, to the DCT of their blocks of 8 x 8, each in its block's place."""
    rows, columns = (_dct(side) for side in planes.shape[-2:])
    return rows @ planes @ columns.t()


def stand_in(planes: Tensor, steps: Tensor) -> tuple[Tensor, Tensor]:
    """What a codec with these steps might make of planes, and at what rate.

    Args:
        planes: (B, 3, h, w), Y, Cb and Cr in levels; sides are multiples of 8.
        steps: (B, 3).

    Returns:
        planes with rounded coefficients, whose gradient is that of the planes, and bits per pixel (B,), by
        log2(1 + magnitude in steps).
    """
    rows, columns = (_dct(side) for side in planes.shape[-2:])
    size = steps[:, :, None, None]
    scaled = coefficients(planes) / size
    rounded = scaled + (scaled.round() - scaled).detach()
    bits = torch.log2(1 + scaled.abs()).mean((2, 3)).sum(1)
    return rows.t() @ (rounded * size) @ columns, bits


@torch.no_grad()
def steps_like(given: Tensor, seen: Tensor) -> Tensor:
    """Steps (B, 3) at which the stand-in does as much damage to each plane as a codec did.

    Both arguments are (B, 3, h, w): before and after the codec.
    """
    whole, wanted = coefficients(given), (given - seen).square().mean((2, 3))
    damage = [(whole - step * (whole / step).round()).square().mean((2, 3)) for step in STEPS]
    return torch.tensor(STEPS)[(torch.stack(damage) - wanted).abs().argmin(0)]
