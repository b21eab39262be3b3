"""The encoder from effort 4 on: symbols are chosen again, for targets that allow for more, and the network may change.

`nncodec.codecs.learned.search` has the targets. From effort 6 on the synthesis network may be changed
(`nncodec.codecs.learned.change`).
"""

import math
from dataclasses import dataclass

from nncodec import progress
from nncodec.codecs.learned.encoder import Candidate, Encoder
from nncodec.codecs.learned.search import Adapted, Search

ROUNDS = (1, 2, 4, 12, 24, 48)
"""How often symbols are chosen for new targets, by effort from the first."""
CHANGED_FROM, COLOURS_FROM = 2, 3
"""The efforts, counted so, from which the synthesis network may be changed, and from which both colours are tried."""


@dataclass(frozen=True)
class AdaptiveEncoder:
    """The search for the best coding of one picture."""

    encoder: Encoder
    search: type[Search] = Search

    def best(self, effort: int) -> bytes:
        """The payload of the best coding found; ``effort`` counts from 0."""
        best = _refined(self._started(effort >= COLOURS_FROM), ROUNDS[effort], effort >= CHANGED_FROM)
        found = best.candidate
        return self.encoder.coder.payload(found.own, found.units, found.adaptive, best.change)

    def found(self, own: bytes | None, count: int) -> Candidate:
        """The coding in these colours whose symbols were chosen ``count`` times again, without a changed network."""
        return _refined(self.search(self.encoder, own), count, changing=False).candidate

    def _started(self, both: bool) -> Search:
        """The search in the likely colours or, after a trial of ``both``, in the better ones."""
        if not both:
            return self.search(self.encoder, self.encoder.likely_colours())
        searches = (self.search(self.encoder, own) for own in self.encoder.colours())
        return min(searches, key=lambda search: search.measured().cost)


def _refined(search: Search, count: int, changing: bool) -> Adapted:
    """The best of the first ``count`` codings and one, ``changing`` the network from the middle on, and at the end."""
    best = Adapted(search.candidate, None, math.inf)
    for number in progress.rounds("refining", count):
        if changing and number == count // 2:
            search.adapt()
        best = min(best, search.advance(), key=_cost)
    best = min(best, search.measured(), key=_cost)
    if changing:
        search.adapt(best.candidate)
        best = min(best, search.measured(), key=_cost)
    return best


def _cost(found: Adapted) -> float:
    return found.cost
