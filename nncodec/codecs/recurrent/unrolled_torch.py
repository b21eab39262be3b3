"""The recurrent codec as one network that can be trained, unrolled over its layers: each codes what the last one left.

Bits are -1 or 1 with gradients, sums are in levels, and contexts are floating point; nothing is written.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from nncodec.codecs.recurrent import context as binary
from nncodec.codecs.recurrent.bitplane_schedule import Slot
from nncodec.codecs.recurrent.context import Round
from nncodec.codecs.recurrent.context_torch import BitPrior
from nncodec.codecs.recurrent.network_torch import Recurrent, binarised, excess
from nncodec.codecs.recurrent.transform import CHANNELS
from nncodec.nets import weights
from nncodec.nets.quantised import restored
from nncodec.training.export import exported

UNITS_PER_ROOT = 1.2
"""The unit of a layer's networks, in roots of the slope at its end: about the threshold of its slots."""
SHARE = 0.5
"""`Slot.share` of a slot that has been trained; it would only make the first guess of its contexts."""


@dataclass(frozen=True)
class Outcome:
    """After each layer, (layers, B)."""

    error: Tensor
    """Squared error per position."""
    bits: Tensor
    """Bits per position, of all layers so far."""


class Unrolled(nn.Module):
    """Networks, contexts and amplitudes, trained together.

    Args:
        slots: the schedule, by layer, round and channel.
        slopes: squared error that a bit is worth at the end of each layer.
        encoder, decoder: channels of the networks' memories.
        hidden: hidden units of the contexts.
        additive: whether what the decoder paints adds up, or each iteration paints the whole again (one-shot).
    """

    def __init__(
        self, slots: list[Slot], slopes: Sequence[float], encoder: int, decoder: int, hidden: int, additive: bool
    ) -> None:
        super().__init__()
        units = [UNITS_PER_ROOT * slope**0.5 for slope in slopes]
        shares = np.array([slot.share for slot in slots])
        self.slopes, self.additive = tuple(slopes), additive
        self.network = Recurrent(CHANNELS, units, encoder, decoder)
        self.prior = BitPrior(CHANNELS, shares, len(slopes), hidden)
        self.log_amplitude = nn.Parameter(torch.tensor([slot.amplitude for slot in slots]).log())
        self.slots = np.array([(slot.layer, slot.round, slot.channel, slot.exponent, 0) for slot in slots])
        self.rounds = binary.rounds(self.slots)

    @classmethod
    def of(cls, arrays: weights.Arrays) -> "Unrolled":
        """Weights as they ship; their sizes are theirs."""
        network = Recurrent.of(restored(arrays, "network"), arrays["units"].tolist())
        slots = [
            Slot(layer, part, channel, exponent, amplitude / (1 << binary.LEVEL_BITS), SHARE)
            for layer, part, channel, exponent, amplitude in arrays["slots"].tolist()
        ]
        slopes = [(unit / UNITS_PER_ROOT) ** 2 for unit in network.units]
        hidden, additive = arrays["context.pace"].shape[1], bool(arrays["additive"])
        model = cls(slots, slopes, network.encoder.width, network.decoder.width, hidden, additive)
        model.network = network
        model.prior.take(arrays)
        return model

    def to_arrays(self) -> weights.Arrays:
        """The arrays that ship: integers for what decides bits, small ones for the networks."""
        arrays: weights.Arrays = self.prior.to_arrays() | binary.logistic_tables().pack()
        slots = self.slots.astype(np.int16)
        slots[:, 4] = np.rint(self.log_amplitude.detach().exp().numpy() * (1 << binary.LEVEL_BITS))
        arrays |= exported(dict(self.network.named_parameters()), "network.")
        units = np.array(self.network.units, np.float32)
        return arrays | {"slots": slots, "units": units, "additive": np.array(self.additive)}

    def fix(self, fixed: bool) -> None:
        """Whether all but the contexts stays as it is."""
        self.network.requires_grad_(not fixed)
        self.log_amplitude.requires_grad_(not fixed)

    def forward(self, picture: Tensor, painting: bool, noise: bool, phases: Sequence[int] = (0, 1)) -> Outcome:
        """Code coefficients (B, CHANNELS, h, w), in levels.

        Args:
            picture: what to code.
            painting: whether the networks take part, or the linear binariser works alone.
            noise: whether bits are drawn (`binarised`).
            phases: those of the two halves of positions whose bits are counted, to stand for all.
        """
        height, width = picture.shape[2:]
        halves = [torch.from_numpy(at) for at in binary.phases(height, width)]
        sums, shown, painted = (torch.zeros_like(picture) for _ in range(3))
        seeing, showing = self.network.encoder.empty(picture), self.network.decoder.empty(picture)
        bits, errors, rates = torch.zeros(len(picture)), [], []
        for layer, rounds in enumerate(self.rounds):
            shift = dead = None
            if painting:
                seeing = self.network.encoder(self.network.look(picture - shown, layer), seeing)
                shift, dead = self.network.offsets(seeing)
            before, residual = sums, picture - (shown if self.additive else sums)
            for part in rounds:
                channels = torch.from_numpy(part.channels)
                signs = self._signs(residual, shift, dead, part, channels, noise)
                amplitude = self.log_amplitude[torch.from_numpy(part.slots)].exp()[:, None, None]
                step = torch.zeros_like(sums).index_copy(1, channels, amplitude * (signs[0] - signs[1]) / 2)
                bits = bits + self._bits(sums.detach(), step.detach(), layer, part, signs, halves, phases)
                sums, residual = sums + step, residual - step
            if painting:
                showing = self.network.decoder(self.network.hear(sums - before, sums, layer), showing)
                fresh = self.network.painted(showing, layer)
                painted = painted + fresh if self.additive else fresh
            shown = sums + painted
            errors.append((picture - shown).square().sum((1, 2, 3)) / (height * width))
            rates.append(bits / (height * width))
        return Outcome(torch.stack(errors), torch.stack(rates))

    @staticmethod
    def _signs(
        residual: Tensor, shift: Tensor | None, dead: Tensor | None, part: Round, channels: Tensor, noise: bool
    ) -> tuple[Tensor, Tensor]:
        """The bits + and - of a round, -1 or 1, never both 1."""
        mine = residual[:, channels] / torch.exp2(torch.from_numpy(part.exponent).float())[:, None, None]
        none = torch.zeros(())
        up, down = excess(
            mine, none if shift is None else shift[:, channels], none if dead is None else dead[:, channels]
        )
        plus, minus = binarised(up, noise), binarised(down, noise)
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
        """What the bits of a round cost: the second half of the positions already knows those of the first."""
        total = torch.zeros(len(sums))
        for phase in phases:
            known = sums
            if phase:
                known = sums.flatten(2).index_copy(2, halves[0], (sums + step).flatten(2)[:, :, halves[0]])
                known = known.view_as(sums)
            total = total + self.prior.bits(known, layer, part, signs, halves[phase])
        return total * (len(halves) / len(phases))
