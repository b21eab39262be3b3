"""Rate-distortion optimised quantisation of the weights of ``tuned``, which depend on each other."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from nncodec.nets.gptq import Doubles, compensated

ESCAPED_NUMBER_BITS = 10
"""Bits of the number that follows an escape; an estimate."""


def quantised(
    difference: npt.NDArray[np.float32],
    curvature: Doubles,
    steps: Doubles,
    bits: Sequence[npt.NDArray[np.float32]],
    price: float,
) -> npt.NDArray[np.int32]:
    """Quantise ``difference`` (n,) to symbols (k, n), one row for each of k codes.

    The weights are rounded one after the other; see `nncodec.nets.gptq.compensated`. A symbol minimises error and bits
    together, among the two nearest and zero.

    Args:
        difference: (n,), the numbers to quantise.
        curvature: (n, n) second derivatives of the error.
        steps: (k,) step sizes.
        bits: for each code the bits of the symbols -h to h and at last that of an escape, (2 h + 2,).
        price: error that one bit must save.
    """
    costs, half = _cost_table(bits)
    codes = np.arange(len(steps))[:, None]

    def nearby(values: Doubles, scale: float) -> Doubles:
        wanted = values / steps  # (k,), in steps
        low = np.floor(wanted)
        choices = np.stack([np.zeros_like(low), low, low + 1], axis=1)  # (k, 3)
        error = (wanted[:, None] - choices) * steps[:, None]
        entries = np.clip(choices, -half, half).astype(int) + half
        cost = 0.5 * np.square(error / scale) + price * costs[codes, entries]
        best: Doubles = np.take_along_axis(choices, cost.argmin(axis=1)[:, None], 1)[:, 0] * steps
        return best

    rounded = compensated(np.tile(difference, (len(steps), 1)), curvature, nearby)
    return np.rint(rounded / steps[:, None]).astype(np.int32)


def _cost_table(bits: Sequence[npt.NDArray[np.float32]]) -> tuple[Doubles, int]:
    """Bits of the symbols -half to half by code, (k, 2 half + 1), and half; both ends are escaped under every code."""
    half = max(len(row) // 2 for row in bits)
    costs = np.empty((len(bits), 2 * half + 1))
    for padded, row in zip(costs, bits, strict=True):
        own = len(row) // 2 - 1  # largest symbol of this code's table
        padded[:] = row[-1] + ESCAPED_NUMBER_BITS
        padded[half - own : half + own + 1] = row[:-1]
    return costs, half
