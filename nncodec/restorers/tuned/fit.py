"""Fitting the 378-parameter network to one picture, on random regions of its luma.

Adam in the eigenbasis of the Gauss-Newton matrix: the matrix has only 378 rows, so it can be had from some thousand
pixels. The directions in which the weights depend on each other are taken apart once, and each gets a rate of its
own. This is the idea of SOAP (Vyas et al., "SOAP: Improving and Stabilizing Shampoo using Adam", 2024) without
Shampoo's approximation of the matrix. 100 such steps are worth some 900 of Adam's.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nncodec import progress
from nncodec.image import Pixels
from nncodec.restorers.tuned.adam import Adam
from nncodec.restorers.tuned.derivatives import Derivatives
from nncodec.restorers.tuned.network import HALO, N_PARAMETERS, Floats, correction, luma, luma_around

_SIDE, _COUNT = 128, 16
"""Side and largest number of the regions on which parameters are judged."""
_CROP, _BATCH, _RATE = 48, 4, 0.02
"""Side of the regions that a step of Adam sees, their number, and the learning rate at the start."""
_CURVED, _CURVED_COUNT = 32, 8
"""Side and number of the regions from which the curvature is taken."""


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


@dataclass(frozen=True)
class Fit:
    """Parameters, and how the relative squared error curves around them."""

    parameters: Floats
    """(378,)"""
    curvature: npt.NDArray[np.float64]
    """(378, 378), twice the mean of J J^T over pixels, over the squared error as decoded."""


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

    def fits(self, start: Floats, stages: tuple[int, ...]) -> Iterator[Fit]:
        """A fit after each stage of so many steps, each going on from the one before, its rate falling to zero."""
        rng = np.random.default_rng(0)
        scale = max(self.sample().before(), 1.0)
        fit = Fit(start, self._curvature(start, scale, rng))
        for steps in stages:
            parameters = self._descend(fit, steps, scale, rng)
            fit = Fit(parameters, self._curvature(parameters, scale, rng))
            yield fit

    def _descend(self, fit: Fit, steps: int, scale: float, rng: np.random.Generator) -> Floats:
        """Parameters after a number of steps of Adam along the eigenvectors of the curvature."""
        basis = np.linalg.eigh(fit.curvature)[1].astype(np.float32)
        moved, adam = np.zeros(N_PARAMETERS, np.float32), Adam(N_PARAMETERS)
        derivatives = self._derivatives(_BATCH, _CROP)
        tick = progress.counter("fitting", steps)
        for step in range(steps):
            regions = self.regions(_CROP, _BATCH, rng)
            weight = 1 / (scale * regions.original.size)
            parameters = fit.parameters + basis @ moved
            _, grad = derivatives.gradient(parameters, regions.seen, regions.original, weight)
            adam.step(moved, basis.T @ grad, _RATE * (1 - step / steps))
            tick()
        return fit.parameters + basis @ moved

    def _curvature(self, parameters: Floats, scale: float, rng: np.random.Generator) -> npt.NDArray[np.float64]:
        regions = self.regions(_CURVED, _CURVED_COUNT, rng)
        jacobian = self._derivatives(_CURVED_COUNT, _CURVED).jacobian(parameters, regions.seen)
        rows = jacobian.reshape(N_PARAMETERS, -1)
        return (rows @ rows.T).astype(np.float64) * (2 / (scale * regions.original.size))

    def _derivatives(self, count: int, side: int) -> Derivatives:
        height, width = self._original.shape[:2]
        return Derivatives(count, min(side, height) + 2 * HALO, min(side, width) + 2 * HALO)
