"""The encoder of the learned codec: candidate codings of one picture, of which it keeps the best."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from nncodec.codecs.learned.latent_encoder import ALL_GROUPS, PRICE_FACTOR, CodedUnit, LatentEncoder, price
from nncodec.codecs.learned.refine import Refiner
from nncodec.lapped.decoder import Values
from nncodec.lapped.model import matrix_of, own_colours, to_plane, to_planes
from nncodec.lapped.transform import Floats

OWN_COLOURS_GAIN = 0.04
"""Share of the latent's size (`_size`) that the picture's own colours have to save to be taken without a trial."""
REFINED_FROM = 4
"""The effort from which symbols are chosen again for new targets (`nncodec.codecs.learned.adaptive_encoder`)."""


@dataclass(frozen=True)
class Candidate:
    """One coding of the picture."""

    own: bytes | None
    """The picture's own colours, nine signed bytes, or None for the shared ones."""
    units: list[CodedUnit]
    values: Values
    adaptive: bool = True
    """Whether scale indices follow the picture."""

    @property
    def bits(self) -> float:
        """Bits of the symbols and of the colours."""
        return 8 * len(self.own or b"") + sum(unit.bits for unit in self.units)


@dataclass(frozen=True)
class Encoder:
    """The encoder's view of one picture at one quality index."""

    coder: LatentEncoder

    def best(self, effort: int) -> bytes:
        """The payload with the best trade of bits for error among those that the effort allows."""
        if effort >= REFINED_FROM:
            from nncodec.codecs.learned.adaptive_encoder import AdaptiveEncoder

            return AdaptiveEncoder(self).best(effort - REFINED_FROM)
        own = None if effort == 1 else self.likely_colours()
        found = self.candidate(own, PRICE_FACTOR, self.latents(own))
        return self.coder.payload(found.own, found.units, found.adaptive)

    def colours(self) -> Iterator[bytes | None]:
        """The shared colours, then the picture's own."""
        yield None
        if self.coder.pixels.ndim == 3:
            yield own_colours(self.coder.pixels)

    def likely_colours(self) -> bytes | None:
        """The picture's own colours if they make the latent clearly smaller, else the shared ones."""
        shared, *others = (sum(map(_size, self.latents(own))) for own in self.colours())
        better = any(other < shared * (1 - OWN_COLOURS_GAIN) for other in others)
        return own_colours(self.coder.pixels) if better else None

    def latents(self, own: bytes | None) -> Iterator[Floats]:
        """The latent (h, w, CHANNELS) of each plane in these colours, in quantiser steps."""
        for number in range(1 if self.coder.pixels.ndim == 2 else 3):
            yield self.coder.latent(to_plane(self.coder.pixels, matrix_of(own), number), number)

    def candidate(
        self,
        own: bytes | None,
        price_factor: float,
        targets: Iterable[Floats],
        adaptive: bool = True,
        share: float = 1.0,
        most: Sequence[int] = ALL_GROUPS,
    ) -> Candidate:
        """Code the picture in these colours; targets (h, w, CHANNELS) by plane, else as in `LatentEncoder.code`."""
        return Candidate(own, *self.coder.code(targets, price_factor, adaptive, share, most), adaptive)

    def cost(self, candidate: Candidate, error: float) -> float:
        """Bits, and the squared error of the decoded picture, in squared quantiser steps, at its price."""
        return candidate.bits + price(self.coder.quality) * error

    def refiner(self, own: bytes | None) -> Refiner:
        """The synthesis of the picture in these colours, as a differentiable function."""
        matrix = matrix_of(own)
        return Refiner(self.coder.model, self.coder.quality, to_planes(self.coder.pixels, matrix), matrix)


def _size(latent: Floats) -> float:
    """The size of a latent in quantiser steps, in bits: those of its magnitudes."""
    return float(np.log2(1 + np.square(latent)).sum(dtype=np.float64) / 2)
