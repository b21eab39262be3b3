"""Rounding of weights that depend on each other: what one loses, the next ones make good. After GPTQ.

Frantar et al., "GPTQ: Accurate Post-Training Quantization for Generative Pre-trained Transformers" (2023), section 3.
The restorer ``tuned`` chooses its symbols so, `nncodec.training.slim` the kernels of networks in 8 bits and fewer.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]
Rounding = Callable[[Doubles, float], Doubles]
"""Rounds the values (k,) at one place of k rows, given the error there that costs one; returns values (k,)."""

_RIDGE, _FLOOR = 1e-2, 1e-6
"""Shares of the diagonal of the curvature, and of its mean, that are added to it: it must have an inverse."""


def compensated(rows: npt.NDArray[np.floating], curvature: Doubles, rounding: Rounding) -> Doubles:
    """Round k rows (k, n) of values, the most sensitive place first; the values still to come are moved.

    They are moved such that they compensate the error of the rounding as far as the curvature allows.

    Args:
        rows: (k, n), each rounded apart.
        curvature: (n, n) second derivatives of the error, the same for all rows.
        rounding: rounds one place of all rows. The cost of an error e there is 0.5 * (e / scale)^2, the scale being
            its second argument.

    Returns:
        The rounded values (k, n).
    """
    sensitivity = np.diag(curvature)
    order = np.argsort(-sensitivity)
    damped = curvature + np.diag(_RIDGE * sensitivity + _FLOOR * sensitivity.mean() + 1e-12)
    # (n, n) upper triangular; row i tells how an error at i is compensated at i + 1 .. n - 1
    factor = np.linalg.cholesky(np.linalg.inv(damped[np.ix_(order, order)])).T
    left = rows[:, order].astype(np.float64)  # not yet rounded
    rounded = np.empty_like(left)
    for i, place in enumerate(order):
        rounded[:, place] = rounding(left[:, i], factor[i, i])
        error = left[:, i] - rounded[:, place]
        left[:, i + 1 :] -= (error / factor[i, i])[:, None] * factor[i, i + 1 :]
    return rounded
