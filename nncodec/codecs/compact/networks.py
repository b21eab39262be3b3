"""The two networks of the codec ``compact``, in NumPy: ComCNN before the base codec, RecCNN after it.

After Jiang, Tao et al. 2017, "An End-to-End Compression Framework Based on Convolutional Neural Networks": ComCNN makes
a picture of half the size, RecCNN restores the original from the half-size picture as a codec returned it. Here ComCNN
is residual to `nncodec.image.scaling.downscale`, RecCNN to `nncodec.image.scaling.upscale`, and both have few products
per pixel: they work on the samples of the half-size picture (`nncodec.nets.resnet`). `nncodec.codecs.compact.recipe`
trains them.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from nncodec.image.scaling import downscale, upscale
from nncodec.nets import weights
from nncodec.nets.enlarging import corrected, doubled, luma_and_chroma
from nncodec.nets.resnet import LEVELS, ArtifactNet
from nncodec.nets.tiles import Region, equal_tiles, tile_by_tile
from nncodec.nets.ycbcr import FULL, best_strengths, with_halo

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

POWER = 1.25
"""Quality is a model's lowest plus its range of qualities times (level / LEVELS) to this power."""
BLOCK = 8
"""Side of the blocks that base codecs work in; a tile of the half-size picture starts where one does."""
_AREA = 1 << 16
"""The largest area of a tile, in pixels of the half-size picture."""
_SAMPLE, _SAMPLES = 128, 16
"""Side, in pixels of the half-size picture, and largest number of the regions on which strengths are fitted."""


@dataclass(frozen=True)
class CompactCondition:
    """The inputs of both networks beside the picture, and the strengths of RecCNN's correction."""

    codec: int
    """Wire number of the base codec."""
    level: int
    """Level of damage, 0 (worst) to LEVELS."""
    luma: int = FULL
    """Strength of RecCNN's correction of luma, in eighths, 0 to 15."""
    chroma: int = FULL
    """The same for chroma."""


class CompactNetworks:
    """Both networks of one set of weights, ready to run."""

    def __init__(self, arrays: weights.Arrays) -> None:
        self._com, self._rec = ArtifactNet(arrays, "com"), ArtifactNet(arrays, "rec")
        self.codecs: list[int] = arrays["codecs"].tolist()
        """Wire numbers of the base codecs that the model was trained for."""
        self._qualities: list[list[float]] = arrays["qualities"].tolist()

    def condition(self, codec: int, quality: float) -> CompactCondition:
        """The condition for a base codec at a quality, limited to the range that the model was trained for."""
        lowest, highest = self._qualities[self.codecs.index(codec)]
        share = np.clip((quality - lowest) / (highest - lowest), 0, 1)
        return CompactCondition(codec, round(LEVELS * math.pow(share, 1 / POWER)))

    def compact(self, pixels: Bytes, condition: CompactCondition) -> Bytes:
        """Apply ComCNN to (H, W) or (H, W, 3) uint8: a picture of half the sides, each rounded up."""
        out = np.array(downscale(pixels, 1))

        def work(region: Region) -> None:
            ycc = with_halo(pixels, doubled(region, pixels), self._com.halo, 2 * BLOCK)
            out[region] = corrected(out[region], self._com.correction(ycc, *self._inputs(condition)))

        tile_by_tile(out.shape, *equal_tiles(out.shape, _AREA, self._com.halo // 2), work)
        return out

    def restore(self, small: Bytes, height: int, width: int, condition: CompactCondition) -> Bytes:
        """Apply RecCNN to a decoded half-size picture: (height, width) or (height, width, 3) uint8."""
        out = upscale(small, height, width, 1)

        def work(region: Region) -> None:
            here = doubled(region, out)
            added = self._correction(small, region, condition)
            out[here] = corrected(out[here], added, condition.luma / FULL, condition.chroma / FULL)

        tile_by_tile(small.shape, *equal_tiles(small.shape, _AREA, self._rec.halo), work)
        return out

    def fit_strengths(self, small: Bytes, original: Bytes, condition: CompactCondition) -> CompactCondition:
        """Fit the strengths for the least squared error, on regions spread over the picture.

        Args:
            small: (h, w) or (h, w, 3), the decoded half-size picture.
            original: (H, W) or (H, W, 3).
            condition: with codec and level; its strengths do not matter.
        """
        height, width = original.shape[:2]
        plain, products = upscale(small, height, width, 1), np.zeros((3, 3))
        for region in _sample_regions(*small.shape[:2]):
            here = doubled(region, original)
            error = original[here].astype(np.float32) - plain[here]  # (h, w) or (h, w, 3)
            # Three vectors: corrections of luma and of chroma, error; their products decide the strengths.
            parts = (*luma_and_chroma(self._correction(small, region, condition), error), error)
            flat = np.stack([np.broadcast_to(part, error.shape).reshape(-1) for part in parts])
            products += flat @ flat.T
        luma, chroma = best_strengths(products)
        return replace(condition, luma=luma, chroma=chroma)

    def _correction(self, small: Bytes, region: Region, condition: CompactCondition) -> Floats:
        """RecCNN's correction of Y, Cb and Cr, (2 h, 2 w, 3), for a region extended to h x w whole blocks."""
        return self._rec.correction(with_halo(small, region, self._rec.halo, BLOCK), *self._inputs(condition))

    def _inputs(self, condition: CompactCondition) -> tuple[int, float]:
        return self.codecs.index(condition.codec), condition.level / LEVELS


def _sample_regions(height: int, width: int) -> Iterator[Region]:
    """Up to `_SAMPLES` regions, evenly spaced in reading order among the squares of side `_SAMPLE` of the picture."""
    regions = [(top, left) for top in range(0, height, _SAMPLE) for left in range(0, width, _SAMPLE)]
    count = min(len(regions), _SAMPLES)
    for number in range(count):
        top, left = regions[(2 * number + 1) * len(regions) // (2 * count)]
        yield slice(top, min(top + _SAMPLE, height)), slice(left, min(left + _SAMPLE, width))
