"""GMSD, the deviation of the similarity of gradients.

Xue, Zhang, Mou, Bovik: "Gradient magnitude similarity deviation: a highly efficient perceptual image quality index",
IEEE Trans. Image Processing 23(2), 2014.
"""

from collections.abc import Sequence

import numpy as np

from nncodec.bench.perceptual.samples import Array, Floats, halved, weighted

_LUMA = (0.299, 0.587, 0.114)
_C = 170.0
"""The constant of equation 4, for samples from 0 to 255."""


def scores(a: Array, b: Array, names: Sequence[str]) -> dict[str, float]:
    """GMSD of two pictures (H, W, 3) uint8: 0 for equal ones, about 0.3 at the worst."""
    return {"gmsd": gmsd(weighted(a, _LUMA), weighted(b, _LUMA))}


def gmsd(a: Floats, b: Floats) -> float:
    """Equations 1 to 6 over two planes of luma (H, W), 0 to 255, at half their size."""
    x, y = _gradient(halved(a)), _gradient(halved(b))
    similarity = (2 * x * y + _C) / (x * x + y * y + _C)
    return float(similarity.std())


def _gradient(plane: Floats) -> Floats:
    """Magnitude of the Prewitt gradient, (H, W); samples outside are 0, as in the authors' program."""
    padded = np.pad(plane, 1)
    right = padded[:, 2:] - padded[:, :-2]  # (H + 2, W)
    down = padded[2:] - padded[:-2]  # (H, W + 2)
    across = (right[:-2] + right[1:-1] + right[2:]) / 3
    along = (down[:, :-2] + down[:, 1:-1] + down[:, 2:]) / 3
    return np.hypot(across, along)
