"""Constants that the networks, the coder and the format share."""

N_SCALES = 64
"""Scale indices, from 0; each has a distribution of symbols."""
SCALE_MIN = 0.05
"""Scale of the logistic distribution at index 0, in symbols."""
SCALE_OCTAVES = 11
"""log2 of the ratio of the largest to the smallest scale."""
INDICES_PER_OCTAVE = (N_SCALES - 1) / SCALE_OCTAVES

N_ANCHORS = 9
"""Qualities for which the weights hold values; the values between are interpolated."""
ANCHOR_SPACING = 25
"""Quality indices from one anchor to the next."""

LEAK = 0.125
"""Slope of the leaky ReLU below zero; a power of two, so that it is exact."""
SCALE_UNIT = 4.0
"""Scale indices that 1.0 stands for in the output of the context networks."""
