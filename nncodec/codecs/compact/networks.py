"""Both networks of the codec ``compact``, in NumPy: one before a picture is halved and coded, one after.

After Jiang, Tao et al. 2017, "An End-to-End Compression Framework Based on Convolutional Neural Networks": ComCNN makes
a picture of half the size, RecCNN restores the original from it as a codec returned it. Both are residual here, the one
to `nncodec.image.scaling.downscale`, the other to `nncodec.image.scaling.upscale`. Both are light: they work on the
samples of the half-size picture (`nncodec.nets.resnet`). `nncodec.codecs.compact.recipe` trains them.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from nncodec.image.scaling import downscale, upscale
from nncodec.nets import weights
from nncodec.nets.resnet import LEVELS, ArtifactNet
from nncodec.nets.tiles import Region, equal_tiles, tile_by_tile
from nncodec.nets.ycbcr import FULL, best_strengths, chroma_to_rgb, with_halo

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

POWER = 1.25
"""A level's share of all levels to this power is its quality's share of the range."""
BLOCK = 8
"""Side of the blocks that base codecs work in; a tile of the half-size picture starts where one does."""
_AREA = 1 << 16
"""The most pixels of a tile, of the half-size picture."""
_SAMPLE, _SAMPLES = 128, 16
"""Side of the regions on which strengths are chosen, in pixels of the half-size picture, and their number at most."""


@dataclass(frozen=True)
class Condition:
    """What the networks are told, and how strongly the second one works."""

    codec: int
    """Wire number of the base codec."""
    level: int
    """Level of damage, 0 (worst) to LEVELS."""
    luma: int = FULL
    """Strength of what RecCNN adds to luma, in eighths, 0 to 15."""
    chroma: int = FULL
    """The same for chroma."""


class Compact:
    """One model, ready to run."""

    def __init__(self, arrays: weights.Arrays) -> None:
        self._com, self._rec = ArtifactNet(arrays, "com"), ArtifactNet(arrays, "rec")
        self.codecs: list[int] = arrays["codecs"].tolist()
        """Wire numbers of the base codecs that the model was trained for."""
        self._qualities: list[list[float]] = arrays["qualities"].tolist()

    def condition(self, codec: int, quality: float) -> Condition:
        """For pictures by a base codec at some quality, or the nearest to it that the model was trained for."""
        lowest, highest = self._qualities[self.codecs.index(codec)]
        share = np.clip((quality - lowest) / (highest - lowest), 0, 1)
        return Condition(codec, round(LEVELS * math.pow(share, 1 / POWER)))

    def compacted(self, pixels: Bytes, condition: Condition) -> Bytes:
        """ComCNN: (H, W) or (H, W, 3) to a picture of half the sides, each rounded up."""
        out = np.array(downscale(pixels, 1))

        def work(region: Region) -> None:
            ycc = with_halo(pixels, _doubled(region, pixels), self._com.halo, 2 * BLOCK)
            out[region] = _moved(out[region], self._com.correction(ycc, *self._told(condition)), 1.0, 1.0)

        tile_by_tile(out.shape, *equal_tiles(out.shape, _AREA, self._com.halo // 2), work)
        return out

    def restored(self, small: Bytes, height: int, width: int, condition: Condition) -> Bytes:
        """RecCNN: the half-size picture as a codec returned it, to (height, width) or (height, width, 3)."""
        out = upscale(small, height, width, 1)

        def work(region: Region) -> None:
            here = _doubled(region, out)
            added = self._correction(small, region, condition)
            out[here] = _moved(out[here], added, condition.luma / FULL, condition.chroma / FULL)

        tile_by_tile(small.shape, *equal_tiles(small.shape, _AREA, self._rec.halo), work)
        return out

    def fitted(self, small: Bytes, original: Bytes, condition: Condition) -> Condition:
        """The condition with the strengths that leave the least squared error, on tiles spread over the picture."""
        height, width = original.shape[:2]
        plain, products = upscale(small, height, width, 1), np.zeros((3, 3))
        for region in _spread(*small.shape[:2]):
            here = _doubled(region, original)
            error = original[here].astype(np.float32) - plain[here]
            parts = (*_luma_and_chroma(self._correction(small, region, condition), error), error)
            flat = np.stack([np.broadcast_to(part, error.shape).reshape(-1) for part in parts])
            products += flat @ flat.T
        luma, chroma = best_strengths(products)
        return replace(condition, luma=luma, chroma=chroma)

    def _correction(self, small: Bytes, region: Region, condition: Condition) -> Floats:
        """What RecCNN adds to Y, Cb and Cr of a region of ``small``, made up to whole blocks, in full size."""
        return self._rec.correction(with_halo(small, region, self._rec.halo, BLOCK), *self._told(condition))

    def _told(self, condition: Condition) -> tuple[int, float]:
        return self.codecs.index(condition.codec), condition.level / LEVELS


def _doubled(region: Region, full: Bytes) -> Region:
    """The place in a picture of full size of a region of the half-size one."""
    rows, columns = (
        slice(2 * side.start, min(2 * side.stop, size)) for side, size in zip(region, full.shape, strict=False)
    )
    return rows, columns


def _luma_and_chroma(added: Floats, like: npt.NDArray[np.generic]) -> tuple[Floats, Floats]:
    """Differences of Y, Cb and Cr, cut to the size of ``like``, as what is to be added to its samples."""
    cut = added[: like.shape[0], : like.shape[1]]
    luma = cut[:, :, 0]
    return (luma[:, :, None], chroma_to_rgb(cut)) if like.ndim == 3 else (luma, np.zeros_like(luma))


def _moved(pixels: Bytes, added: Floats, luma: float, chroma: float) -> Bytes:
    """Samples plus differences of Y, Cb and Cr by their strengths, rounded and limited."""
    of_luma, of_chroma = _luma_and_chroma(added, pixels)
    moved: Bytes = np.clip(
        np.rint(pixels + of_luma * np.float32(luma) + of_chroma * np.float32(chroma)), 0, 255
    ).astype(np.uint8)
    return moved


def _spread(height: int, width: int) -> Iterator[Region]:
    """Up to `_SAMPLES` regions, evenly spaced in reading order among all that the picture divides into."""
    regions = [(top, left) for top in range(0, height, _SAMPLE) for left in range(0, width, _SAMPLE)]
    count = min(len(regions), _SAMPLES)
    for number in range(count):
        top, left = regions[(2 * number + 1) * len(regions) // (2 * count)]
        yield slice(top, min(top + _SAMPLE, height)), slice(left, min(left + _SAMPLE, width))
