"""Slopes of bits through the networks of contexts: their layers, their features, and logistic distributions."""

import numpy as np
import numpy.typing as npt

from nncodec.codecs.learned.context import ACTIVATION_BITS, ACTIVATION_LIMIT, Layer, activated
from nncodec.codecs.learned.grid import MEAN_ONE, N_SIZES, SIGNED_LIMIT, SIGNED_UNIT
from nncodec.entropy.scales import INDICES_PER_OCTAVE, LEAK, N_SCALES, SCALE_MIN

Floats = npt.NDArray[np.float32]

_STEEPEST = 60.0
"""Magnitude of exponents at which they saturate."""


def logistic_slopes(residual: Floats, index: Floats) -> tuple[Floats, Floats]:
    """Slopes of the bits of residuals, in symbols, over these, and over scale indices.

    They are those of the mass of an interval of width 1 about the residual. Indices that are out of range have none.
    """
    inside = ((index > 0) & (index < N_SCALES - 1)).astype(np.float32)
    inverse = np.exp2(index.clip(0, N_SCALES - 1) * np.float32(-1 / INDICES_PER_OCTAVE)) * np.float32(1 / SCALE_MIN)
    above, below = residual + np.float32(0.5), residual - np.float32(0.5)
    past, before = _sigmoid(-above * inverse), _sigmoid(below * inverse)
    bit = np.float32(1 / np.log(2))
    by_residual: Floats = (before - past) * inverse * bit
    by_inverse: Floats = below * before - above * past
    by_inverse -= 1 / np.expm1(inverse)
    by_index: Floats = by_inverse * inverse * np.float32(-1 / INDICES_PER_OCTAVE) * inside
    return by_residual, by_index


def _sigmoid(x: Floats) -> Floats:
    found: Floats = 1 / (1 + np.exp(-x.clip(-_STEEPEST, _STEEPEST)))
    return found


def back(
    layers: tuple[Layer, ...], features: Floats, linear: Floats, coded: npt.NDArray[np.int16]
) -> tuple[Floats, Floats]:
    """Slopes of the bits of coded values (n, k), in 1/16 symbol, over their means (n, k) and over features.

    Args:
        layers: of the network.
        features: (n, inputs)
        linear: (n, k), the sums of the linear part, in 1/16 symbol.
        coded: the values.

    Returns:
        slopes over the means, (n, k), and over the features, (inputs, n).
    """
    x, passed = features, []
    for layer in layers[:-1]:
        sums = layer(x)
        unit = np.float32(2.0 ** (ACTIVATION_BITS - layer.bits))
        slope: Floats = np.where(sums >= 0, unit, unit * np.float32(LEAK))
        x = activated(sums, layer.bits)
        slope[np.abs(x) >= ACTIVATION_LIMIT] = 0
        passed.append(slope)
    out, channels, last = layers[-1](x), coded.shape[1], layers[-1].bits
    means = out[:, :channels] * np.float32(2.0 ** (4 - last)) + linear.astype(np.float32)
    residual: Floats = (coded - means) * np.float32(1 / MEAN_ONE)
    by_residual, by_index = logistic_slopes(residual, out[:, channels:] * np.float32(2.0 ** (2 - last)))
    by_mean = by_residual * np.float32(-1 / MEAN_ONE)
    slopes = np.concatenate([by_mean * np.float32(2.0 ** (4 - last)), by_index * np.float32(2.0 ** (2 - last))], 1)
    for layer, slope in zip(layers[:0:-1], reversed(passed), strict=True):
        slopes = (slopes @ layer.weights.T) * slope
    return by_mean, layers[0].weights @ slopes.T


def signed_slope(values: Floats) -> Floats:
    """Slopes of signed features over values."""
    return np.where(np.abs(values) < SIGNED_UNIT * SIGNED_LIMIT, np.float32(1 / SIGNED_UNIT), np.float32(0))


def size_slope(values: Floats) -> Floats:
    """Slopes of sizes, 8 log2(1 + |v| / 8), over values."""
    size = np.abs(values)
    slope: Floats = np.sign(values) * np.float32(8 / np.log(2)) / (8 + size)
    slope[size >= N_SIZES] = 0
    return slope
