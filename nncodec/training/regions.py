"""Coded regions: crops of training pictures as codecs return them, which networks behind a codec learn from."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nncodec import progress
from nncodec.codec import Codec, Frame, Options
from nncodec.nets.resnet import LEVELS
from nncodec.training.data import Bytes, Pictures, random_crops

SIDE = 192
"""Side of a region; a multiple of the largest block that a codec works in on small pictures, 64."""
SKEW = 1.25
"""Levels are drawn as LEVELS times a uniform number to this power: the low ones more often."""
_PART = 25
"""Regions per cached file."""


@dataclass(frozen=True)
class CodecRange:
    """A codec and the range of qualities at which it codes regions."""

    codec: Codec
    lowest: float
    highest: float
    share: float
    """Share of the regions that are coded by it; the shares of all ranges of a recipe add up to 1."""
    power: float = 1.0
    """Quality is ``lowest`` plus the range times the level's share of LEVELS to this power."""
    effort: int = Options().effort

    def quality(self, level: float) -> float:
        """The quality, ``lowest`` to ``highest``, of a level of damage, 0 to `LEVELS`."""
        return self.lowest + (self.highest - self.lowest) * math.pow(level / LEVELS, self.power)


@dataclass(frozen=True)
class Regions:
    """n regions, each coded once."""

    seen: Bytes
    """(n, SIDE, SIDE, 3) uint8, as decoded; half as large for a codec of halved pictures."""
    original: Bytes
    """(n, SIDE, SIDE, 3) uint8."""
    codec: npt.NDArray[np.int64]
    """(n,): index into the codec ranges that they were made for."""
    level: npt.NDArray[np.float32]
    """(n,): 0 to `LEVELS`."""


Preprocess = Callable[[Bytes, int, float], Bytes]
"""Applied to a region (H, W, 3) before it is coded, given the index of its codec range and its level."""
MakeRegions = Callable[[int, np.random.Generator], Regions]
"""Makes the given number of regions from a random generator."""


def code_region(pixels: Bytes, by: CodecRange, level: float) -> Bytes:
    """(H, W, 3) uint8 pixels as the codec returns them at a level of damage."""
    payload = by.codec.encode(pixels, Options(by.quality(level), by.effort, threads=1))
    frame = Frame(pixels.shape[1], pixels.shape[0], 3)
    return by.codec.decode(payload, frame, "cpu").astype(np.uint8, copy=False)


def code_regions(
    original: Bytes,
    codec: npt.NDArray[np.int64],
    level: npt.NDArray[np.float32],
    ranges: Sequence[CodecRange],
    preprocess: Preprocess | None = None,
) -> Regions:
    """Code regions (n, H, W, 3), each by its own codec at its own level.

    Args:
        original: (n, H, W, 3) uint8.
        codec: (n,), index into ``ranges``.
        level: (n,), 0 to `LEVELS`.
        ranges: the codecs.
        preprocess: applied to each region before it is coded.
    """
    seen, tick = [], progress.counter("coding regions", len(original))
    for pixels, index, damage in zip(original, codec, level, strict=True):
        given = pixels if preprocess is None else preprocess(pixels, int(index), float(damage))
        seen.append(code_region(given, ranges[index], float(damage)))
        tick()
    return Regions(np.stack(seen), original, codec, level)


def random_regions(
    pictures: Pictures,
    count: int,
    rng: np.random.Generator,
    ranges: Sequence[CodecRange],
    preprocess: Preprocess | None = None,
    times: int = 1,
) -> Regions:
    """Code random regions at random levels of damage, by random codecs in proportion to their shares.

    Their sides are ``times`` `SIDE`.
    """
    original = random_crops(pictures, count, times * SIDE, rng)
    codec = rng.choice(len(ranges), count, p=[each.share for each in ranges])
    level = (LEVELS * rng.random(count) ** SKEW).astype(np.float32)
    return code_regions(original, codec, level, ranges, preprocess)


def cached_regions(
    count: int, folder: Path, seed: int, make: MakeRegions, enough: Callable[[], bool] = lambda: False
) -> Regions:
    """Regions made in parts, each cached in ``folder``: coding takes minutes, and a run may be resumed.

    Args:
        count: regions in all.
        folder: of the cached parts.
        seed: on which each part depends, and on its place.
        make: makes a part.
        enough: asked after each part that was made; true ends the coding with fewer regions.
    """
    return concatenate(_parts(count, folder, seed, make, enough))


def _parts(count: int, folder: Path, seed: int, make: MakeRegions, enough: Callable[[], bool]) -> Iterator[Regions]:
    for start in range(0, count, _PART):
        size = min(_PART, count - start)
        path = folder / f"coded-{seed}-{start}-{size}.npz"
        made = not path.exists()
        if made:
            progress.stage(f"coding regions {start + 1} to {start + size} of {count}")
            _write(path, make(size, np.random.default_rng((seed, start))))
        with np.load(path, allow_pickle=False) as arrays:
            yield Regions(**arrays)
        if made and enough():
            return


def _write(path: Path, part: Regions) -> None:
    """Write a cached part, whole or not at all."""
    fresh = path.with_suffix(".fresh.npz")
    np.savez(fresh, **vars(part))
    fresh.replace(path)


def concatenate(parts: Iterable[Regions]) -> Regions:
    """All regions of several parts, in order."""
    columns = zip(*(tuple(vars(part).values()) for part in parts), strict=True)
    return Regions(*(np.concatenate(column) for column in columns))
