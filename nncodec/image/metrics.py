"""Measures of the distance between a picture and its original: MSE, PSNR, SSIM and MS-SSIM. NumPy only.

Arrays are (H, W) gray or (H, W, 3) RGB, both of one shape. For uint8 and uint16 the peak is the largest value of
the type (255, 65535); for floats it must be given. Alpha is not compared.

Colour: MSE and PSNR take all samples of R, G and B together. SSIM and MS-SSIM are computed for R, G and B
separately and averaged, which is what the published MS-SSIM curves of learned codecs do. For the value on luma
alone, as in the original papers, hand in ``luma(a)`` and ``luma(b)`` with their peak.

Memory: besides the arrays handed in, about ten bytes per pixel; the window statistics are taken in blocks.
"""

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
"""(H, W) or (H, W, 3), uint8, uint16 or floating point."""
Floats = npt.NDArray[np.floating[Any]]

WINDOW_TAPS = 11
WINDOW_SIGMA = 1.5
"""Side and standard deviation of the Gaussian window, in samples."""
K1, K2 = 0.01, 0.03
"""Constants of SSIM, relative to the peak (Wang et al. 2004)."""
SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Exponents of the five scales, finest first (Wang et al. 2003, section 3.2)."""

_BLOCK = 64
"""Side of the blocks SSIM is computed in: their five statistics stay in a core's cache."""
_STRIP_SAMPLES = 1 << 18
"""Samples whose squared error is summed at once."""


class Scores(NamedTuple):
    """Every measure of one pair of pictures."""

    mse: float
    """Mean squared error over all samples, in squared code values."""
    psnr: float
    """Decibels over all samples; infinite for equal pictures."""
    psnr_y: float
    """Decibels of the luma; equal to ``psnr`` for gray."""
    ssim: float
    """Mean over the channels, at most 1."""
    ms_ssim: float
    """Mean over the channels, 0 to 1."""


def measure(a: Array, b: Array, peak: float | None = None) -> Scores:
    """Compute all measures at once; cheaper than one by one, as SSIM is the finest scale of MS-SSIM.

    Raises ValueError as the single measures do.
    """
    top = _check(a, b, peak)
    ssims, products = zip(*(_multi_scale(x, y, top) for x, y in _planes(a, b)), strict=True)
    return Scores(
        mse=mse(a, b),
        psnr=psnr(a, b, top),
        psnr_y=psnr(luma(a), luma(b), top),
        ssim=math.fsum(ssims) / len(ssims),
        ms_ssim=math.fsum(products) / len(products),
    )


def mse(a: Array, b: Array) -> float:
    """Mean squared difference over all samples, in squared code values. ValueError if the shapes differ."""
    _check(a, b, 1.0)
    rows = max(1, _STRIP_SAMPLES // max(1, a[0].size))
    total = 0.0
    for top in range(0, len(a), rows):
        error = (a[top : top + rows].astype(np.float64) - b[top : top + rows]).ravel()
        total += float(error @ error)
    return total / a.size


def psnr(a: Array, b: Array, peak: float | None = None) -> float:
    """10 log10(peak^2 / MSE) in decibels, infinite for equal pictures.

    ``peak`` is the largest value of the type if it is not given. ValueError if the shapes differ, or if a floating
    point array comes without a peak.
    """
    top = _check(a, b, peak)
    error = mse(a, b)
    return 10.0 * math.log10(top * top / error) if error else math.inf


def luma(pixels: Array) -> npt.NDArray[np.float32]:
    """Luma Y' = 0.299 R' + 0.587 G' + 0.114 B' (ITU-R BT.601, full range), (H, W) float32, not rounded.

    The range is that of the input. Gray is returned as it is, in float32.
    """
    if pixels.ndim == 2:
        return pixels.astype(np.float32)
    y = pixels[..., 0] * np.float32(0.299)
    y += pixels[..., 1] * np.float32(0.587)
    y += pixels[..., 2] * np.float32(0.114)
    return y.astype(np.float32, copy=False)


def ssim(a: Array, b: Array, peak: float | None = None) -> float:
    """Structural similarity, at most 1, mean over the windows and then over the channels.

    Wang, Bovik, Sheikh, Simoncelli: "Image quality assessment: from error visibility to structural similarity",
    IEEE Trans. Image Processing 13(4), 2004, equation 13 with K1 = 0.01, K2 = 0.03, and an 11 x 11 circular
    Gaussian window (sigma 1.5, sum 1) at every place where it lies inside the picture. No down-scaling first.
    A side shorter than 11 has a window with that many taps along it.
    """
    top = _check(a, b, peak)
    values = [_similarity(x, y, top)[0] for x, y in _planes(a, b)]
    return math.fsum(values) / len(values)


def ms_ssim(a: Array, b: Array, peak: float | None = None) -> float:
    """Multi-scale structural similarity, 0 to 1, mean over the channels.

    Wang, Simoncelli, Bovik: "Multi-scale structural similarity for image quality assessment", Asilomar 2003,
    equation 7: the product over five scales of the mean contrast-structure term, times the mean SSIM of the coarsest
    scale, each to the power of its weight; the window is that of ``ssim``. From scale to scale, means of 2 x 2
    pixels; an odd last row or column is dropped. A negative mean counts as 0.

    A picture whose shorter side falls below 11 before the fifth scale (below 176 at the start) gets as many scales as
    have 11, at least one, with their weights divided by their sum; such a value compares only to its like.
    """
    top = _check(a, b, peak)
    values = [_multi_scale(x, y, top)[1] for x, y in _planes(a, b)]
    return math.fsum(values) / len(values)


def _check(a: Array, b: Array, peak: float | None) -> float:
    """The peak to use; ValueError for arrays that cannot be compared."""
    if a.shape != b.shape:
        raise ValueError(f"pictures of different shapes cannot be compared: {a.shape} and {b.shape}")
    if not (a.ndim == 2 or (a.ndim == 3 and a.shape[2] == 3)) or a.size == 0:
        raise ValueError(f"expected (H, W) or (H, W, 3), got {a.shape}")
    if peak is not None:
        return float(peak)
    if a.dtype != b.dtype or a.dtype not in (np.uint8, np.uint16):
        raise ValueError(f"the peak of {a.dtype} and {b.dtype} must be given")
    return float(np.iinfo(a.dtype).max)


def _planes(a: Array, b: Array) -> list[tuple[Array, Array]]:
    """The channels of both pictures, as pairs of (H, W) views."""
    return [(a, b)] if a.ndim == 2 else [(a[..., c], b[..., c]) for c in range(a.shape[2])]


def _multi_scale(a: Array, b: Array, peak: float) -> tuple[float, float]:
    """SSIM and MS-SSIM of one plane (H, W)."""
    n_scales = 1
    while n_scales < len(SCALE_WEIGHTS) and min(a.shape) >> n_scales >= WINDOW_TAPS:
        n_scales += 1
    weights = np.array(SCALE_WEIGHTS[:n_scales]) / math.fsum(SCALE_WEIGHTS[:n_scales])
    terms: list[tuple[float, float]] = []
    for scale in range(n_scales):
        if scale:
            a, b = _halve(a), _halve(b)
        terms.append(_similarity(a, b, peak))
    factors = np.array([structure for _, structure in terms[:-1]] + [terms[-1][0]])
    return terms[0][0], float(np.prod(np.maximum(factors, 0.0) ** weights))


def _similarity(a: Array, b: Array, peak: float) -> tuple[float, float]:
    """Means over all windows of one plane (H, W) of SSIM and of its contrast-structure factor."""
    down, right = (_band(min(WINDOW_TAPS, side)) for side in a.shape)
    n_rows, n_cols = _n_windows(a.shape[0], down), _n_windows(a.shape[1], right)
    total = np.zeros(2)
    for top in range(0, n_rows, _BLOCK):
        for left in range(0, n_cols, _BLOCK):
            here = np.s_[top : top + down.shape[1], left : left + right.shape[1]]
            total += _block_sums(a[here], b[here], down, right, peak)
    mean = total / (n_rows * n_cols)
    return float(mean[0]), float(mean[1])


def _block_sums(a: Array, b: Array, down: Floats, right: Floats, peak: float) -> Floats:
    """Sums of SSIM and of contrast-structure over the windows inside one block, shape (2,)."""
    rows, cols = a.shape
    down = down[: _n_windows(rows, down), :rows]  # (windows down, rows)
    right = right[: _n_windows(cols, right), :cols]  # (windows right, cols)
    stack = np.empty((5, rows, cols))  # a, b, a^2, b^2, a b
    x, y = stack[0], stack[1]
    x[:], y[:] = a, b
    np.multiply(x, x, out=stack[2])
    np.multiply(y, y, out=stack[3])
    np.multiply(x, y, out=stack[4])
    mean_x, mean_y, xx, yy, xy = down @ stack @ right.T  # weighted means, (windows down, windows right) each
    c1, c2 = (K1 * peak) ** 2, (K2 * peak) ** 2
    product = mean_x * mean_y
    squares = mean_x * mean_x + mean_y * mean_y
    # variances are xx - mean_x^2 and yy - mean_y^2, the covariance is xy - mean_x mean_y
    structure = (2.0 * (xy - product) + c2) / (xx + yy - squares + c2)
    luminance = (2.0 * product + c1) / (squares + c1)
    return np.array([(luminance * structure).sum(), structure.sum()])


def _band(taps: int) -> Floats:
    """The Gaussian window as a band matrix (64, 64 + taps - 1): a product with it filters a block of samples.

    Dense products with this band run several times faster than sums of shifted arrays.
    """
    offsets = np.arange(taps) - (taps - 1) / 2
    window = np.exp(-(offsets**2) / (2.0 * WINDOW_SIGMA**2))
    window /= window.sum()
    band = np.zeros((_BLOCK, _BLOCK + taps - 1))
    for row in range(_BLOCK):
        band[row, row : row + taps] = window
    return band


def _n_windows(side: int, band: Floats) -> int:
    """Number of windows of ``band`` that lie inside ``side`` samples."""
    taps = int(band.shape[1]) - _BLOCK + 1
    return side - taps + 1


def _halve(plane: Array) -> Floats:
    """Means of 2 x 2 samples, (H // 2, W // 2) float32, exact for 8-bit pictures down to the fifth scale."""
    rows, cols = plane.shape[0] // 2 * 2, plane.shape[1] // 2 * 2
    total = plane[0:rows:2, 0:cols:2].astype(np.float32)
    for top, left in ((0, 1), (1, 0), (1, 1)):
        total += plane[top:rows:2, left:cols:2]
    total *= np.float32(0.25)
    return total
