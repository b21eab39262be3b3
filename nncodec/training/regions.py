"""Regions of training pictures as codecs return them: what the networks after a codec learn from."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from nncodec.codec import Codec, Frame, Options
from nncodec.nets.resnet_torch import BLOCK
from nncodec.nets.ycbcr import TO_YCC
from nncodec.training.data import Bytes, Pictures, random_crops

SIDE = 192
"""Side of a region; a multiple of the largest block that a codec works in on small pictures, 64."""
LEVELS = 40.0
"""Levels of damage of a codec run from 0, its lowest quality here, to this."""
SKEW = 1.25
"""Qualities are drawn as the share of the range that a uniform number to this power gives: the low ones more often."""
_PART = 500
BORDER = 8
"""Pixels at the border of a crop that do not count: there the network sees zeros, as it never will when applied."""
FLOOR = 4.0
"""Squared error, in levels, that is added to a crop's own before it divides the loss."""
_TO_YCC = torch.from_numpy(TO_YCC)


@dataclass(frozen=True)
class Family:
    """A codec and the qualities it is restored at."""

    codec: Codec
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


@dataclass(frozen=True)
class Regions:
    """n regions, each coded once."""

    seen: Bytes
    """(n, SIDE, SIDE, 3), as decoded; half as large for a codec of halved pictures."""
    original: Bytes
    """(n, SIDE, SIDE, 3)"""
    family: npt.NDArray[np.int64]
    """(n,): index into the families they were made for."""
    level: npt.NDArray[np.float32]
    """(n,): 0 to `LEVELS`."""


Before = Callable[[Bytes, int, float], Bytes]
"""What is done to a region of some family and level before it is coded."""
Make = Callable[[int, np.random.Generator], Regions]
"""So many regions, at random."""


def code(pixels: Bytes, family: Family, level: float) -> Bytes:
    """(H, W, 3) pixels as the family's codec returns them at a level of damage."""
    payload = family.codec.encode(pixels, Options(family.quality(level), family.effort, threads=1))
    frame = Frame(pixels.shape[1], pixels.shape[0], 3)
    return family.codec.decode(payload, frame, "cpu").astype(np.uint8, copy=False)


def make_regions(
    pictures: Pictures,
    count: int,
    rng: np.random.Generator,
    families: Sequence[Family],
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
    families: Sequence[Family],
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


@dataclass(frozen=True)
class Batch:
    """B crops, aligned with the codecs' blocks."""

    seen: Bytes
    """(B, side, side, 3)"""
    original: Bytes
    """Of the same shape, or as many times larger as the regions' originals are."""
    family: Tensor
    """(B,)"""
    level: Tensor
    """(B,), in 0..1."""
    index: npt.NDArray[np.int64]
    """(B,): which regions they were cut from."""


def crops(regions: Regions, batch: int, side: int, rng: np.random.Generator) -> Batch:
    """Random crops, flipped at random."""
    chosen = rng.integers(len(regions.family), size=batch)
    places = (regions.seen.shape[1] - side) // BLOCK + 1
    scale = regions.original.shape[1] // regions.seen.shape[1]
    pair = [np.empty((batch, side * times, side * times, 3), np.uint8) for times in (1, scale)]
    for slot, index in enumerate(chosen):
        top, left = rng.integers(0, places, 2) * BLOCK
        flipped = tuple(axis for axis in (0, 1) if rng.random() < 0.5)
        for crop, whole, times in zip(pair, (regions.seen, regions.original), (1, scale), strict=True):
            rows, columns = (slice(start * times, (start + side) * times) for start in (top, left))
            crop[slot] = np.flip(whole[index, rows, columns], flipped)
    level = torch.from_numpy(regions.level[chosen] / np.float32(LEVELS))
    return Batch(pair[0], pair[1], torch.from_numpy(regions.family[chosen]), level, chosen)


def to_ycc(pixels: Bytes) -> Tensor:
    """(B, H, W, 3) uint8 RGB to Y, Cb, Cr (B, 3, H, W), float32: Y in levels less 128, Cb and Cr about 0."""
    planes = torch.from_numpy(pixels).float() @ _TO_YCC.t()
    planes[..., 0] -= 128
    return planes.movedim(-1, 1)


def to_rgb(difference: Tensor) -> Tensor:
    """A difference of Y, Cb and Cr, (B, 3, H, W), as one of R, G and B."""
    return torch.einsum("rc,bchw->brhw", torch.linalg.inv(_TO_YCC), difference)
