"""The range coder of docs/format/container.md in plain Python, for platforms that constriction has no wheel for.

The same bits, more slowly: about half a microsecond a symbol. `nncodec.entropy.coder` chooses. Methods are named as
those of constriction.
"""

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

import numpy as np
import numpy.typing as npt

Words = npt.NDArray[np.uint32]
Entries = npt.NDArray[np.int32]

_BITS = 24
"""Bits of a probability: frequencies sum to 2^24."""
_WORD = 1 << 32
_STATE = (1 << 64) - 1


class Distribution:
    """A distribution over the entries 0 to n - 1 of a table, from n positive frequencies with sum 2^24."""

    def __init__(self, frequencies: Sequence[int]) -> None:
        self.sums = [0, *accumulate(frequencies)]
        """Cumulative frequencies, (n + 1)."""


class RangeEncoder:
    """Writes words from entries of distributions."""

    def __init__(self) -> None:
        self._words: list[int] = []
        self._low, self._range = 0, _STATE

    def encode(self, entries: Entries, distribution: Distribution) -> None:
        """Write entries (n,) of a distribution."""
        for entry in entries.tolist():
            left, right = distribution.sums[entry], distribution.sums[entry + 1]
            unit = self._range >> _BITS
            self._range = unit * (right - left)
            self._add(unit * left)
            if self._range < _WORD:
                self._words.append(self._low >> 32)
                self._low, self._range = self._low << 32 & _STATE, self._range << 32

    def get_compressed(self) -> Words:
        """The words written so far, and a last one that lies in the range whatever words follow it."""
        if self._range == _STATE:
            return np.empty(0, np.uint32)
        sealed = RangeEncoder()
        sealed._words, sealed._low = [*self._words], self._low
        sealed._add(_WORD - 1)
        return np.array([*sealed._words, sealed._low >> 32], np.uint32)

    def _add(self, amount: int) -> None:
        """Add to the number written, with the carry into the words that are out already."""
        self._low += amount
        if self._low > _STATE:
            self._low &= _STATE
            at = len(self._words) - 1
            while self._words[at] == _WORD - 1:
                self._words[at] = 0
                at -= 1
            self._words[at] += 1


class RangeDecoder:
    """Reads entries from words (n,); zeros follow the last word."""

    def __init__(self, words: Words) -> None:
        self._words, self._at = words.tolist(), 0
        self._low, self._range = 0, _STATE
        self._point = self._word() << 32 | self._word()

    def decode(self, distribution: Distribution, n: int) -> Entries:
        """Read the next n entries of a distribution, (n,). ValueError where no encoder can have written the words."""
        found, sums = np.empty(n, np.int32), distribution.sums
        low, range_, point = self._low, self._range, self._point
        for index in range(n):
            unit = range_ >> _BITS
            target = (point - low & _STATE) // unit
            if target >= sums[-1]:
                raise ValueError("a point beyond the range")
            entry = bisect_right(sums, target) - 1
            found[index] = entry
            low, range_ = low + unit * sums[entry] & _STATE, unit * (sums[entry + 1] - sums[entry])
            if range_ < _WORD:
                low, range_, point = low << 32 & _STATE, range_ << 32, point << 32 & _STATE | self._word()
        self._low, self._range, self._point = low, range_, point
        return found

    def maybe_exhausted(self) -> bool:
        """True if an encoder may have stopped here; False if it certainly would have written fewer words."""
        used = self._at >= len(self._words)
        return used and (self._range == _STATE or self._point - self._low & _STATE < 2 * _WORD - 1)

    def _word(self) -> int:
        self._at += 1
        return self._words[self._at - 1] if self._at <= len(self._words) else 0
