"""Exact arithmetic: convolutions whose result no device, library, thread count or order of sums can change.

Weights are multiples of 2^-12 and activations multiples of 2^-8 within plus or minus 128, held in float64. Every
product is then a multiple of 2^-20, and no sum that `Layer` accepts leaves the 53 bits in which float64 adds
without rounding. Between layers activations are stored as float32, which holds them exactly, too.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from nncodec.entropy.layout import ACTIVATION_LIMIT, ANCHOR_SPACING, LEAK, MAX_QUALITY_INDEX, N_ANCHORS
from nncodec.errors import UnsupportedFile

if TYPE_CHECKING:
    from torch import Tensor

Integers = npt.NDArray[np.integer]

WEIGHT_BITS = 12
ACTIVATION_BITS = 8
ACTIVATION_ONE = 1 << ACTIVATION_BITS
SUM_LIMIT = 1 << 50
"""Largest sum of magnitudes, in units of 2^-20, that a layer may reach: 2^53, less three bits for the leaky ReLU."""


@dataclass(frozen=True)
class Layer:
    """A size-preserving convolution with integer weights.

    Attributes:
        weight: (out, in, k, k) integers, in units of 2^-12; k is 1 or 3.
        bias: (out,) integers, in units of 2^-12.
        slope: (out,) integers or None: what a quality of 1 adds to the bias and a quality of -1 takes off.
    """

    weight: Integers
    bias: Integers
    slope: Integers | None = None

    def __post_init__(self) -> None:
        reach = np.abs(self.weight.astype(np.int64)).sum((1, 2, 3)) * round(ACTIVATION_LIMIT * ACTIVATION_ONE)
        added = np.abs(self.bias.astype(np.int64))
        if self.slope is not None:
            added += np.abs(self.slope.astype(np.int64))
        if int((reach + added * ACTIVATION_ONE).max()) >= SUM_LIMIT:
            raise UnsupportedFile("the weights are too large for exact arithmetic")

    @cached_property
    def taps(self) -> npt.NDArray[np.float64]:
        """The weights, (k, k, in, out): one matrix per place of the kernel."""
        return np.ascontiguousarray(self.weight.transpose(2, 3, 1, 0) * 2.0**-WEIGHT_BITS)

    def bias_at(self, quality: int) -> Integers:
        """The bias at a quality index, in units of 2^-12; halves round up."""
        if self.slope is None:
            return self.bias
        half = MAX_QUALITY_INDEX // 2
        moved = self.slope.astype(np.int64) * (quality - half)
        bias: Integers = self.bias.astype(np.int64) + (2 * moved + half) // (2 * half)
        return bias


def interpolate(anchors: Integers, quality: int) -> Integers:
    """Row of an (N_ANCHORS, n) table at a quality index, linear between anchors; halves round up."""
    low = min(quality // ANCHOR_SPACING, N_ANCHORS - 2)
    share = quality - low * ANCHOR_SPACING
    table = anchors.astype(np.int64)
    between = table[low] * (ANCHOR_SPACING - share) + table[low + 1] * share
    row: Integers = (2 * between + ANCHOR_SPACING) // (2 * ANCHOR_SPACING)
    return row


def convolve(x: "Tensor", layer: Layer, quality: int) -> "Tensor":
    """Exact convolution with zero padding.

    Args:
        x: (H, W, in) float32 multiples of 2^-8 within plus or minus 128, on any device.
        layer: the layer.
        quality: quality index, for the layer's bias.

    Returns:
        (H, W, out) float64 multiples of 2^-20.
    """
    import torch

    height, width, channels = x.shape
    kernel = layer.weight.shape[2]
    edge = kernel // 2
    taps = torch.from_numpy(layer.taps).to(x.device)
    bias = torch.from_numpy(layer.bias_at(quality) * 2.0**-WEIGHT_BITS).to(x.device)
    padded = torch.nn.functional.pad(x.double(), (0, 0, edge, edge, edge, edge)).view(-1, channels)
    # With rows end to end, a place of the kernel is an offset. What falls between two rows is left out at the end.
    pitch = width + 2 * edge
    last = height * pitch - 2 * edge
    out = bias.repeat(height * pitch, 1)
    for row in range(kernel):
        for column in range(kernel):
            start = row * pitch + column
            out[:last].addmm_(padded[start : start + last], taps[row, column])
    return out.view(height, pitch, -1)[:, :width]


def settle(x: "Tensor") -> "Tensor":
    """Round float64 to multiples of 2^-8, halves up, clamp to plus or minus 128, and store as float32."""
    limit = ACTIVATION_LIMIT * ACTIVATION_ONE
    return x.mul(ACTIVATION_ONE).add_(0.5).floor_().clamp_(-limit, limit).float().div_(ACTIVATION_ONE)


def active(x: "Tensor") -> "Tensor":
    """Leaky ReLU of slope 1/8, then `settle`."""
    import torch

    return settle(torch.nn.functional.leaky_relu(x, LEAK))


def shuffle(x: "Tensor") -> "Tensor":
    """(H, W, 4 C) to (2 H, 2 W, C); input channel 4 c + 2 i + j goes to row i, column j of channel c."""
    height, width, channels = x.shape
    blocks = x.reshape(height, width, channels // 4, 2, 2).permute(0, 3, 1, 4, 2)
    return blocks.reshape(2 * height, 2 * width, channels // 4)
