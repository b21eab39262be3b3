"""Options of ``nnc train superres``."""

from dataclasses import replace

from nncodec.painting.options import OPTIONS, SHORTER
from nncodec.training.options import CODED, Option, Training

_HALVINGS = Option("halvings", int, 1, "1: for pictures of half the width and height; 2: of a quarter.", low=1, high=2)

TRAINING = Training(
    summary="Train the generators of codec superres.",
    description="""Train the generators of codec superres, one exact and one that paints.

They are trained on pictures that were halved and coded: first for the least squared error, then also against a
discriminator, with a distance of features of AlexNet beside it, whose weights the package stlpips-pytorch holds.

Those for pictures of a quarter of the size are trained by --halvings 2. They begin with the networks of --weights
for half the size, which are written beside them.""",
    output=CODED,
    options=(
        *OPTIONS,
        _HALVINGS,
    ),
)
SLIM = replace(SHORTER, options=(*SHORTER.options, _HALVINGS.name))
