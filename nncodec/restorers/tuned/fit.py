"""Fitting of the 378-parameter network to one picture, on random regions of its luma.

Adam in the eigenbasis of the Gauss-Newton matrix. The matrix has only 378 rows, so some thousand pixels determine it.
Along its eigenvectors the weights no longer depend on each other, and Adam gives each direction a rate of its own.
This is the idea of SOAP (Vyas et al., "SOAP: Improving and Stabilizing Shampoo using Adam", 2024) without Shampoo's
approximation of the matrix. 100 such steps are worth some 900 of Adam's.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nncodec import progress
from nncodec.image import Pixels
from nncodec.restorers.tuned.adam import Adam
from nncodec.restorers.tuned.derivatives import Derivatives
from nncodec.restorers.tuned.network import HALO, N_PARAMETERS, Floats, correction, luma, luma_with_halo

_SAMPLE_SIDE, _SAMPLE_COUNT = 128, 16
"""Side and largest number of the regions on which parameters are compared."""
_CROP, _BATCH, _RATE = 48, 4, 0.02
"""Side and number of the regions of one optimiser step, and the learning rate of the first step."""
_CURVATURE_SIDE, _CURVATURE_COUNT = 32, 8
"""Side and number of the regions on which the curvature is computed."""


@dataclass(frozen=True)
class LumaRegions:
    """Regions of luma before and after coding, float32 in levels of 0..255."""

    seen: Floats
    """(n, h + 10, w + 10) as decoded, with a halo."""
    original: Floats
    """(n, h, w)"""

    def error_before(self) -> float:
        """Mean squared error as decoded, in squared levels."""
        return float(np.square(self.seen[:, HALO:-HALO, HALO:-HALO] - self.original).mean())

    def error_after(self, parameters: Floats) -> float:
        """Mean squared error with the correction of a network (378,), not rounded to 8 bits, in squared levels."""
        pairs = zip(self.seen, self.original, strict=True)
        errors = [s[HALO:-HALO, HALO:-HALO] + correction(parameters, s) - original for s, original in pairs]
        return float(np.square(errors).mean())


@dataclass(frozen=True)
class Fit:
    """Weights, and the curvature of the relative squared error around them."""

    parameters: Floats
    """(378,)"""
    curvature: npt.NDArray[np.float64]
    """(378, 378): twice the mean of J J^T over the pixels, divided by the squared error as decoded."""


class Fitter:
    """Fits weights to one picture, as decoded and original: (H, W) or (H, W, 3) each, of which only luma counts."""

    def __init__(self, seen: Pixels | Floats, original: Pixels | Floats) -> None:
        self._seen, self._original = seen, original

    def regions(self, side: int, count: int, rng: np.random.Generator) -> LumaRegions:
        """Cut ``count`` random squares, no larger than the picture."""
        height, width = self._original.shape[:2]
        rows, columns = min(side, height), min(side, width)
        tops, lefts = rng.integers(height - rows + 1, size=count), rng.integers(width - columns + 1, size=count)
        corners = list(zip(tops.tolist(), lefts.tolist(), strict=True))
        return LumaRegions(
            np.stack([luma_with_halo(self._seen, slice(y, y + rows), slice(x, x + columns)) for y, x in corners]),
            np.stack([luma(self._original[y : y + rows, x : x + columns]) for y, x in corners]),
        )

    def sample(self) -> LumaRegions:
        """Cut the regions on which parameters are compared, always the same: up to a quarter of a megapixel."""
        height, width = self._original.shape[:2]
        count = min(_SAMPLE_COUNT, -(-height * width // _SAMPLE_SIDE**2))
        return self.regions(_SAMPLE_SIDE, count, np.random.default_rng(1))

    def fits(self, start: Floats, stages: tuple[int, ...]) -> Iterator[Fit]:
        """Yield a fit after each stage of a number of steps; each begins at the last fit and ends at rate zero."""
        rng = np.random.default_rng(0)
        scale = max(self.sample().error_before(), 1.0)
        fit = Fit(start, self._curvature(start, scale, rng))
        for steps in stages:
            parameters = self._optimised(fit, steps, scale, rng)
            fit = Fit(parameters, self._curvature(parameters, scale, rng))
            yield fit

    def _optimised(self, fit: Fit, steps: int, scale: float, rng: np.random.Generator) -> Floats:
        """Weights (378,) after some steps of Adam along the eigenvectors of the curvature."""
        basis = np.linalg.eigh(fit.curvature)[1].astype(np.float32)  # (378, 378), a column per eigenvector
        moved, adam = np.zeros(N_PARAMETERS, np.float32), Adam(N_PARAMETERS)
        derivatives = self._derivatives(_BATCH, _CROP)
        for step in progress.rounds("fitting", steps):
            regions = self.regions(_CROP, _BATCH, rng)
            weight = 1 / (scale * regions.original.size)
            parameters = fit.parameters + basis @ moved
            _, grad = derivatives.gradient(parameters, regions.seen, regions.original, weight)
            adam.step(moved, basis.T @ grad, _RATE * (1 - step / steps))
        return fit.parameters + basis @ moved

    def _curvature(self, parameters: Floats, scale: float, rng: np.random.Generator) -> npt.NDArray[np.float64]:
        """The Gauss-Newton matrix (378, 378) on random regions, see `Fit.curvature`."""
        regions = self.regions(_CURVATURE_SIDE, _CURVATURE_COUNT, rng)
        jacobian = self._derivatives(_CURVATURE_COUNT, _CURVATURE_SIDE).jacobian(parameters, regions.seen)
        rows = jacobian.reshape(N_PARAMETERS, -1)  # (378, pixels)
        return (rows @ rows.T).astype(np.float64) * (2 / (scale * regions.original.size))

    def _derivatives(self, count: int, side: int) -> Derivatives:
        height, width = self._original.shape[:2]
        return Derivatives(count, min(side, height) + 2 * HALO, min(side, width) + 2 * HALO)
