"""Fitting the 378-parameter network to one picture, on random regions of its luma."""

from dataclasses import dataclass

import numpy as np

from nncodec.image import Pixels
from nncodec.nets.tiny378 import HALO, N_PARAMETERS, Adam, Floats, correction, gradient

_WEIGHTS = np.array([0.299, 0.587, 0.114], np.float32)
_SIDE, _COUNT = 128, 16
_CROP, _BATCH, _RATE = 48, 8, 3e-3


def luma(pixels: Pixels) -> Floats:
    """Luma (ITU-R BT.601) of (H, W, 3) pixels, or (H, W) gray as it is; (H, W) float32, not rounded."""
    return pixels.astype(np.float32) if pixels.ndim == 2 else pixels.astype(np.float32) @ _WEIGHTS


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


class Planes:
    """The luma of a picture as decoded and as it should be, (H, W) float32 each."""

    def __init__(self, seen: Floats, original: Floats) -> None:
        self._seen, self._original = np.pad(seen, HALO, mode="edge"), original

    def regions(self, side: int, count: int, rng: np.random.Generator) -> Regions:
        """``count`` random squares, smaller where the picture is."""
        height, width = self._original.shape
        rows, columns = min(side, height), min(side, width)
        tops, lefts = rng.integers(height - rows + 1, size=count), rng.integers(width - columns + 1, size=count)
        corners = list(zip(tops.tolist(), lefts.tolist(), strict=True))
        return Regions(
            np.stack([self._seen[y : y + rows + 2 * HALO, x : x + columns + 2 * HALO] for y, x in corners]),
            np.stack([self._original[y : y + rows, x : x + columns] for y, x in corners]),
        )

    def sample(self) -> Regions:
        """Regions to judge parameters by, always the same: up to a quarter of a megapixel."""
        count = min(_COUNT, -(-self._original.size // _SIDE**2))
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
