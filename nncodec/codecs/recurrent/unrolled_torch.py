"""The recurrent codec as one differentiable network, unrolled over its layers.

Bits are -1 or 1 with gradients, sums are in levels, and contexts are floating point; nothing is written.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from nncodec.codecs.recurrent import context
from nncodec.codecs.recurrent.bitplane_schedule import Bitplane
from nncodec.codecs.recurrent.context import Round
from nncodec.codecs.recurrent.context_torch import BitPrior
from nncodec.codecs.recurrent.network_torch import RecurrentNetwork, binarise, binariser_inputs
from nncodec.codecs.recurrent.transform import CHANNELS
from nncodec.nets import weights
from nncodec.nets.quantised import restored
from nncodec.training.export import exported

UNITS_PER_ROOT = 1.2
"""The unit of a layer's networks, in roots of the slope at its end: about the threshold of its bitplanes."""
SHARE = 0.5
"""`Bitplane.share` of a trained bitplane; it would only give the first biases of its contexts."""


@dataclass(frozen=True)
class Outcome:
    """Distortion and rate after each layer, (layers, B)."""

    error: Tensor
    """Squared error per position."""
    bits: Tensor
    """Bits per position, of all layers so far."""


class UnrolledCodec(nn.Module):
    """Networks, contexts and amplitudes, trained together.

    Args:
        bitplanes: the schedule, by layer, round and channel.
        slopes: squared error that a bit is worth at the end of each layer.
        encoder, decoder: channels of the networks' memories.
        hidden: hidden units of the contexts.
        additive: true: the decoder's corrections of all layers add up; false: the last is the whole (one-shot).
    """

    def __init__(
        self,
        bitplanes: list[Bitplane],
        slopes: Sequence[float],
        encoder: int,
        decoder: int,
        hidden: int,
        additive: bool,
    ) -> None:
        super().__init__()
        units = [UNITS_PER_ROOT * slope**0.5 for slope in slopes]
        shares = np.array([each.share for each in bitplanes])
        self.slopes, self.additive = tuple(slopes), additive
        self.network = RecurrentNetwork(CHANNELS, units, encoder, decoder)
        self.prior = BitPrior(CHANNELS, shares, len(slopes), hidden)
        self.log_amplitude = nn.Parameter(torch.tensor([each.amplitude for each in bitplanes]).log())
        self.schedule = np.array([(each.layer, each.round, each.channel, each.exponent, 0) for each in bitplanes])
        self.rounds = context.rounds(self.schedule)

    @classmethod
    def of(cls, arrays: weights.Arrays) -> "UnrolledCodec":
        """The codec with the weights of a file, to go on from."""
        network = RecurrentNetwork.of(restored(arrays, "network"), arrays["units"].tolist())
        bitplanes = [
            Bitplane(layer, part, channel, exponent, amplitude / (1 << context.LEVEL_BITS), SHARE)
            for layer, part, channel, exponent, amplitude in arrays["slots"].tolist()
        ]
        slopes = [(unit / UNITS_PER_ROOT) ** 2 for unit in network.units]
        hidden, additive = arrays["context.pace"].shape[1], bool(arrays["additive"])
        model = cls(bitplanes, slopes, network.encoder.width, network.decoder.width, hidden, additive)
        model.network = network
        model.prior.load_arrays(arrays)
        return model

    def to_arrays(self) -> weights.Arrays:
        """The arrays of a file of weights: contexts as whole numbers, networks quantised (`nncodec.nets.quantised`)."""
        arrays: weights.Arrays = self.prior.to_arrays() | context.logistic_tables().pack()
        schedule = self.schedule.astype(np.int16)
        schedule[:, 4] = np.rint(self.log_amplitude.detach().exp().numpy() * (1 << context.LEVEL_BITS))
        arrays |= exported(dict(self.network.named_parameters()), "network.")
        units = np.array(self.network.units, np.float32)
        return arrays | {"slots": schedule, "units": units, "additive": np.array(self.additive)}

    def fix(self, fixed: bool) -> None:
        """Exclude all parameters but those of the contexts from training, or include them again."""
        self.network.requires_grad_(not fixed)
        self.log_amplitude.requires_grad_(not fixed)

    def forward(self, picture: Tensor, corrected: bool, noise: bool, phases: Sequence[int] = (0, 1)) -> Outcome:
        """Code coefficients (B, CHANNELS, h, w), in levels.

        Args:
            picture: the coefficients.
            corrected: true: the networks take part; false: the linear binariser works alone.
            noise: draw bits at random (`binarise`).
            phases: the phases, of the two, whose bits are counted, to stand for all.
        """
        height, width = picture.shape[2:]
        halves = [torch.from_numpy(at) for at in context.phases(height, width)]
        sums, shown, added = (torch.zeros_like(picture) for _ in range(3))
        encoder_memory = self.network.encoder.initial_memory(picture)
        decoder_memory = self.network.decoder.initial_memory(picture)
        bits, errors, rates = torch.zeros(len(picture)), [], []
        for layer, rounds in enumerate(self.rounds):
            shift = dead_zone = torch.zeros((1, CHANNELS, 1, 1))
            if corrected:
                seen = self.network.encoder_input(picture - shown, layer)
                encoder_memory = self.network.encoder(seen, encoder_memory)
                shift, dead_zone = self.network.offsets(encoder_memory)
            before, residual = sums, picture - (shown if self.additive else sums)
            for part in rounds:
                channels = torch.from_numpy(part.channels)
                signs = self._signs(residual, shift, dead_zone, part, channels, noise)  # (B, k, h, w) each
                amplitude = self.log_amplitude[torch.from_numpy(part.rows)].exp()[:, None, None]
                step = torch.zeros_like(sums).index_copy(1, channels, amplitude * (signs[0] - signs[1]) / 2)
                bits = bits + self._bits(sums.detach(), step.detach(), layer, part, signs, halves, phases)
                sums, residual = sums + step, residual - step
            if corrected:
                seen = self.network.decoder_input(sums - before, sums, layer)
                decoder_memory = self.network.decoder(seen, decoder_memory)
                fresh = self.network.correction(decoder_memory, layer)
                added = added + fresh if self.additive else fresh
            shown = sums + added
            errors.append((picture - shown).square().sum((1, 2, 3)) / (height * width))
            rates.append(bits / (height * width))
        return Outcome(torch.stack(errors), torch.stack(rates))

    @staticmethod
    def _signs(
        residual: Tensor, shift: Tensor, dead_zone: Tensor, part: Round, channels: Tensor, noise: bool
    ) -> tuple[Tensor, Tensor]:
        """The bits + and - of a round, (B, k, h, w), -1 or 1, never both 1."""
        mine = residual[:, channels] / torch.exp2(torch.from_numpy(part.exponent).float())[:, None, None]
        up, down = binariser_inputs(mine, shift[:, channels], dead_zone[:, channels])
        plus, minus = binarise(up, noise), binarise(down, noise)
        return plus, torch.where(plus > 0, -torch.ones_like(minus), minus)

    def _bits(
        self,
        sums: Tensor,
        step: Tensor,
        layer: int,
        part: Round,
        signs: tuple[Tensor, Tensor],
        halves: list[Tensor],
        phases: Sequence[int],
    ) -> Tensor:
        """The cost of a round's bits, (B,): the contexts of the second phase include the bits of the first."""
        total = torch.zeros(len(sums))
        for phase in phases:
            known = sums
            if phase:
                known = sums.flatten(2).index_copy(2, halves[0], (sums + step).flatten(2)[:, :, halves[0]])
                known = known.view_as(sums)
            total = total + self.prior.bits(known, layer, part, signs, halves[phase])
        return total * (len(halves) / len(phases))
