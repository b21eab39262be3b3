"""Rate-distortion optimised quantisation of weights that depend on each other, after GPTQ."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]

ESCAPED_NUMBER_BITS = 10
"""Bits of the number that follows an escape; an estimate."""
_RIDGE, _FLOOR = 1e-2, 1e-6
"""Shares of the diagonal of the curvature, and of its mean, that are added to it: it must have an inverse."""


def quantised(
    difference: npt.NDArray[np.float32],
    curvature: Doubles,
    steps: Doubles,
    bits: Sequence[npt.NDArray[np.float32]],
    price: float,
) -> npt.NDArray[np.int32]:
    """Quantise ``difference`` (n,) to symbols (k, n), one row for each of k codes.

    The weights are rounded one after the other, the most sensitive first, and the weights still to come are moved to
    compensate the rounding error as far as the curvature allows: Frantar et al., "GPTQ: Accurate Post-Training
    Quantization for Generative Pre-trained Transformers" (2023), section 3. Here a symbol minimises error and bits
    together, among the two nearest and zero.

    Args:
        difference: (n,), the numbers to quantise.
        curvature: (n, n) second derivatives of the error.
        steps: (k,) step sizes.
        bits: for each code the bits of the symbols -h to h and at last that of an escape, (2 h + 2,).
        price: error that one bit must save.
    """
    sensitivity = np.diag(curvature)
    order = np.argsort(-sensitivity)
    damped = curvature + np.diag(_RIDGE * sensitivity + _FLOOR * sensitivity.mean() + 1e-12)
    # (n, n) upper triangular; row i tells how an error at i is compensated at i + 1 .. n - 1
    factor = np.linalg.cholesky(np.linalg.inv(damped[np.ix_(order, order)])).T
    costs, half = _cost_table(bits)
    codes = np.arange(len(steps))[:, None]
    left = np.tile(difference[order].astype(np.float64), (len(steps), 1))  # (k, n), not yet rounded
    symbols = np.zeros(left.shape, np.int32)
    for i in range(len(order)):
        wanted = left[:, i] / steps  # (k,), in steps
        low = np.floor(wanted)
        choices = np.stack([np.zeros_like(low), low, low + 1], axis=1)  # (k, 3)
        error = (wanted[:, None] - choices) * steps[:, None]
        entries = np.clip(choices, -half, half).astype(int) + half
        cost = 0.5 * np.square(error / factor[i, i]) + price * costs[codes, entries]
        best = cost.argmin(axis=1)[:, None]
        symbols[:, order[i]] = np.take_along_axis(choices, best, 1)[:, 0]
        left[:, i + 1 :] -= np.take_along_axis(error, best, 1) / factor[i, i] * factor[i, i + 1 :]
    return symbols


def _cost_table(bits: Sequence[npt.NDArray[np.float32]]) -> tuple[Doubles, int]:
    """Bits of the symbols -half to half by code, (k, 2 half + 1), and half; both ends are escaped under every code."""
    half = max(len(row) // 2 for row in bits)
    costs = np.empty((len(bits), 2 * half + 1))
    for padded, row in zip(costs, bits, strict=True):
        own = len(row) // 2 - 1  # largest symbol of this code's table
        padded[:] = row[-1] + ESCAPED_NUMBER_BITS
        padded[half - own : half + own + 1] = row[:-1]
    return costs, half
