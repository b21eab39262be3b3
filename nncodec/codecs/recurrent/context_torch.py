"""The contexts of the recurrent codec as a trainable network: `nncodec.codecs.recurrent.context` in floating point."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nncodec.codecs.recurrent import context as binary
from nncodec.codecs.recurrent.context import DIFFERENCE_BITS, DIFFERENCE_LIMIT, N_DIRECT, Round
from nncodec.entropy.scales import LEAK
from nncodec.errors import EncodeError

SIZE_UNIT = 16.0
"""Size of a magnitude that is 1 to the network."""
AROUND_UNIT = 12.0 * SIZE_UNIT
"""Weighted sum of the sizes around a position that is 1 to the network."""
DIFFERENCE_UNIT = float(1 << DIFFERENCE_BITS)


@dataclass(frozen=True)
class _Shipped:
    """How a parameter ships: as ``(parameter - zero) * scale``, rounded."""

    kind: type[np.int16 | np.int32]
    scale: Any
    zero: float = 0.0


_INDEX = 2.0**binary.INDEX_BITS / binary.LOGIT_STEP
_SHIPPED = {
    "enter": _Shipped(np.int16, 2.0**binary.ENTER_BITS / AROUND_UNIT),
    "pace": _Shipped(np.int32, 2.0**binary.ENTER_BITS),
    "leave": _Shipped(np.int16, 2.0**binary.HIDDEN_BITS / binary.LOGIT_STEP),
    "direct": _Shipped(
        np.int32,
        _INDEX * np.array([1 / AROUND_UNIT, 1 / AROUND_UNIT, 1, 1 / DIFFERENCE_UNIT, 1, 1 / DIFFERENCE_UNIT]),
    ),
    "bias": _Shipped(np.int32, _INDEX, binary.LOGIT_FIRST),
}


class BitPrior(nn.Module):
    """Log-odds of bits.

    Args:
        channels: of the coefficients.
        shares: for each slot, how often one of its two bits is 1.
        layers: how many there are.
        hidden: units that all slots share.
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
        """What the bits of a round cost, (B,).

        Args:
            sums: (B, channels, h, w), what is known, in levels.
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
        channels, slots = torch.from_numpy(part.channels), torch.from_numpy(part.slots)
        size = torch.round(4 * torch.log2(1 + sums.abs().floor())) / SIZE_UNIT
        near = torch.cat([size, _around(size)], 1).flatten(2)[:, :, at]
        hidden = F.leaky_relu(torch.matmul(self.enter.t(), near) + self.pace[layer][:, None], LEAK)
        own = sums[:, channels]
        difference = _differences(own, part).flatten(2)[:, :, at]
        own = own.flatten(2)[:, :, at]
        weight = self.direct[slots][:, :, None]
        even = torch.matmul(self.leave[:, channels].t(), hidden)
        even = even + weight[:, 0] * near[:, channels] + weight[:, 1] * near[:, channels + sums.shape[1]]
        even = even + weight[:, 2] * (own != 0) + weight[:, 3] * difference.abs()
        odd = weight[:, 4] * own.sign() + weight[:, 5] * difference
        bias = self.bias[slots][:, :, None]
        return even + odd + bias[:, 0], even - odd + bias[:, 1]

    def to_arrays(self) -> dict[str, npt.NDArray[Any]]:
        """The integers that ship; EncodeError if one is too large for its type."""
        arrays: dict[str, npt.NDArray[Any]] = {"context.sizes": binary.sizes()}
        for name, how in _SHIPPED.items():
            values = getattr(self, name).detach().cpu().double().numpy()
            whole = np.rint((values - how.zero) * how.scale)
            if not np.all(np.abs(whole) <= np.iinfo(how.kind).max):
                raise EncodeError(f"context.{name} does not fit {np.dtype(how.kind).name}")
            arrays[f"context.{name}"] = whole.astype(how.kind)
        return arrays

    @torch.no_grad()
    def take(self, arrays: dict[str, npt.NDArray[Any]]) -> None:
        """Go on from the integers that ship."""
        for name, how in _SHIPPED.items():
            values = arrays[f"context.{name}"] / how.scale + how.zero
            getattr(self, name).copy_(torch.from_numpy(values.astype(np.float32)))


def _cost(odds: Tensor, sign: Tensor) -> Tensor:
    """Bits of signs -1 or 1, linear in the sign, so that its gradient is what the other sign would cost."""
    return (F.softplus(-odds) * (1 + sign) + F.softplus(odds) * (1 - sign)) * (0.5 / math.log(2))


def _around(size: Tensor) -> Tensor:
    """Mean of the eight neighbours, those at the sides twice; zeros outside."""
    padded = F.pad(size, (1, 1, 1, 1))
    rows = padded[:, :, :-2] + padded[:, :, 2:]
    sides = rows[..., 1:-1] + padded[:, :, 1:-1, :-2] + padded[:, :, 1:-1, 2:]
    return (2 * sides + rows[..., :-2] + rows[..., 2:]) / 12


def _differences(own: Tensor, part: Round) -> Tensor:
    """Mean of the four neighbours less the sum itself, in thresholds, cut as the integers are."""
    padded = F.pad(own, (1, 1, 1, 1), mode="replicate")
    four = padded[:, :, :-2, 1:-1] + padded[:, :, 2:, 1:-1] + padded[:, :, 1:-1, :-2] + padded[:, :, 1:-1, 2:]
    unit = torch.exp2(DIFFERENCE_BITS - torch.from_numpy(part.exponent).float())[:, None, None]
    return ((four / 4 - own) * unit).floor().clamp(-DIFFERENCE_LIMIT, DIFFERENCE_LIMIT) / DIFFERENCE_UNIT
