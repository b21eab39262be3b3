"""The lapped latent: its channels, their order and groups, and the quantiser steps."""

import numpy as np

STRIDE = 8
"""Pixels per latent position, along each axis."""
TAPS = 16
"""Side of the filters, in pixels: each overlaps half of its neighbour."""
CHANNELS = STRIDE * STRIDE
PLANES = 3

FREQUENCIES = sorted(((u, v) for u in range(STRIDE) for v in range(STRIDE)), key=lambda uv: (sum(uv), uv[0]))
"""Vertical and horizontal frequency of each channel of the start; channels are in zig-zag order."""
N_GROUPS = 2 * STRIDE - 1
GROUPS = tuple(
    slice(
        sum(u + v < group for u, v in FREQUENCIES),
        sum(u + v <= group for u, v in FREQUENCIES),
    )
    for group in range(N_GROUPS)
)
"""Channels of each group: those whose frequencies have the same sum. Group 0 is the local mean."""

PARITY = np.array([((-1) ** u, (-1) ** v) for u, v in FREQUENCIES], np.int8)
"""(CHANNELS, 2): the sign of each channel when the picture is mirrored vertically, and horizontally."""

COARSEST_STEP, STEP_OCTAVES = 192.0, 6.5
"""Quantiser step at quality index 0, in levels, and the number of times it halves up to MAX_QUALITY_INDEX."""
MAX_QUALITY_INDEX = 200


def step_size(quality: int) -> float:
    """Quantiser step in levels at a quality index."""
    return float(COARSEST_STEP * 2.0 ** (-STEP_OCTAVES * quality / MAX_QUALITY_INDEX))
