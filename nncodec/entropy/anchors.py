"""Interpolation between anchor qualities, in integers: the same result on every machine."""

import numpy as np
import numpy.typing as npt

from nncodec.entropy.scales import ANCHOR_SPACING, N_ANCHORS

Integers = npt.NDArray[np.integer]


def interpolate(anchors: Integers, quality: int) -> Integers:
    """Interpolate a table over the quality linearly; halves round up.

    Args:
        anchors: (N_ANCHORS, n), a row for each anchor.
        quality: index, 0 to 200.

    Returns:
        (n,) int64.
    """
    low = min(quality // ANCHOR_SPACING, N_ANCHORS - 2)
    share = quality - low * ANCHOR_SPACING
    table = anchors.astype(np.int64)
    between = table[low] * (ANCHOR_SPACING - share) + table[low + 1] * share
    row: Integers = (2 * between + ANCHOR_SPACING) // (2 * ANCHOR_SPACING)
    return row
