"""The parts that the trainable contexts of ``learned`` share: features, hidden layers, cost, and weights as they ship.

Whole numbers and floating point are twins: see `nncodec.codecs.learned.context` for the arithmetic.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nncodec.codecs.learned.context import ACTIVATION_BITS, ACTIVATION_LIMIT, EXACT
from nncodec.codecs.learned.grid import N_SIZES, SIGNED_LIMIT, SIGNED_UNIT
from nncodec.entropy.scales import ANCHOR_SPACING, LEAK, N_ANCHORS, SCALE_UNIT
from nncodec.errors import EncodeError
from nncodec.lapped.rate_torch import bits, chosen
from nncodec.lapped.rdoq import PRICE, PRICE_FACTOR

Arrays = dict[str, npt.NDArray[Any]]
Doubles = npt.NDArray[np.float64]

SIGNED_ONE, SIZE_ONE = 32, 16
"""Units of the features that are 1 to the networks in floating point."""
LARGEST_SIZE = 72
"""Size of the largest magnitude."""
_START_INDEX = 20.0
"""Scale index that a network gives before it is trained."""
LINEAR_GAIN = 4.0
"""Factor of the linear part: its weights move as fast as if they were so many times larger."""
_MOST_BITS, ENTER_BITS = 14, 18
"""Most binary places of the sums of a layer, and of the first."""


def signed(values: Tensor) -> Tensor:
    """Signed features of values in 1/16 symbol."""
    return torch.round(values / SIGNED_UNIT).clamp(-SIGNED_LIMIT, SIGNED_LIMIT) / SIGNED_ONE


def sizes(values: Tensor) -> Tensor:
    """Size features of values in 1/16 symbol."""
    return torch.round(8 * torch.log2(1 + values.abs().clamp(max=N_SIZES - 1) / 8)) / SIZE_ONE


def anchored(quality: Tensor) -> Tensor:
    """Shares (B, N_ANCHORS) of the anchors at quality indices (B,)."""
    return F.relu(1 - (quality[:, None].float() / ANCHOR_SPACING - torch.arange(N_ANCHORS)).abs())


class Trunk(nn.Module):
    """The layers behind the first: two hidden ones, and the one that gives means and scale indices over SCALE_UNIT."""

    def __init__(self, width: int, channels: int) -> None:
        super().__init__()
        self.hidden = nn.ModuleList(nn.Conv2d(width, width, 1) for _ in range(2))
        self.leave = nn.Conv2d(width, 2 * channels, 1)
        nn.init.normal_(self.leave.weight, std=0.02)
        with torch.no_grad():
            bias_of(self.leave)[:channels] = 0
            bias_of(self.leave)[channels:] = _START_INDEX / SCALE_UNIT

    def forward(self, x: Tensor) -> Tensor:
        """Sums of the first layer (B, width, h, w) to (B, 2 channels, h, w), float32."""
        x = F.leaky_relu(x, LEAK)
        for layer in self.hidden:
            x = F.leaky_relu(layer(x), LEAK)
        y: Tensor = self.leave(x).float()
        return y

    def integers(self, moved: Doubles) -> tuple[Arrays, list[int]]:
        """Arrays, and binary places of the sums of each layer. ``moved`` is the most that is added to the last one."""
        arrays: Arrays = {}
        places = []
        layers = [layer for layer in (*self.hidden, self.leave) if isinstance(layer, nn.Conv2d)]
        for name, layer in zip(("hidden0", "hidden1", "leave"), layers, strict=True):
            weights, bias = matrix(layer), doubles(bias_of(layer))
            most = np.abs(bias) + (moved if name == "leave" else 0)
            at = places_for(weights * 2.0**-ACTIVATION_BITS, ACTIVATION_LIMIT, most, _MOST_BITS)
            arrays[name] = whole(weights.T, at - ACTIVATION_BITS, np.int16)
            arrays[f"{name}.bias"] = whole(bias, at, np.int32)
            places.append(at)
        return arrays, places

    @torch.no_grad()
    def take(self, arrays: Arrays, places: Sequence[int]) -> None:
        """Inverse of `integers`, but for rounding; ``places`` are the binary places of the sums of each layer."""
        layers = [layer for layer in (*self.hidden, self.leave) if isinstance(layer, nn.Conv2d)]
        for name, layer, at in zip(("hidden0", "hidden1", "leave"), layers, places, strict=True):
            layer.weight.copy_(floats(arrays[name].T, at - ACTIVATION_BITS)[:, :, None, None])
            bias = arrays.get(f"{name}.bias")
            bias_of(layer).copy_(torch.zeros_like(bias_of(layer)) if bias is None else floats(bias, at))


def cost_of(residual: Tensor, index: Tensor) -> Tensor:
    """Bits of residuals (wanted values less means), symbols chosen as the encoder chooses them; and again with noise.

    Means learn from noise, which has a gradient everywhere; scales from the symbols that will be coded.
    """
    price = torch.tensor(PRICE_FACTOR * PRICE)
    own = bits(chosen(residual, index, price).detach(), index)
    noisy = bits(residual + torch.rand_like(residual) - 0.5, index.detach())
    return (own + noisy).sum()


def feature_units(n_signed: int, n_sizes: int) -> tuple[Doubles, Doubles]:
    """Units in which signed features and sizes are 1 to the networks, and their largest magnitudes in whole numbers."""
    units = np.repeat([float(SIGNED_ONE), float(SIZE_ONE)], [n_signed, n_sizes])
    return units, np.repeat([float(SIGNED_LIMIT), float(LARGEST_SIZE)], [n_signed, n_sizes])


def places_for(
    weights: Doubles,
    most: Doubles | float,
    bias: Doubles,
    limit: int,
) -> int:
    """Most binary places, up to ``limit``, at which sums of inputs up to ``most`` are below EXACT and weights int16."""
    largest = float(((np.abs(weights) * most).sum(1) + bias).max())
    rounding = 0.5 * (weights.shape[1] * np.max(most) + 1)
    fitting = [
        places
        for places in range(limit + 1)
        if largest * 2.0**places + rounding < EXACT and np.abs(weights).max(initial=0) * 2.0**places < 32767
    ]
    if not fitting:
        raise EncodeError("the weights of a context are too large")
    return fitting[-1]


def doubles(value: Tensor) -> Doubles:
    """A parameter as an array."""
    array: Doubles = value.detach().double().numpy()
    return array


def bias_of(layer: nn.Conv2d) -> Tensor:
    """The bias of a layer that has one."""
    assert layer.bias is not None
    return layer.bias


def matrix(layer: nn.Conv2d) -> Doubles:
    """Weights of a 1 x 1 convolution, (outputs, inputs)."""
    return doubles(layer.weight)[:, :, 0, 0]


def whole(value: Doubles, places: int, kind: type[np.signedinteger[Any]]) -> npt.NDArray[Any]:
    """Values as whole numbers of 2^-places; EncodeError if they do not fit their type."""
    rounded = np.rint(value * 2.0**places)
    if np.abs(rounded).max(initial=0) > np.iinfo(kind).max:
        raise EncodeError("the weights of a context are too large")
    return rounded.astype(kind)


def floats(value: npt.NDArray[Any], places: int) -> Tensor:
    """Whole numbers of 2^-places as a tensor."""
    return torch.from_numpy(value.astype(np.float32) * np.float32(2.0**-places))
