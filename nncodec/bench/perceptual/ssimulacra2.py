"""SSIMULACRA 2 (Sneyers, 2022), with the colours, maps and weights of the package ``ssimulacra2``.

Blur and scales are those of the reference program (``tools/ssimulacra2.cc`` of libjxl), from which that package
departs: its blur reflects the picture at the left and right border, and pictures of less than 256 pixels have a scale
less. Tests compare with scores of that program.
"""

import math
from collections.abc import Sequence

import numpy as np
import scipy.ndimage
from ssimulacra2 import ssimulacra2 as package

from nncodec.bench.perceptual.samples import Array, Floats

_SIGMA = 1.5
_SCALES = 6
_MIN_SIDE = 8


def scores(a: Array, b: Array, names: Sequence[str]) -> dict[str, float]:
    """SSIMULACRA 2 of two pictures (H, W, 3) uint8: 100 for equal ones, 90 is hard to tell apart, below 30 is bad.

    It can be negative.
    """
    x, y = package.srgb_to_linear(a), package.srgb_to_linear(b)
    result, side = package.Msssim(), min(a.shape[:2])
    for scale in range(_SCALES):
        if side < _MIN_SIDE:  # of the scale before, as in the reference program
            break
        if scale:
            x, y, side = package.downsample(x, 2, 2), package.downsample(y, 2, 2), (side + 1) // 2
        result.scales.append(_scale(*(package.make_positive_xyb(package.linear_rgb_to_xyb(one)) for one in (x, y))))
    return {"ssimulacra2": float(result.score())}


def _scale(x: Floats, y: Floats) -> package.MsssimScale:
    """The averages of both maps over one scale of two pictures in XYB."""
    mean_x, mean_y = _blur(x), _blur(y)
    averages = package.MsssimScale()
    averages.avg_ssim = package.ssim_map(mean_x, mean_y, _blur(x * x), _blur(y * y), _blur(x * y))
    averages.avg_edgediff = package.edge_diff_map(x, mean_x, y, mean_y)
    return averages


def _blur(planes: Floats) -> Floats:
    """The planes (H, W, 3) under the window, samples outside being 0."""
    taps = _window(_SIGMA)
    down = scipy.ndimage.correlate1d(planes, taps, axis=0, mode="constant")
    blurred: Floats = scipy.ndimage.correlate1d(down, taps, axis=1, mode="constant")
    return blurred


def _window(sigma: float) -> Floats:
    """Taps of the recursive Gaussian filter, three cosines over a finite window, whose sum is 1.

    Charalampidis: "Recursive implementation of the Gaussian filter using truncated cosine functions", IEEE Trans.
    Signal Processing 64(14), 2016; equations in brackets are numbered as there.
    """
    radius = round(3.2795 * sigma + 0.2546)  # (57)
    omega = np.array([1, 3, 5]) * math.pi / (2 * radius)
    signs = np.array([1, -1, 1])
    p = signs / np.tan(omega / 2)  # (37)
    r = signs * p * p / np.sin(omega)  # (44)
    rho = np.exp(-(sigma**2) / 2 * omega**2) / radius  # (50)
    d13, d35, d51 = p[0] * r[1] - r[0] * p[1], p[1] * r[2] - r[1] * p[2], p[2] * r[0] - r[2] * p[0]
    zeta15, zeta35 = d35 / d13, d51 / d13  # (52)
    gamma = [1, radius**2 - sigma**2, zeta15 * rho[0] + zeta35 * rho[1] + rho[2]]  # (55)
    beta = np.linalg.solve(np.array([p, r, [zeta15, zeta35, 1]]), gamma)  # (53)
    gains = -beta * np.cos(omega * (radius + 1))
    places = np.arange(1, 2 * radius)
    taps: Floats = (gains / np.sin(omega)) @ np.sin(np.outer(omega, places))
    return taps
