"""Regions of training pictures as codecs return them: what the networks after a codec learn from."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nncodec.codecs import Frame, Options, by_name
from nncodec.training.data import Bytes, Pictures, random_crops

SIDE = 192
"""Side of a region; a multiple of the largest block that a codec works in on small pictures, 64."""
LEVELS = 40.0
"""Levels of damage of a codec run from 0, its lowest quality here, to this."""
SKEW = 1.25
"""Qualities are drawn as the share of the range that a uniform number to this power gives: the low ones more often."""
_PART = 500


@dataclass(frozen=True)
class Family:
    """A codec and the qualities it is restored at."""

    codec: str
    lowest: float
    highest: float
    share: float
    """Share of the regions that are coded by it."""
    power: float = 1.0
    """Quality is ``lowest`` plus the range times the level's share to this power."""
    effort: int = Options().effort

    def quality(self, level: float) -> float:
        """The quality of a level of damage."""
        return self.lowest + (self.highest - self.lowest) * math.pow(level / LEVELS, self.power)


FAMILIES = (
    Family("jpeg", 3, 92, 0.38),
    Family("jpeg2000", 8, 80, 0.13),
    Family("webp", 2, 88, 0.17),
    Family("avif", 5, 75, 0.17),
    Family("learned", 5, 90, 0.09, effort=3),
    Family("ccnn", 5, 90, 0.06, effort=1),
)
"""In the order in which the networks number them. JPEG above 92 is 4:4:4, and nearly free of damage."""


@dataclass(frozen=True)
class Regions:
    """n regions, each coded once."""

    seen: Bytes
    """(n, SIDE, SIDE, 3), as decoded; half as large for a codec of halved pictures."""
    original: Bytes
    """(n, SIDE, SIDE, 3)"""
    family: npt.NDArray[np.int64]
    """(n,): index into `FAMILIES`."""
    level: npt.NDArray[np.float32]
    """(n,): 0 to `LEVELS`."""


Before = Callable[[Bytes, int, float], Bytes]
"""What is done to a region of some family and level before it is coded."""
Make = Callable[[int, np.random.Generator], Regions]
"""So many regions, at random."""


def code(pixels: Bytes, family: Family, level: float) -> Bytes:
    """(H, W, 3) pixels as the family's codec returns them at a level of damage."""
    codec = by_name(family.codec)
    payload = codec.encode(pixels, Options(family.quality(level), family.effort, threads=1))
    return codec.decode(payload, Frame(pixels.shape[1], pixels.shape[0], 3), "cpu").astype(np.uint8, copy=False)


def make_regions(
    pictures: Pictures,
    count: int,
    rng: np.random.Generator,
    families: Sequence[Family] = FAMILIES,
    before: Before | None = None,
) -> Regions:
    """Random regions at random levels of damage; the families in random order, in proportion to their shares."""
    original = random_crops(pictures, count, SIDE, rng)
    family = rng.choice(len(families), count, p=[f.share for f in families])
    level = (LEVELS * rng.random(count) ** SKEW).astype(np.float32)
    return coded(original, family, level, families, before)


def coded(
    original: Bytes,
    family: npt.NDArray[np.int64],
    level: npt.NDArray[np.float32],
    families: Sequence[Family] = FAMILIES,
    before: Before | None = None,
) -> Regions:
    """Given regions with a family and a level for each; ``before`` is what is done to a region before it is coded."""
    seen = []
    for pixels, index, damage in zip(original, family, level, strict=True):
        given = pixels if before is None else before(pixels, int(index), float(damage))
        seen.append(code(given, families[index], float(damage)))
    return Regions(np.stack(seen), original, family, level)


def kept_regions(count: int, folder: Path, seed: int, make: Make) -> Regions:
    """Regions made in parts that are kept in ``folder``: coding takes minutes, and a run may be taken up again."""
    return joined(_parts(count, folder, seed, make))


def _parts(count: int, folder: Path, seed: int, make: Make) -> Iterator[Regions]:
    for start in range(0, count, _PART):
        size = min(_PART, count - start)
        path = folder / f"regions-{seed}-{start}-{size}.npz"
        if not path.exists():
            part = make(size, np.random.default_rng((seed, start)))
            np.savez(path, **vars(part))
        with np.load(path, allow_pickle=False) as arrays:
            yield Regions(**arrays)


def joined(parts: Iterable[Regions]) -> Regions:
    """All regions of several."""
    columns = zip(*(tuple(vars(part).values()) for part in parts), strict=True)
    return Regions(*(np.concatenate(column) for column in columns))
