"""HaarPSI, a similarity of Haar wavelet coefficients.

Reisenhofer, Bosse, Kutyniok, Wiegand: "A Haar wavelet-based perceptual similarity index for image quality assessment",
Signal Processing: Image Communication 61, 2018. C and alpha are those of the paper; borders and the matrix of Y'IQ
are those of the authors' program.
"""

import math
from collections.abc import Sequence

import numpy as np

from nncodec.bench.perceptual.samples import Array, Floats, halved, weighted

_C, _ALPHA = 30.0, 4.2
_YIQ = ((0.299, 0.587, 0.114), (0.596, -0.274, -0.322), (0.211, -0.523, 0.312))


def scores(a: Array, b: Array, names: Sequence[str]) -> dict[str, float]:
    """HaarPSI of two pictures (H, W, 3) uint8: from 0 to 1, that of equal ones."""
    return {"haarpsi": 1.0 if np.array_equal(a, b) else _haarpsi(a, b)}


def _haarpsi(a: Array, b: Array) -> float:
    (ya, ia, qa), (yb, ib, qb) = ([halved(weighted(pixels, row)) for row in _YIQ] for pixels in (a, b))
    total = weight_sum = 0.0
    weights = []
    for across in (False, True):
        fine = [np.abs(_haar(plane, scale, across)) for plane in (ya, yb) for scale in (1, 2)]
        local = (_similarity(fine[0], fine[2]) + _similarity(fine[1], fine[3])) / 2  # equation 10
        weights.append(np.maximum(np.abs(_haar(ya, 3, across)), np.abs(_haar(yb, 3, across))))  # equation 11
        total += float((_logistic(local) * weights[-1]).sum())
        weight_sum += float(weights[-1].sum())
    chroma = (_similarity(_smooth(ia), _smooth(ib)) + _similarity(_smooth(qa), _smooth(qb))) / 2
    mean_weight = (weights[0] + weights[1]) / 2
    total += float((_logistic(chroma) * mean_weight).sum())
    weight_sum += float(mean_weight.sum())
    mean = total / weight_sum
    return min(1.0, (math.log(mean / (1 - mean)) / _ALPHA) ** 2)


def _similarity(x: Floats, y: Floats) -> Floats:
    return (2 * x * y + _C) / (x * x + y * y + _C)


def _logistic(values: Floats) -> Floats:
    shares: Floats = 1 / (1 + np.exp(-_ALPHA * values))
    return shares


def _smooth(plane: Floats) -> Floats:
    """Absolute means of the 2 x 2 samples that begin at each place, 0 outside."""
    means: Floats = np.abs(_sums(plane, 2, 2, 0, 0)) / 4
    return means


def _haar(plane: Floats, scale: int, across: bool) -> Floats:
    """Responses to the Haar wavelet of one scale, (H, W), with a side of 2^scale samples; 0 outside."""
    if across:
        return _haar(plane.T, scale, False).T
    side = 2**scale
    half = side // 2
    upper = _sums(plane, half, side, half - 1, half - 1)
    lower = _sums(plane, half, side, -1, half - 1)
    response: Floats = (lower - upper) / side
    return response


def _sums(plane: Floats, height: int, width: int, up: int, left: int) -> Floats:
    """Sums over windows of ``height`` x ``width`` that begin ``up`` rows above each place and ``left`` left of it."""
    rows, cols = plane.shape
    reach = height + width  # more than any window lies outside
    padded = np.pad(plane, reach)
    sums = np.pad(padded.cumsum(0).cumsum(1), ((1, 0), (1, 0)))  # sums[i, j] is that of padded[:i, :j]
    top, first = reach - up, reach - left

    def corner(down: int, right: int) -> Floats:
        return sums[top + down : top + down + rows, first + right : first + right + cols]

    total: Floats = corner(height, width) - corner(0, width) - corner(height, 0) + corner(0, 0)
    return total
