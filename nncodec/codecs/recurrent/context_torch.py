"""The contexts of the recurrent codec as a trainable network: `nncodec.codecs.recurrent.context` in floating point.

Parameters are named as the arrays ``context.*`` in files of weights.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nncodec.codecs.recurrent import context
from nncodec.codecs.recurrent.context import DIFFERENCE_BITS, DIFFERENCE_LIMIT, N_DIRECT, Round
from nncodec.entropy.scales import LEAK
from nncodec.errors import EncodeError

SIZE_UNIT = 16.0
"""The size of a magnitude that the network sees as 1."""
RING_UNIT = 12.0 * SIZE_UNIT
"""The ring sum of sizes that the network sees as 1."""
DIFFERENCE_UNIT = float(1 << DIFFERENCE_BITS)


@dataclass(frozen=True)
class _Shipped:
    """Quantisation of a parameter in files of weights: ``(parameter - zero) * scale``, rounded."""

    kind: type[np.int16 | np.int32]
    scale: Any
    zero: float = 0.0


_INDEX = 2.0**context.INDEX_BITS / context.LOGIT_STEP
_SHIPPED = {
    "enter": _Shipped(np.int16, 2.0**context.ENTER_BITS / RING_UNIT),
    "pace": _Shipped(np.int32, 2.0**context.ENTER_BITS),
    "leave": _Shipped(np.int16, 2.0**context.HIDDEN_BITS / context.LOGIT_STEP),
    "direct": _Shipped(
        np.int32,
        _INDEX * np.array([1 / RING_UNIT, 1 / RING_UNIT, 1, 1 / DIFFERENCE_UNIT, 1, 1 / DIFFERENCE_UNIT]),
    ),
    "bias": _Shipped(np.int32, _INDEX, context.LOGIT_FIRST),
}


class BitPrior(nn.Module):
    """Log-odds of bits, given the sums of the bits before.

    Args:
        channels: of the coefficients.
        shares: (S,), for each bitplane, the share of the positions at which one of its two bits is 1.
        layers: number of layers.
        hidden: number of hidden units, which all bitplanes share.
    """

    def __init__(self, channels: int, shares: npt.NDArray[np.floating], layers: int, hidden: int) -> None:
        super().__init__()
        self.enter = nn.Parameter(torch.randn(2 * channels, hidden) / (2 * channels) ** 0.5)
        self.pace = nn.Parameter(torch.zeros(layers, hidden))
        self.leave = nn.Parameter(torch.randn(hidden, channels) * (0.3 / hidden**0.5))
        self.direct = nn.Parameter(torch.zeros(len(shares), N_DIRECT))
        half = torch.from_numpy(np.asarray(shares, np.float32) / 2)
        self.bias = nn.Parameter(torch.logit(torch.stack([half, half / (1 - half)], 1)))

    def bits(self, sums: Tensor, layer: int, part: Round, signs: tuple[Tensor, Tensor], at: Tensor) -> Tensor:
        """The cost of a round's bits, (B,), in bits.

        Args:
            sums: (B, channels, h, w), of the bits before, in levels.
            layer: number of the layer.
            part: the round.
            signs: the bits + and -, (B, k, h, w) of -1 and 1; a bit - is not coded where + is 1.
            at: the positions to count, (n,).
        """
        plus, minus = (each.flatten(2)[:, :, at] for each in signs)
        odds_plus, odds_minus = self.odds(sums, layer, part, at)
        free = (1 - plus.detach()) / 2
        return (_cost(odds_plus, plus) + free * _cost(odds_minus, minus)).sum((1, 2))

    def odds(self, sums: Tensor, layer: int, part: Round, at: Tensor) -> tuple[Tensor, Tensor]:
        """Log-odds of the bits + and -, (B, k, n)."""
        channels, rows = torch.from_numpy(part.channels), torch.from_numpy(part.rows)
        sizes = torch.round(4 * torch.log2(1 + sums.abs().floor())) / SIZE_UNIT
        near = torch.cat([sizes, _ring_means(sizes)], 1).flatten(2)[:, :, at]  # (B, 2 * channels, n)
        hidden = F.leaky_relu(torch.matmul(self.enter.t(), near) + self.pace[layer][:, None], LEAK)  # (B, hidden, n)
        own = sums[:, channels]  # (B, k, h, w)
        difference = _differences(own, part).flatten(2)[:, :, at]
        own = own.flatten(2)[:, :, at]
        weight = self.direct[rows][:, :, None]  # (k, N_DIRECT, 1)
        even = torch.matmul(self.leave[:, channels].t(), hidden)
        even = even + weight[:, 0] * near[:, channels] + weight[:, 1] * near[:, channels + sums.shape[1]]
        even = even + weight[:, 2] * (own != 0) + weight[:, 3] * difference.abs()
        odd = weight[:, 4] * own.sign() + weight[:, 5] * difference
        bias = self.bias[rows][:, :, None]
        return even + odd + bias[:, 0], even - odd + bias[:, 1]

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """The arrays of integers in files of weights; EncodeError if one is too large for its type."""
        arrays: dict[str, npt.NDArray[Any]] = {"context.sizes": context.size_table()}
        for name, shipped in _SHIPPED.items():
            values = getattr(self, name).detach().cpu().double().numpy()
            whole = np.rint((values - shipped.zero) * shipped.scale)
            if not np.all(np.abs(whole) <= np.iinfo(shipped.kind).max):
                raise EncodeError(f"context.{name} does not fit {np.dtype(shipped.kind).name}")
            arrays[f"context.{name}"] = whole.astype(shipped.kind)
        return arrays

    @torch.no_grad()
    def load_arrays(self, arrays: dict[str, npt.NDArray[Any]]) -> None:
        """Take over parameters from the arrays of integers in files of weights."""
        for name, shipped in _SHIPPED.items():
            values = arrays[f"context.{name}"] / shipped.scale + shipped.zero
            getattr(self, name).copy_(torch.from_numpy(values.astype(np.float32)))


def _cost(odds: Tensor, sign: Tensor) -> Tensor:
    """Bits of signs -1 or 1, linear in the sign, so that its gradient leads to the cost of the other sign."""
    return (F.softplus(-odds) * (1 + sign) + F.softplus(odds) * (1 - sign)) * (0.5 / math.log(2))


def _ring_means(sizes: Tensor) -> Tensor:
    """Mean of the eight neighbours, those at the sides counted twice; zeros outside. (B, channels, h, w)."""
    padded = F.pad(sizes, (1, 1, 1, 1))
    rows = padded[:, :, :-2] + padded[:, :, 2:]
    sides = rows[..., 1:-1] + padded[:, :, 1:-1, :-2] + padded[:, :, 1:-1, 2:]
    return (2 * sides + rows[..., :-2] + rows[..., 2:]) / 12


def _differences(own: Tensor, part: Round) -> Tensor:
    """Mean of the four neighbours less the sum itself, in thresholds, limited as the integers are; (B, k, h, w)."""
    padded = F.pad(own, (1, 1, 1, 1), mode="replicate")
    four = padded[:, :, :-2, 1:-1] + padded[:, :, 2:, 1:-1] + padded[:, :, 1:-1, :-2] + padded[:, :, 1:-1, 2:]
    unit = torch.exp2(DIFFERENCE_BITS - torch.from_numpy(part.exponent).float())[:, None, None]
    return ((four / 4 - own) * unit).floor().clamp(-DIFFERENCE_LIMIT, DIFFERENCE_LIMIT) / DIFFERENCE_UNIT
