"""The encoder of the learned codec: candidate codings of one picture, of which it keeps the best.

More effort only adds candidates, so it never gives a worse trade of bits for error.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from operator import attrgetter

import numpy as np

from nncodec import progress
from nncodec.codecs.learned.synthesis import Synthesizer
from nncodec.image.metrics import mse
from nncodec.lapped.decoder import Values
from nncodec.lapped.encoder import PRICE, ROUNDING, LatentEncoder, Plane
from nncodec.lapped.model import matrix_of, own_colours, to_plane, to_planes
from nncodec.lapped.transform import Floats
from nncodec.nets import weights

SECOND_ROUNDING, SECOND_FROM = 1.8, 3
"""Another factor on the price at which symbols are chosen, and the effort from which it is tried."""
REFINEMENTS = (0, 0, 0, 1, 2, 4, 8, 16, 32)
"""How often symbols are chosen for new targets (`nncodec.codecs.learned.refine_torch`), at efforts 1 to 9."""
PACE = 0.5
"""How far targets move towards new ones at a time."""


@dataclass(frozen=True)
class Candidate:
    """One coding of the picture."""

    own: bytes | None
    """Colours, window3x3 bytes, or None for the shared ones."""
    rounding: float
    planes: list[Plane]
    values: Values
    cost: float = 0.0
    """Bits, and the squared error of what the decoder will paint, at its price; 0 where nobody asks."""


@dataclass(frozen=True)
class Encoder:
    """The encoder's view of one picture at one quality index."""

    coder: LatentEncoder
    threads: int = 0
    """For torch to use; 0 leaves it alone."""

    def best(self, effort: int) -> bytes:
        """The payload with the best trade among those that the effort allows."""
        if effort == 1:
            candidate = self.candidate(None, ROUNDING, self._latents(None), measured=False)
            return self.coder.payload(None, candidate.planes)
        best = min(
            (self.candidate(own, ROUNDING, self._latents(own)) for own in self._colours()), key=attrgetter("cost")
        )
        if effort >= SECOND_FROM:
            second = self.candidate(best.own, SECOND_ROUNDING, self._latents(best.own))
            best = min(best, second, key=attrgetter("cost"))
        best = min([best, *self._refined(best, REFINEMENTS[effort - 1])], key=attrgetter("cost"))
        return self.coder.payload(best.own, best.planes)

    def _colours(self) -> Iterator[bytes | None]:
        """The shared colours, and the picture's own."""
        yield None
        if self.coder.pixels.ndim == 3:
            yield own_colours(self.coder.pixels)

    def _latents(self, own: bytes | None) -> Iterator[Floats]:
        """The latent of each plane in these colours, in quantiser steps."""
        for number in range(1 if self.coder.pixels.ndim == 2 else 3):
            yield self.coder.latent(to_plane(self.coder.pixels, matrix_of(own), number), number)

    def candidate(
        self, own: bytes | None, rounding: float, targets: Iterable[Floats], measured: bool = True
    ) -> Candidate:
        """The picture in these colours, its symbols chosen at this price for targets (h, w, CHANNELS) of each plane."""
        count = 1 if self.coder.pixels.ndim == 2 else 3
        known, coded = self.coder.known(count), [Plane() for _ in range(count)]
        for number, target in enumerate(targets):
            self.coder.code(known, number, target, coded[number], rounding)
        values = known.latent()
        return Candidate(own, rounding, coded, values, self._cost(own, coded, values) if measured else 0.0)

    def _cost(self, own: bytes | None, planes: list[Plane], values: Values) -> float:
        pixels = self.coder.pixels
        painter = Synthesizer(self.coder.model, self.coder.quality, matrix_of(own))
        seen = painter.pixels(values, pixels.shape[1], pixels.shape[0])
        error = mse(seen, pixels) * 3 * pixels.shape[0] * pixels.shape[1]
        bits = 8 * len(own or b"") + sum(plane.bits for plane in planes)
        return float(bits + PRICE * error / self.coder.step**2)

    def _refined(self, candidate: Candidate, count: int) -> Iterator[Candidate]:
        """The same coding again and again, with targets that follow what the network does."""
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
            candidate = self.candidate(candidate.own, candidate.rounding, targets)
            tick()
            yield candidate
