"""The worst files of a run: slow ones, those that take much memory, and those with errors that few others have.

They are the seeds of the next run, and a quick test tries each.
"""

import collections
import hashlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from tests.fuzz.attempts import Result

EACH = 20
"""Files of each of the three kinds."""
LARGEST = 3000
"""Bytes of the largest file that is kept."""
_ALIKE = 2
"""Files of one kind that end in the same error."""


def worst(results: Iterable[Result]) -> list[Result]:
    """The 60 worst, or fewer, none of them twice."""
    small = [result for result in results if result.size <= LARGEST and not result.harm]
    count = collections.Counter(result.shape for result in small)
    measures: list[Callable[[Result], float]] = [
        lambda result: result.seconds,
        lambda result: result.memory,
        lambda result: -count[result.shape],
    ]
    found: dict[tuple[str, int], Result] = {}
    for measure in measures:
        rest = [result for result in small if (result.verb, result.index) not in found]
        chosen = _distinct(sorted(rest, key=measure, reverse=True))
        found |= {(result.verb, result.index): result for result in chosen}
    return list(found.values())


def _distinct(ranked: Sequence[Result]) -> list[Result]:
    """The first ones, at most a few of each outcome."""
    seen: collections.Counter[tuple[str, str]] = collections.Counter()
    chosen = []
    for result in ranked:
        seen[result.verb, result.shape] += 1
        if seen[result.verb, result.shape] <= _ALIKE:
            chosen.append(result)
    return chosen[:EACH]


def replace_seeds(folder: Path, files: Iterable[tuple[str, bytes]]) -> None:
    """Let the folder hold these files, by verb, and no others of their verbs; their names are their checksums."""
    for verb in ("decode", "encode"):
        (folder / verb).mkdir(parents=True, exist_ok=True)
        for path in (folder / verb).iterdir():
            path.unlink()
    for verb, data in files:
        (folder / verb / hashlib.sha256(data).hexdigest()[:12]).write_bytes(data)
