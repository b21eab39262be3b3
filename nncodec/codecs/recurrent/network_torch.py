"""The networks of the recurrent codec: convolutional encoder and decoder with memory, after Toderici et al. 2017.

"Full Resolution Image Compression with Recurrent Neural Networks": in each iteration the encoder sees the difference
of the picture to its reconstruction so far and binarises its answer, and the decoder improves the reconstruction by the
bits. Both remember by gated recurrent units (section 2.2). Here they work on coefficients of a lapped transform, beside
a linear binariser that already codes alone: each bitplane tells if a coefficient's residual is above a threshold, or
below minus that.

Attributes that hold parameters are named as the arrays in files of weights.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nncodec.entropy.scales import LEAK

SHARPNESS = 20.0
"""Slope of the binariser's tanh, per threshold.

If it is flatter, the many residuals just below a threshold, for which a bit is a waste, outweigh the few above in the
gradient, and thresholds sink.
"""
INPUT_LIMIT = 4.0
"""Inputs of the networks are limited to plus or minus this many units of the layer."""


class ConvGRU(nn.Module):
    """A convolutional gated recurrent unit (Cho et al. 2014), and the 1 x 1 convolution before it.

    All iterations share the weights, but for ``pace``, which is a bias of each.
    """

    def __init__(self, inputs: int, width: int, layers: int) -> None:
        super().__init__()
        self.width = width
        self.enter = nn.Conv2d(inputs, width, 1)
        self.pace = nn.Parameter(torch.zeros(layers, width))
        self.gates = nn.Conv2d(2 * width, 2 * width, 3, padding=1)
        self.candidate = nn.Conv2d(2 * width, width, 3, padding=1)

    def project(self, x: Tensor, layer: int) -> Tensor:
        """The 1 x 1 convolution: input (B, inputs, h, w) to (B, width, h, w)."""
        return F.leaky_relu(self.enter(x) + self.pace[layer][:, None, None], LEAK)

    def forward(self, seen: Tensor, memory: Tensor) -> Tensor:
        """One step: the output of `project` and the memory, both (B, width, h, w), to the next memory, in -1..1."""
        update, reset = torch.sigmoid(self.gates(torch.cat([seen, memory], 1))).chunk(2, 1)
        fresh = torch.tanh(self.candidate(torch.cat([seen, reset * memory], 1)))
        return memory + update * (fresh - memory)

    def initial_memory(self, like: Tensor) -> Tensor:
        """The memory before the first iteration, zeros, for pictures (B, C, h, w)."""
        return like.new_zeros(len(like), self.width, *like.shape[2:])


class RecurrentNetwork(nn.Module):
    """Encoder, the binariser's offsets, and decoder.

    Args:
        channels: of the coefficients.
        units: for each layer, about the threshold of its bitplanes, in levels: the unit of its networks.
        encoder, decoder: channels of the two memories.
    """

    def __init__(self, channels: int, units: Sequence[float], encoder: int, decoder: int) -> None:
        super().__init__()
        self.channels, self.units = channels, tuple(units)
        layers = len(self.units)
        self.encoder = ConvGRU(channels, encoder, layers)
        self.judge = nn.Conv2d(encoder, 2 * channels, 1)
        self.decoder = ConvGRU(2 * channels, decoder, layers)
        self.paint = nn.Conv2d(decoder, channels, 1)
        self.strength = nn.Parameter(torch.ones(layers, channels))
        for layer in (self.judge, self.paint):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    @classmethod
    def of(cls, values: Mapping[str, npt.NDArray[np.float32]], units: Sequence[float]) -> "RecurrentNetwork":
        """The networks with these parameters, by name."""
        encoder, decoder = (len(values[f"{part}.candidate.bias"]) for part in ("encoder", "decoder"))
        network = cls(len(values["paint.bias"]), units, encoder, decoder)
        network.load_state_dict({name: torch.from_numpy(value) for name, value in values.items()})
        return network

    def encoder_input(self, missing: Tensor, layer: int) -> Tensor:
        """The input of the encoder's memory, (B, encoder, h, w); each position depends on itself alone.

        Args:
            missing: (B, channels, h, w), the picture less its reconstruction so far, in levels.
            layer: number of the iteration, from 0.
        """
        return self.encoder.project(_limited(missing / self.units[layer]), layer)

    def offsets(self, memory: Tensor) -> tuple[Tensor, Tensor]:
        """The encoder's memory to shift and dead zone, (B, channels, h, w), in thresholds; see `binariser_inputs`."""
        shift, dead_zone = self.judge(memory).chunk(2, 1)
        return shift, dead_zone

    def decoder_input(self, news: Tensor, sums: Tensor, layer: int) -> Tensor:
        """The input of the decoder's memory, (B, decoder, h, w); each position depends on itself alone.

        Args:
            news: (B, channels, h, w), what this iteration's bits add to the sums, in levels.
            sums: the same of all iterations so far.
            layer: number of the iteration, from 0.
        """
        unit = self.units[layer]
        return self.decoder.project(torch.cat([_limited(news / unit), _limited(sums / unit)], 1), layer)

    def correction(self, memory: Tensor, layer: int) -> Tensor:
        """The decoder's memory to a correction of the sums, (B, channels, h, w), in levels."""
        y: Tensor = self.paint(memory)
        return y * (self.strength[layer][:, None, None] * self.units[layer])


def binariser_inputs(residual: Tensor, shift: Tensor, dead_zone: Tensor) -> tuple[Tensor, Tensor]:
    """Inputs of the binariser for the bits + and -, all in thresholds. A bit is 1 where its input is above zero."""
    moved = residual + shift
    return moved - 1 - dead_zone, -moved - 1 - dead_zone


def binarise(x: Tensor, noise: bool) -> Tensor:
    """Bits -1 or 1 with the gradient of tanh: the sign of x, or drawn (Toderici et al. 2016).

    With noise, a bit is 1 with the probability (1 + tanh(SHARPNESS x)) / 2.
    """
    soft = torch.tanh(SHARPNESS * x)
    threshold = 2 * torch.rand_like(x) - 1 if noise else 0.0
    hard = torch.where(soft > threshold, 1.0, -1.0)
    return soft + (hard - soft).detach()


def _limited(x: Tensor) -> Tensor:
    return x.clamp(-INPUT_LIMIT, INPUT_LIMIT)
