"""Differentiable models of the steps between ComCNN and RecCNN: up-scaling, and a proxy of the base codec.

The paper (Jiang, Tao et al. 2017, eq. 9) leaves the codec out while it trains ComCNN, as a codec has no gradient. Then
the loss has no term for the bits of a detail. The proxy has: it quantises the 8 x 8 DCT of the half-size picture.
"""

import math
from functools import cache

import torch
from torch import Tensor

from nncodec.codecs.compact.networks import BLOCK
from nncodec.image.scaling import TAPS

PRICE = 2 * math.log(2) / 12
"""Squared error that a further bit saves in a uniform quantiser of step 1 at high rates."""
STEPS = tuple(2 ** (exponent / 2) for exponent in range(2, 18))
"""Quantiser steps of the proxy, in levels, that are compared with a codec's error."""


def upscale(small: Tensor) -> Tensor:
    """Up-scale by two as `nncodec.image.scaling.upscale`, without rounding: (..., h, w) to (..., 2 h, 2 w)."""
    rows, columns = (_doubling(side) for side in small.shape[-2:])
    return rows @ small @ columns.t()


@cache
def _doubling(side: int) -> Tensor:
    """(2 side, side): the weights of the old samples in each new one; the border repeats."""
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


def block_dct(planes: Tensor) -> Tensor:
    """The orthonormal DCT of blocks of 8 x 8: (..., h, w), sides multiples of 8, each coefficient in its block."""
    rows, columns = (_dct(side) for side in planes.shape[-2:])
    return rows @ planes @ columns.t()


def proxy(planes: Tensor, steps: Tensor) -> tuple[Tensor, Tensor]:
    """Quantise the block DCT of planes, in place of a codec, and estimate the rate.

    Args:
        planes: (B, 3, h, w), Y, Cb and Cr in levels; sides are multiples of 8.
        steps: (B, 3), quantiser steps in levels.

    Returns:
        planes (B, 3, h, w) with rounded coefficients, with the gradient of the planes; and bits per pixel (B,), the
        mean of log2(1 + magnitude in steps), summed over planes.
    """
    rows, columns = (_dct(side) for side in planes.shape[-2:])
    size = steps[:, :, None, None]
    scaled = block_dct(planes) / size  # (B, 3, h, w)
    rounded = scaled + (scaled.round() - scaled).detach()
    bits = torch.log2(1 + scaled.abs()).mean((2, 3)).sum(1)
    return rows.t() @ (rounded * size) @ columns, bits


@torch.no_grad()
def matching_steps(given: Tensor, seen: Tensor) -> Tensor:
    """Quantiser steps (B, 3) at which the proxy's squared error in each plane is nearest to that of a codec.

    Both arguments are (B, 3, h, w): before and after the codec.
    """
    whole, wanted = block_dct(given), (given - seen).square().mean((2, 3))
    errors = [(whole - step * (whole / step).round()).square().mean((2, 3)) for step in STEPS]
    return torch.tensor(STEPS)[(torch.stack(errors) - wanted).abs().argmin(0)]
