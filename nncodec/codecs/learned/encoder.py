"""The encoder of the learned codec: candidate codings of one picture, of which it keeps the best."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from operator import attrgetter

import numpy as np

from nncodec import progress
from nncodec.codecs.learned.latent_encoder import PRICE_FACTOR, CodedUnit, LatentEncoder, price
from nncodec.codecs.learned.synthesis import Synthesizer
from nncodec.image.metrics import mse
from nncodec.lapped.decoder import Values
from nncodec.lapped.model import matrix_of, own_colours, to_plane, to_planes
from nncodec.lapped.transform import Floats
from nncodec.nets import weights

SECOND_PRICE_FACTOR = 1.5
"""Another factor on the price at which symbols are chosen."""
OWN_COLOURS_GAIN = 0.04
"""Share of the latent's size (`_size`) that the picture's own colours have to save to be taken without a trial."""
TRIALS_FROM = 7
"""The effort from which both colours and both prices are tried: in that time, refinement gains more."""
REFINED_FROM, REFINEMENTS = 4, (1, 2, 4, 8, 16, 32)
"""The effort from which symbols are chosen for new targets (`nncodec.codecs.learned.refine_torch`), and how often."""
PACE = 0.3
"""Share of the distance to new targets that targets move at a time: these depend on symbols, which change by blocks."""


@dataclass(frozen=True)
class Candidate:
    """One coding of the picture."""

    own: bytes | None
    """The picture's own colours, nine signed bytes, or None for the shared ones."""
    price_factor: float
    """Factor on the price at which symbols were chosen."""
    units: list[CodedUnit]
    values: Values
    cost: float = 0.0
    """Bits, and the squared error of the decoded picture at its price; 0 if it was not measured."""


@dataclass(frozen=True)
class Encoder:
    """The encoder's view of one picture at one quality index."""

    coder: LatentEncoder
    threads: int = 0
    """For torch to use; 0 leaves it alone."""

    def best(self, effort: int) -> bytes:
        """The payload with the best trade of bits for error among those that the effort allows."""
        if effort < REFINED_FROM:
            own = None if effort == 1 else self._likely_colours()
            return self.coder.payload(own, self.candidate(own, PRICE_FACTOR, self._latents(own), measured=False).units)
        colours = self._colours() if effort >= TRIALS_FROM else [self._likely_colours()]
        best = min((self.candidate(own, PRICE_FACTOR, self._latents(own)) for own in colours), key=attrgetter("cost"))
        if effort >= TRIALS_FROM:
            second = self.candidate(best.own, SECOND_PRICE_FACTOR, self._latents(best.own))
            best = min(best, second, key=attrgetter("cost"))
        best = min([best, *self._refined(best, REFINEMENTS[effort - REFINED_FROM])], key=attrgetter("cost"))
        return self.coder.payload(best.own, best.units)

    def _colours(self) -> Iterator[bytes | None]:
        """The shared colours, then the picture's own."""
        yield None
        if self.coder.pixels.ndim == 3:
            yield own_colours(self.coder.pixels)

    def _likely_colours(self) -> bytes | None:
        """The picture's own colours if they make the latent clearly smaller, else the shared ones."""
        shared, *others = (sum(map(_size, self._latents(own))) for own in self._colours())
        better = any(other < shared * (1 - OWN_COLOURS_GAIN) for other in others)
        return own_colours(self.coder.pixels) if better else None

    def _latents(self, own: bytes | None) -> Iterator[Floats]:
        """The latent (h, w, CHANNELS) of each plane in these colours, in quantiser steps."""
        for number in range(1 if self.coder.pixels.ndim == 2 else 3):
            yield self.coder.latent(to_plane(self.coder.pixels, matrix_of(own), number), number)

    def candidate(
        self, own: bytes | None, price_factor: float, targets: Iterable[Floats], measured: bool = True
    ) -> Candidate:
        """Code the picture in these colours, with symbols chosen for targets (h, w, CHANNELS) of each plane."""
        units, values = self.coder.code(targets, price_factor)
        return Candidate(own, price_factor, units, values, self._cost(own, units, values) if measured else 0.0)

    def _cost(self, own: bytes | None, units: list[CodedUnit], values: Values) -> float:
        """Bits, and the squared error of the decoded picture at its price."""
        pixels = self.coder.pixels
        synthesizer = Synthesizer(self.coder.model, self.coder.quality, matrix_of(own))
        seen = synthesizer.pixels(values, pixels.shape[1], pixels.shape[0])
        error = mse(seen, pixels) * 3 * pixels.shape[0] * pixels.shape[1]
        bits = 8 * len(own or b"") + sum(unit.bits for unit in units)
        return float(bits + price(self.coder.quality) * error / self.coder.step**2)

    def _refined(self, candidate: Candidate, count: int) -> Iterator[Candidate]:
        """Code the picture ``count`` times more, each time for targets that allow for the synthesis network."""
        if not count:
            return
        weights.require("torch", "codec learned from effort 4 on", "use -e 3, or pip install torch")
        from nncodec.codecs.learned.refine_torch import Refiner

        matrix = matrix_of(candidate.own)
        planes = to_planes(self.coder.pixels, matrix)
        refiner = Refiner(self.coder.model, self.coder.quality, planes, matrix, self.threads)
        targets = np.stack(list(self._latents(candidate.own)))
        tick = progress.counter("refining", count)
        for _ in range(count):
            targets += np.float32(PACE) * (refiner.targets(candidate.values) - targets)
            candidate = self.candidate(candidate.own, candidate.price_factor, targets)
            tick()
            yield candidate


def _size(latent: Floats) -> float:
    """The size of a latent in quantiser steps, in bits: those of its magnitudes."""
    return float(np.log2(1 + np.square(latent)).sum(dtype=np.float64) / 2)
