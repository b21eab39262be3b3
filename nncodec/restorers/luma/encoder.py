"""The encoder's choice of a condition and strengths for `luma`, on a sample of the picture."""

import math

import numpy as np

from nncodec.nets.device import Net
from nncodec.nets.resnet import LEVELS
from nncodec.nets.tiles import Region
from nncodec.nets.ycbcr import FULL, best_strengths
from nncodec.restorers import Task
from nncodec.restorers.luma.bitstream import RestorerCondition
from nncodec.restorers.luma.correction import BLOCK, corrections

_SAMPLE_SIDE, _SAMPLE_COUNT = 128, 4
"""Side and number of the regions on which conditions are compared."""
_COARSE_STEP, _FINE_STEPS = 10, (5, 2)
"""Steps between the levels that are tried first, then around the best so far."""


def best_condition(net: Net, task: Task, families: list[int]) -> RestorerCondition:
    """The condition, with its strengths, that leaves the least squared error on a sample of the picture.

    Tries levels of all families in coarse steps, then in finer steps around the best.
    """
    sample = Sample(net, task)
    found = [sample.fitted(family, level) for family in families for level in range(0, LEVELS + 1, _COARSE_STEP)]
    for step in _FINE_STEPS:
        _, best = min(found, key=lambda pair: pair[0])
        near = {max(0, best.level - step), min(LEVELS, best.level + step)} - {best.level}
        found += [sample.fitted(best.family, level) for level in sorted(near)]
    return min(found, key=lambda pair: pair[0])[1]


class Sample:
    """Regions spread over a picture, on which conditions are compared."""

    def __init__(self, net: Net, task: Task) -> None:
        self._net, self._task = net, task
        self.regions = spread_regions(*task.seen.shape[:2])
        self._errors = [task.original[r].astype(np.float32) - task.seen[r] for r in self.regions]

    def fitted(self, family: int, level: int) -> tuple[float, RestorerCondition]:
        """The squared error that is left, and the condition with the best strengths, by linear least squares."""
        condition = RestorerCondition(family, level)
        products = np.zeros((3, 3))  # inner products of: correction of luma, of chroma, error
        for region, error in zip(self.regions, self._errors, strict=True):
            luma, chroma = corrections(self._net, self._task.seen, region, condition)
            parts = [luma, np.zeros_like(luma), error]
            if error.ndim == 3:
                parts = [np.broadcast_to(luma[:, :, None], error.shape), chroma, error]
            flat = np.stack([part.reshape(-1) for part in parts])  # (3, samples)
            products += flat @ flat.T
        strengths = best_strengths(products)
        # |error - a luma - b chroma|^2 as a quadratic form of the products
        weights = np.append(-np.array(strengths) / FULL, 1)
        return float(weights @ products @ weights), RestorerCondition(family, level, *strengths)


def spread_regions(height: int, width: int) -> list[Region]:
    """Up to four regions, in the middles of equal parts of the picture, that start at multiples of `BLOCK`."""
    per_side = math.isqrt(_SAMPLE_COUNT)

    def starts(size: int) -> list[int]:
        last = max(0, size - _SAMPLE_SIDE)
        middles = (last * (2 * part + 1) / (2 * per_side) for part in range(per_side))
        return sorted({round(middle) // BLOCK * BLOCK for middle in middles})

    return [
        (slice(top, min(top + _SAMPLE_SIDE, height)), slice(left, min(left + _SAMPLE_SIDE, width)))
        for top in starts(height)
        for left in starts(width)
    ]
