"""A network shared by all pictures: the file says which weights, for which damage, and how strongly.

The parameters in the file are three bytes: model number, condition, strengths. See docs/format/luma.md.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from nncodec.errors import CorruptFile
from nncodec.image import Pixels
from nncodec.nets import weights
from nncodec.nets.device import Net, net_on
from nncodec.nets.tiles import Region, equal_tiles, tile_by_tile
from nncodec.nets.ycbcr import FULL, best_strengths, chroma_to_rgb, with_halo
from nncodec.restorers import Task
from nncodec.threads import products_alone

Floats = npt.NDArray[np.float32]

LEVELS = 40
"""A condition is the family's place times LEVELS + 1, plus a level of damage from 0, the worst, to LEVELS."""
_BLOCK = 8
_AREA = 3 << 16
"""Most pixels of a tile; it bounds the memory of a thread."""
_SAMPLE, _SAMPLES = 128, 4
"""Side and number of the regions on which the encoder compares conditions."""


@dataclass(frozen=True)
class Condition:
    """What the parameters in a file say."""

    family: int
    """Which codec's pictures, as the weights number them."""
    level: int
    """Level of damage, 0 (worst) to LEVELS."""
    luma: int = FULL
    """Strength of what is added to luma, in eighths, 0 to 15."""
    chroma: int = FULL
    """The same for chroma."""

    def packed(self) -> bytes:
        """The last two bytes of the parameters."""
        return bytes([self.family * (LEVELS + 1) + self.level, self.chroma << 4 | self.luma])


class Shared:
    """A shared network on 8-bit pixels; ``net`` makes it, on a device, of the weights."""

    def __init__(self, number: int, name: str, net: Callable[[str, weights.Arrays], Net]) -> None:
        self.id, self.name = number, name
        self._net = net
        self._loaded = cache(self._load)

    def _load(self, device: str, model: int) -> Net:
        return self._net(device, weights.load(model, self.name))

    def fit(self, task: Task) -> bytes | None:
        """The condition and strengths that serve a few regions of the picture best."""
        if task.seen.dtype != np.uint8:
            return None
        model = weights.newest(self.name)
        families = np.flatnonzero(weights.load(model, self.name)["codecs"] == task.codec).tolist()
        if not families:
            return None
        with products_alone():
            best = _search(_Sample(self._loaded("cpu", model), task), families)
        return bytes([model]) + best.packed()

    def apply(self, seen: Pixels, parameters: bytes, device: str) -> Pixels:
        """Add the correction to (H, W) or (H, W, 3) uint8 pixels.

        Raises CorruptFile for impossible parameters, UnsupportedFile if weights or device are missing.
        """
        net, condition = self._unpacked(parameters, seen, device)
        out = np.empty_like(seen)

        def restore(region: Region) -> None:
            rows, columns = region
            luma, chroma = _corrections(net, seen, region, condition)
            added = luma * np.float32(condition.luma / FULL)
            if seen.ndim == 3:
                added = added[:, :, None] + chroma * np.float32(condition.chroma / FULL)
            out[rows, columns] = np.clip(np.rint(seen[rows, columns] + added), 0, 255)

        tile_by_tile(seen.shape, *equal_tiles(seen.shape, _AREA, net.halo), restore)
        return out

    def _unpacked(self, parameters: bytes, seen: Pixels, device: str) -> tuple[Net, Condition]:
        if len(parameters) != 3:
            raise CorruptFile(f"{len(parameters)} bytes of restorer parameters, not 3")
        if seen.dtype != np.uint8:
            raise CorruptFile(f"restorer {self.name} for samples of more than 8 bits")
        net = self._loaded(device, parameters[0])
        family, level = divmod(parameters[1], LEVELS + 1)
        chroma, luma = divmod(parameters[2], 16)
        if family >= net.families or (seen.ndim == 2 and chroma):
            raise CorruptFile(f"restorer {self.name}: condition {parameters[1]}, strengths {parameters[2]:#04x}")
        return net, Condition(family, level, luma, chroma)


def _corrections(net: Net, seen: Pixels, region: Region, condition: Condition) -> tuple[Floats, Floats]:
    """What full strength adds to a region: luma (h, w), the same for R, G and B; chroma (h, w, 3), empty for gray."""
    rows, columns = region
    height, width = rows.stop - rows.start, columns.stop - columns.start
    ycc = with_halo(seen, region, net.halo, _BLOCK)
    added = net.correction(ycc, condition.family, condition.level / LEVELS)[:height, :width]
    return added[:, :, 0], chroma_to_rgb(added) if seen.ndim == 3 else added[:, :, :0]


class _Sample:
    """Regions spread over a picture, and how well a condition serves them."""

    def __init__(self, net: Net, task: Task) -> None:
        self._net, self._task = net, task
        self._regions = list(_spread(*task.seen.shape[:2]))
        self._errors = [task.original[r].astype(np.float32) - task.seen[r] for r in self._regions]

    def tried(self, family: int, level: int) -> tuple[float, Condition]:
        """Squared error that is left, and the condition with the best strengths (linear least squares)."""
        condition = Condition(family, level)
        products = np.zeros((3, 3))
        for region, error in zip(self._regions, self._errors, strict=True):
            luma, chroma = _corrections(self._net, self._task.seen, region, condition)
            parts = [luma, np.zeros_like(luma), error]
            if error.ndim == 3:
                parts = [np.broadcast_to(luma[:, :, None], error.shape), chroma, error]
            flat = np.stack([part.reshape(-1) for part in parts])
            products += flat @ flat.T
        strengths = best_strengths(products)
        weights = np.append(-np.array(strengths) / FULL, 1)
        return float(weights @ products @ weights), Condition(family, level, *strengths)


def _spread(height: int, width: int) -> Iterator[Region]:
    """Up to `_SAMPLES` regions, in the middles of equal parts of the picture."""
    per_side = math.isqrt(_SAMPLES)

    def starts(size: int) -> list[int]:
        last = max(0, size - _SAMPLE)
        return sorted({round(last * (2 * part + 1) / (2 * per_side)) // _BLOCK * _BLOCK for part in range(per_side)})

    for top in starts(height):
        for left in starts(width):
            yield slice(top, min(top + _SAMPLE, height)), slice(left, min(left + _SAMPLE, width))


def _search(sample: _Sample, families: list[int]) -> Condition:
    """The best of a coarse grid of levels, then of finer ones around it."""
    found = [sample.tried(family, level) for family in families for level in range(0, LEVELS + 1, 10)]
    for step in (5, 2):
        _, best = min(found, key=lambda pair: pair[0])
        around = {max(0, best.level - step), min(LEVELS, best.level + step)} - {best.level}
        found += [sample.tried(best.family, level) for level in sorted(around)]
    return min(found, key=lambda pair: pair[0])[1]


RESTORER = Shared(2, "luma", net_on)
