"""Fitting the 378-parameter network to one picture, on random regions of its luma."""

from dataclasses import dataclass

import numpy as np

from nncodec.image import Pixels
from nncodec.nets.tiny378 import HALO, N_PARAMETERS, Adam, Floats, correction, gradient, luma, luma_around

_SIDE, _COUNT = 128, 16
_CROP, _BATCH, _RATE = 48, 8, 3e-3


@dataclass(frozen=True)
class Regions:
    """Square pieces of two planes of one picture: as decoded, with a halo, and as it should be."""

    seen: Floats
    """(n, side + 10, side + 10)"""
    original: Floats
    """(n, side, side)"""

    def before(self) -> float:
        """Mean squared error as decoded, in squared levels."""
        return float(np.square(self.seen[:, HALO:-HALO, HALO:-HALO] - self.original).mean())

    def after(self, parameters: Floats) -> float:
        """Mean squared error with the network's correction, not rounded to 8 bits."""
        pairs = zip(self.seen, self.original, strict=True)
        errors = [s[HALO:-HALO, HALO:-HALO] + correction(parameters, s) - original for s, original in pairs]
        return float(np.square(errors).mean())


class Pair:
    """A picture as decoded and as it should be, (H, W) or (H, W, 3) each; only the luma of regions is ever taken."""

    def __init__(self, seen: Pixels | Floats, original: Pixels | Floats) -> None:
        self._seen, self._original = seen, original

    def regions(self, side: int, count: int, rng: np.random.Generator) -> Regions:
        """``count`` random squares, smaller where the picture is."""
        height, width = self._original.shape[:2]
        rows, columns = min(side, height), min(side, width)
        tops, lefts = rng.integers(height - rows + 1, size=count), rng.integers(width - columns + 1, size=count)
        corners = list(zip(tops.tolist(), lefts.tolist(), strict=True))
        return Regions(
            np.stack([luma_around(self._seen, slice(y, y + rows), slice(x, x + columns)) for y, x in corners]),
            np.stack([luma(self._original[y : y + rows, x : x + columns]) for y, x in corners]),
        )

    def sample(self) -> Regions:
        """Regions to judge parameters by, always the same: up to a quarter of a megapixel."""
        height, width = self._original.shape[:2]
        count = min(_COUNT, -(-height * width // _SIDE**2))
        return self.regions(_SIDE, count, np.random.default_rng(1))

    def fit(self, start: Floats, steps: int) -> Floats:
        """Parameters (378,) after ``steps`` of Adam from ``start``, the rate falling to zero."""
        rng = np.random.default_rng(0)
        parameters, adam = start.copy(), Adam(N_PARAMETERS)
        scale = max(self.sample().before(), 1.0)
        for step in range(steps):
            regions = self.regions(_CROP, _BATCH, rng)
            weight = 1 / (scale * regions.original.size)
            _, grad = gradient(parameters, regions.seen, regions.original, weight)
            adam.step(parameters, grad, _RATE * (1 - step / steps))
        return parameters
