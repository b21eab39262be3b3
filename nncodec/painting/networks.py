"""The generators of superres and generative, in NumPy: a picture of twice or four times the sides from a small one.

Residual blocks on the samples of the small picture and a sub-pixel convolution (`nncodec.nets.resnet`; Ledig et al.
2017, SRGAN, and Lim et al. 2017, EDSR) correct the picture that `nncodec.image.scaling.upscale` makes. There are two
of one shape for each scale: one was trained for the least squared error, the other went on from it against a
discriminator. What lies between them are networks whose weights are interpolated (Wang et al. 2019, "Deep Network
Interpolation").
"""

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from nncodec.image.scaling import halved, upscale
from nncodec.nets import weights
from nncodec.nets.enlarging import corrected, doubled
from nncodec.nets.quantised import restored
from nncodec.nets.resnet import LEVELS, UNIT, ArtifactNet
from nncodec.nets.tiles import Region, equal_tiles, tile_by_tile
from nncodec.nets.ycbcr import with_halo
from nncodec.painting.noise import noise

Bytes = npt.NDArray[np.uint8]

POWER = 1.25
"""Quality is a family's lowest plus its range of qualities times (level / LEVELS) to this power."""
STRENGTHS = 15
"""Strengths of the painting run from 0, the network of least squared error, to this, the whole of the other one."""
PARTS = {1: ("exact", "painted"), 2: ("exact4", "painted4")}
"""Names of both networks in the arrays of a file of weights, by the times that sides were halved."""
PLAIN = 0
"""Number of the family of pictures that no codec has damaged."""
CODECS, LATENTS = "codecs", "latents"
"""Names of the array of families, without and with noise: it tells the two kinds of weights apart."""
_BLOCK = 8
"""Side of the blocks that base codecs work in; a tile of the small picture starts where one does."""
_AREA = 1 << 16
"""The largest area of a tile, in pixels of the small picture."""
_KEPT = 2
"""Strengths whose networks are kept in memory, each with a workspace of some 40 MB for each thread."""


class Painter:
    """Both networks of one set of weights, and those between them."""

    def __init__(self, arrays: weights.Arrays) -> None:
        pairs = {times: [restored(arrays, part) for part in parts] for times, parts in PARTS.items()}
        self._ends = {times: pair for times, pair in pairs.items() if all(pair)}
        self.families: list[int] = arrays[CODECS if CODECS in arrays else LATENTS].tolist()
        """Wire numbers of the base codecs that the networks were trained for, and `PLAIN`."""
        self._qualities: list[list[float]] = arrays["qualities"].tolist()
        self._between = lru_cache(_KEPT)(self._interpolated)

    def level(self, family: int, quality: float) -> int:
        """The level of damage, 0 to LEVELS, of a base codec at a quality, limited to the range that was trained."""
        lowest, highest = self._qualities[self.families.index(family)]
        share = np.clip((quality - lowest) / max(highest - lowest, 1e-3), 0, 1)
        return round(LEVELS * math.pow(share, 1 / POWER))

    def paint(
        self,
        small: Bytes,
        height: int,
        width: int,
        family: int,
        level: int,
        strength: int,
        seed: int | None = None,
        halvings: int = 1,
    ) -> Bytes:
        """Paint the large picture: (height, width) or (height, width, 3) uint8.

        Args:
            small: (h, w) or (h, w, 3), the decoded small picture; its sides are halves, rounded up, or halves of these.
            height, width: of the large picture.
            family: one of `families`.
            level: of damage, 0 to LEVELS.
            strength: 0 to STRENGTHS.
            seed: of the noise, 32 bits; None for networks without noise.
            halvings: 1 or 2. Weights without networks for 2 paint twice what is halved once, by the same condition.
        """
        if halvings not in self._ends:
            half = self.paint(small, halved(height, 1), halved(width, 1), family, level, strength, seed)
            return self.paint(half, height, width, family, level, strength, seed)
        net, out = self._between(strength, halvings), upscale(small, height, width, halvings)
        inputs = self.families.index(family), level / LEVELS

        def work(region: Region) -> None:
            seen = with_halo(small, region, net.halo, _BLOCK)
            if seed is not None:
                seen = np.dstack([seen, self._noise(region, seen.shape, net.halo, seed)])
            here = doubled(region, out, halvings)
            out[here] = corrected(out[here], net.correction(seen, *inputs))

        tile_by_tile(small.shape, *equal_tiles(small.shape, _AREA, net.halo), work)
        return out

    @staticmethod
    def _noise(region: Region, shape: tuple[int, ...], halo: int, seed: int) -> npt.NDArray[np.float32]:
        """Noise for a region with its halo, (h, w), in the unit in which the networks are given levels."""
        tops = (side.start - halo for side in region)
        rows, columns = (slice(top, top + size) for top, size in zip(tops, shape[:2], strict=True))
        return noise((rows, columns), seed) * np.float32(UNIT)

    def _interpolated(self, strength: int, halvings: int) -> ArtifactNet:
        """The network of a strength: the mean of both, weighted."""
        share = np.float32(strength / STRENGTHS)
        exact, painted = self._ends[halvings]
        mixed = {name: (1 - share) * value + share * painted[name] for name, value in exact.items()}
        return ArtifactNet({f"net.{name}": value for name, value in mixed.items()})
