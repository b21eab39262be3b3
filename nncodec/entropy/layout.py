"""Numbers that networks, coder and format share: the latent's geometry, the scales, the fixed-point steps."""

LATENT_STRIDE = 16
"""Pixels per latent position, along each axis."""
CELL_STRIDE = 32
"""Pixels per cell of 2 x 2 latent positions, along each axis."""
HYPER_STRIDE = 64
"""Pixels per hyper-latent position; pictures are padded to a multiple of it."""

STEPS = 4
"""Steps in which a cell's latents are coded; also the number of channel groups and of positions in a cell."""
FIRST_POSITIONS = (0, 3, 1, 2)
"""Position (2 * row + column within the cell) that group 0 codes at each step: diagonal first."""


def position(step: int, group: int) -> int:
    """Position within the 2 x 2 cell that channel group ``group`` codes at ``step``.

    A Latin square: every step takes one position of each group, and all four positions occur in every step.
    """
    return FIRST_POSITIONS[step] ^ group


N_SCALES = 64
"""Entries in the table of scales."""
SCALE_MIN = 0.05
"""Scale of the logistic distribution at index 0, in symbols."""
SCALE_OCTAVES = 11
"""log2 of the ratio of the largest to the smallest scale."""
INDICES_PER_OCTAVE = (N_SCALES - 1) / SCALE_OCTAVES

N_ANCHORS = 9
"""Qualities for which the weights hold gains; those between are interpolated."""
ANCHOR_SPACING = 25
"""Quality indices from one anchor to the next."""
MAX_QUALITY_INDEX = ANCHOR_SPACING * (N_ANCHORS - 1)
"""Quality indices run from 0 to this."""

ACTIVATION_LIMIT = 128.0
"""Activations of exact layers are clamped to plus or minus this."""
LEAK = 0.125
"""Slope of the leaky ReLU below zero; a power of two, so that it is exact."""
SCALE_UNIT = 4.0
"""Scale indices per unit of the networks' scale output."""
