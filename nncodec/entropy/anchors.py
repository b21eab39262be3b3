"""Tables over the quality in whole numbers, which are the same everywhere."""

import numpy as np
import numpy.typing as npt

from nncodec.entropy.scales import ANCHOR_SPACING, N_ANCHORS

Integers = npt.NDArray[np.integer]


def interpolate(anchors: Integers, quality: int) -> Integers:
    """Row of an (N_ANCHORS, n) table at a quality index, linear between anchors; halves round up."""
    low = min(quality // ANCHOR_SPACING, N_ANCHORS - 2)
    share = quality - low * ANCHOR_SPACING
    table = anchors.astype(np.int64)
    between = table[low] * (ANCHOR_SPACING - share) + table[low + 1] * share
    row: Integers = (2 * between + ANCHOR_SPACING) // (2 * ANCHOR_SPACING)
    return row
