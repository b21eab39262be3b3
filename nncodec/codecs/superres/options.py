"""Options of ``nnc train superres``."""

from nncodec.painting.options import OPTIONS
from nncodec.training.options import CODED, Training

TRAINING = Training(
    summary="Train the generators of codec superres.",
    description="""Train the generators of codec superres, one exact and one that paints.

They are trained on pictures that were halved and coded: first for the least squared error, then also against a
discriminator, with a distance of features of AlexNet beside it, whose weights the package stlpips-pytorch holds.""",
    output=CODED,
    options=OPTIONS,
)
