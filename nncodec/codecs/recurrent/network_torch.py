"""The networks of the recurrent codec: convolutional encoder and decoder with memory, after Toderici et al. 2017.

"Full Resolution Image Compression with Recurrent Neural Networks": in each iteration an encoder sees what the picture
so far lacks, binarises what it has to say of it, and a decoder improves the picture by the bits. Both remember by
gated recurrent units (section 2.2). They work on coefficients of a lapped transform beside a linear binariser, which
alone already codes: each slot asks whether a coefficient's residual is above a threshold, or below minus that.
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
"""What networks see is cut to plus or minus this many units of the layer."""


class Memory(nn.Module):
    """A convolutional gated recurrent unit (Cho et al. 2014), and the 1 x 1 convolution before it.

    Weights are those of all iterations; ``pace``, a bias of each, tells them apart.
    """

    def __init__(self, inputs: int, width: int, layers: int) -> None:
        super().__init__()
        self.width = width
        self.enter = nn.Conv2d(inputs, width, 1)
        self.pace = nn.Parameter(torch.zeros(layers, width))
        self.gates = nn.Conv2d(2 * width, 2 * width, 3, padding=1)
        self.candidate = nn.Conv2d(2 * width, width, 3, padding=1)

    def see(self, x: Tensor, layer: int) -> Tensor:
        """Input (B, inputs, h, w) to (B, width, h, w); each position for itself."""
        return F.leaky_relu(self.enter(x) + self.pace[layer][:, None, None], LEAK)

    def forward(self, seen: Tensor, state: Tensor) -> Tensor:
        """What `see` gives and the state, (B, width, h, w) both, to the next state, in -1..1."""
        update, reset = torch.sigmoid(self.gates(torch.cat([seen, state], 1))).chunk(2, 1)
        fresh = torch.tanh(self.candidate(torch.cat([seen, reset * state], 1)))
        return state + update * (fresh - state)

    def empty(self, like: Tensor) -> Tensor:
        """The state before the first iteration, for pictures (B, C, h, w)."""
        return like.new_zeros(len(like), self.width, *like.shape[2:])


class Recurrent(nn.Module):
    """Encoder, binariser's offsets, and decoder.

    Args:
        channels: of the coefficients.
        units: for each layer, about the threshold of its slots, in levels: what its networks measure in.
        encoder, decoder: channels of the two memories.
    """

    def __init__(self, channels: int, units: Sequence[float], encoder: int, decoder: int) -> None:
        super().__init__()
        self.channels, self.units = channels, tuple(units)
        layers = len(self.units)
        self.encoder = Memory(channels, encoder, layers)
        self.judge = nn.Conv2d(encoder, 2 * channels, 1)
        self.decoder = Memory(2 * channels, decoder, layers)
        self.paint = nn.Conv2d(decoder, channels, 1)
        self.strength = nn.Parameter(torch.ones(layers, channels))
        for layer in (self.judge, self.paint):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)  # type: ignore[arg-type]

    @classmethod
    def of(cls, values: Mapping[str, npt.NDArray[np.float32]], units: Sequence[float]) -> "Recurrent":
        """The networks whose parameters these are."""
        encoder, decoder = (len(values[f"{part}.candidate.bias"]) for part in ("encoder", "decoder"))
        network = cls(len(values["paint.bias"]), units, encoder, decoder)
        network.load_state_dict({name: torch.from_numpy(value) for name, value in values.items()})
        return network

    def look(self, missing: Tensor, layer: int) -> Tensor:
        """What the encoder's memory is to take in; each position for itself.

        Args:
            missing: (B, channels, h, w), the picture less what is decoded of it so far, in levels.
            layer: number of the iteration, from 0.
        """
        return self.encoder.see(_cut(missing / self.units[layer]), layer)

    def offsets(self, state: Tensor) -> tuple[Tensor, Tensor]:
        """The encoder's state to shift and dead zone, (B, channels, h, w), in thresholds, for `excess`."""
        shift, dead = self.judge(state).chunk(2, 1)
        return shift, dead

    def hear(self, news: Tensor, sums: Tensor, layer: int) -> Tensor:
        """What the decoder's memory is to take in; each position for itself.

        Args:
            news: (B, channels, h, w), what this iteration's bits add to the sums, in levels.
            sums: the same of all iterations so far.
            layer: number of the iteration, from 0.
        """
        unit = self.units[layer]
        return self.decoder.see(torch.cat([_cut(news / unit), _cut(sums / unit)], 1), layer)

    def painted(self, state: Tensor, layer: int) -> Tensor:
        """The decoder's state to what is to be added to the sums, (B, channels, h, w), in levels."""
        painted: Tensor = self.paint(state)
        return painted * (self.strength[layer][:, None, None] * self.units[layer])


def excess(residual: Tensor, shift: Tensor, dead: Tensor) -> tuple[Tensor, Tensor]:
    """Input of the binariser for the bits + and - of slots; residual in thresholds. A bit is 1 above zero."""
    moved = residual + shift
    return moved - 1 - dead, -moved - 1 - dead


def binarised(x: Tensor, noise: bool) -> Tensor:
    """tanh, then sign: -1 or 1, with the gradient of tanh. With noise it is 1 with the probability (1 + tanh) / 2."""
    soft = torch.tanh(SHARPNESS * x)
    threshold = 2 * torch.rand_like(x) - 1 if noise else 0.0
    hard = torch.where(soft > threshold, 1.0, -1.0)
    return soft + (hard - soft).detach()


def _cut(x: Tensor) -> Tensor:
    return x.clamp(-INPUT_LIMIT, INPUT_LIMIT)
