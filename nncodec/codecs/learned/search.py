"""Codings of one picture, one after the other: symbols for targets, and new targets from what became of these.

Targets allow for the synthesis network (`nncodec.codecs.learned.refine`), for its change, and for what the contexts of
other symbols make of a value (`nncodec.codecs.learned.context_slopes`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nncodec.codecs.learned.change import Change
from nncodec.codecs.learned.context_slopes import slopes_of
from nncodec.codecs.learned.encoder import Candidate, Encoder
from nncodec.codecs.learned.latent_encoder import ALL_GROUPS, price
from nncodec.lapped.transform import Floats

PACE, SLOWER = 0.3, 0.1
"""Share of the distance to new targets that targets move in the first round, and what its inverse grows by in each.

New targets depend on symbols, which change by blocks and in part by chance.
"""
ADAPTED_PRICE_FACTOR, GROUP_SHARE = 1.2, 0.5
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


class Search:
    """The codings of a picture in colours of its own or, if ``own`` is None, the shared ones.

    Attributes:
        candidate: the last coding.
        change: that of the synthesis network from now on.
    """

    candidate: Candidate
    change: Change | None
    _adaptive = True
    """Whether scale indices follow the picture."""

    def __init__(self, encoder: Encoder, own: bytes | None) -> None:
        self._encoder, self._own, self._refiner = encoder, own, encoder.refiner(own)
        self._seen = np.stack(list(encoder.latents(own)))  # what the synthesis asks for
        self._moved = np.zeros_like(self._seen)  # what other symbols' bits ask for beyond it
        self._rounds = 0
        self.change = None
        self._code(ALL_GROUPS)

    @property
    def targets(self) -> Floats:
        """Those of the last coding, (planes, h, w, CHANNELS) in symbols; made anew, to save memory."""
        return self._seen + self._moved

    def measured(self) -> Adapted:
        """The last coding, and what it costs."""
        return self._with_cost(self._refiner.error(self.candidate.values))

    def advance(self) -> Adapted:
        """Code for new targets; returns the coding before, and what it costs."""
        error, wanted = self._refiner.targets(self.candidate.values)
        before = self._with_cost(error)
        pace = np.float32(PACE / (1 + SLOWER * self._rounds))
        self._rounds += 1
        wanted -= self._seen
        self._seen += pace * wanted
        del wanted
        self._moved += pace * (self._moves() - self._moved)
        # of the groups that are all zeros now the first alone is tried again
        self._code([unit.groups + 1 for unit in self.candidate.units])
        return before

    def adapt(self, candidate: Candidate | None = None) -> None:
        """Change the network as pays for a coding, which becomes the last; for the last one if none is given."""
        self.candidate = candidate or self.candidate
        self._refiner.take(None)
        self.change = self._encoder.coder.change(self._refiner.moments(self.candidate.values))
        self._refiner.take(self.change)

    def _code(self, most: Sequence[int]) -> None:
        self.candidate = self._encoder.candidate(
            self._own, ADAPTED_PRICE_FACTOR, self.targets, self._adaptive, GROUP_SHARE, most
        )

    def _with_cost(self, error: float) -> Adapted:
        cost = self._encoder.cost(self.candidate, error) + self._encoder.coder.bits_of(self.change)
        return Adapted(self.candidate, self.change, cost)

    def _moves(self) -> Floats:
        """How far targets move for what other symbols cost, in symbols."""
        coder = self._encoder.coder
        groups = [unit.groups for unit in self.candidate.units]
        slopes = slopes_of(self.candidate.values, coder.contexts, groups)
        moves: Floats = slopes * np.float32(-SHARE / (2 * price(coder.quality)))
        return moves.clip(-FARTHEST, FARTHEST)
