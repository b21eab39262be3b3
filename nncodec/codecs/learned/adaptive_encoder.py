"""The encoder from effort 4 on: symbols are chosen again, for targets that allow for more, and the network may change.

Targets allow for the synthesis network (`nncodec.codecs.learned.refine`), for its change, and for what the contexts of
other symbols make of a value (`nncodec.codecs.learned.context_slopes`). From effort 6 on the synthesis network may be
changed (`nncodec.codecs.learned.change`).
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from nncodec import progress
from nncodec.codecs.learned.change import Change
from nncodec.codecs.learned.context_slopes import slopes_of
from nncodec.codecs.learned.encoder import Candidate, Encoder
from nncodec.codecs.learned.grid import UNITS
from nncodec.codecs.learned.latent_encoder import LatentEncoder, price
from nncodec.codecs.learned.refine import Refiner
from nncodec.lapped.layout import N_GROUPS
from nncodec.lapped.transform import Floats

ROUNDS = (1, 2, 4, 12, 24, 48)
"""How often symbols are chosen for new targets, by effort from the first."""
CHANGED_FROM, COLOURS_FROM = 2, 3
"""The efforts, counted so, from which the synthesis network may be changed, and from which both colours are tried."""
PACE = 0.3
"""Share of the distance to new targets that targets move at a time: these depend on symbols, which change by blocks."""
ADAPTED_PRICE_FACTOR, GROUP_SHARE = 1.1, 0.5
"""Factor on the price where single symbols are chosen, and the power of those by group.

Targets allow for contexts, but not for all that they make.
"""
SHARE = 0.7
"""Share of the slopes of other symbols' bits that moves targets: all values move at once."""
FARTHEST = 3.0
"""Symbols that a target is moved by at most for them."""


@dataclass(frozen=True)
class Adapted:
    """A coding of the picture with a change of the synthesis network."""

    candidate: Candidate
    change: Change | None
    cost: float
    """Bits, and the squared error at its price."""


@dataclass(frozen=True)
class AdaptiveEncoder:
    """The search for the best coding of one picture."""

    encoder: Encoder

    @property
    def _coder(self) -> LatentEncoder:
        return self.encoder.coder

    def best(self, effort: int) -> bytes:
        """The payload of the best coding found; ``effort`` counts from 0."""
        best = self._refined(self._started(effort >= COLOURS_FROM), ROUNDS[effort], effort >= CHANGED_FROM)
        found = best.candidate
        return self._coder.payload(found.own, found.units, found.adaptive, best.change)

    def found(self, own: bytes | None, count: int) -> Candidate:
        """The coding in these colours whose symbols were chosen ``count`` times again, without a changed network."""
        return self._refined(self._coded(own, self.encoder.latents(own)), count, changing=False).candidate

    def _started(self, both: bool) -> Candidate:
        """The first coding, in the likely colours or, after a trial of ``both``, in the better ones."""
        colours = self.encoder.colours() if both else [self.encoder.likely_colours()]
        first, *others = (self._coded(own, self.encoder.latents(own)) for own in colours)
        return min(first, *others, key=self._cost_of_start) if others else first

    def _cost_of_start(self, candidate: Candidate) -> float:
        return self.encoder.cost(candidate, self.encoder.refiner(candidate.own).error(candidate.values))

    def _coded(self, own: bytes | None, targets: Iterable[Floats], before: Candidate | None = None) -> Candidate:
        """The coding for targets; of the groups that one ``before`` left zeros, the first alone is tried again."""
        most = [unit.groups + 1 for unit in before.units] if before else [N_GROUPS] * len(UNITS)
        return self.encoder.candidate(own, ADAPTED_PRICE_FACTOR, targets, share=GROUP_SHARE, most=most)

    def _refined(self, candidate: Candidate, count: int, changing: bool) -> Adapted:
        """The best among a coding and those for new targets.

        ``changing`` the network from the middle on, and at the end.
        """
        own, change, best = candidate.own, None, Adapted(candidate, None, math.inf)
        refiner, targets = self.encoder.refiner(own), np.stack(list(self.encoder.latents(own)))
        moved = np.zeros_like(targets)
        for number in progress.rounds("refining", count):
            if changing and number == count // 2:
                change = self._change(candidate, refiner)
            error, wanted = refiner.targets(candidate.values)
            best = min(best, self._adapted(candidate, change, error), key=_cost)
            targets += np.float32(PACE) * (wanted - targets)
            moved += np.float32(PACE) * (self._moves(candidate) - moved)
            candidate = self._coded(own, targets + moved, candidate)
        best = min(best, self._adapted(candidate, change, refiner.error(candidate.values)), key=_cost)
        if not changing:
            return best
        change = self._change(best.candidate, refiner)
        return min(best, self._adapted(best.candidate, change, refiner.error(best.candidate.values)), key=_cost)

    def _adapted(self, candidate: Candidate, change: Change | None, error: float) -> Adapted:
        return Adapted(candidate, change, self.encoder.cost(candidate, error) + self._coder.bits_of(change))

    def _moves(self, candidate: Candidate) -> Floats:
        """How far targets move for what other symbols cost, in symbols."""
        groups = [unit.groups for unit in candidate.units]
        slopes = slopes_of(candidate.values, self._coder.contexts, groups)
        moves: Floats = slopes * np.float32(-SHARE / (2 * price(self._coder.quality)))
        return moves.clip(-FARTHEST, FARTHEST)

    def _change(self, candidate: Candidate, refiner: Refiner) -> Change | None:
        """The change of the network that pays for a coding; the refiner uses it from now on."""
        refiner.take(None)
        change = self._coder.change(refiner.moments(candidate.values))
        refiner.take(change)
        return change


def _cost(found: Adapted) -> float:
    return found.cost
