"""Weights to symbols, by what each rounding costs in error and in bits."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]

_RIDGE, _FLOOR = 1e-2, 1e-6
"""What is added to the diagonal of the curvature, so that it can be inverted: shares of itself, and of its mean."""


def rounded(
    difference: npt.NDArray[np.float32],
    curvature: Doubles,
    steps: Doubles,
    bits: Sequence[npt.NDArray[np.float32]],
    price: float,
) -> npt.NDArray[np.int32]:
    """Symbols (k, n) that stand for ``difference`` (n,), one row for each of k codes.

    The weights are rounded one after the other, the most sensitive first, and what was rounded off each is made good by
    those still to come, as far as the curvature says they can: Frantar et al., "GPTQ: Accurate Post-Training
    Quantization for Generative Pre-trained Transformers" (2023), section 3, with the bits added to its error.

    Args:
        difference: what to code.
        curvature: (n, n) second derivatives of the error.
        steps: (k,) step sizes.
        bits: for each code the bits of the symbols -h to h and at last that of an escape, (2 h + 2,).
        price: error that a bit may cost.
    """
    sensitivity = np.diag(curvature)
    order = np.argsort(-sensitivity)
    damped = curvature + np.diag(_RIDGE * sensitivity + _FLOOR * sensitivity.mean() + 1e-12)
    spread = np.linalg.cholesky(np.linalg.inv(damped[np.ix_(order, order)])).T
    costs, half = _padded(bits)
    codes = np.arange(len(steps))[:, None]
    left = np.tile(difference[order].astype(np.float64), (len(steps), 1))
    symbols = np.zeros(left.shape, np.int32)
    for i in range(len(order)):
        wanted = left[:, i] / steps
        low = np.floor(wanted)
        choices = np.stack([np.zeros_like(low), low, low + 1], axis=1)
        off = (wanted[:, None] - choices) * steps[:, None]
        places = np.clip(choices, -half, half).astype(int) + half
        cost = 0.5 * np.square(off / spread[i, i]) + price * costs[codes, places]
        best = cost.argmin(axis=1)[:, None]
        symbols[:, order[i]] = np.take_along_axis(choices, best, 1)[:, 0]
        left[:, i + 1 :] -= np.take_along_axis(off, best, 1) / spread[i, i] * spread[i, i + 1 :]
    return symbols


def _padded(bits: Sequence[npt.NDArray[np.float32]]) -> tuple[Doubles, int]:
    """Bits of the symbols -half to half by code, (k, 2 half + 1); an escaped symbol takes another ten bits."""
    half = max(len(row) // 2 for row in bits)
    costs = np.empty((len(bits), 2 * half + 1))
    for padded, row in zip(costs, bits, strict=True):
        own = len(row) // 2 - 1
        padded[:] = row[-1] + 10
        padded[half - own : half + own + 1] = row[:-1]
    return costs, half
