"""Options of ``nnc train compact``."""

from nncodec.training.options import BATCH, CODED, RESUME, SEED, THREADS, WEIGHTS, Option, Training, crop, minutes
from nncodec.training.slim.options import Slim

TRAINING = Training(
    summary="Train the networks of codec compact.",
    description="""Train the networks of codec compact: ComCNN makes the half-size picture, RecCNN enlarges it.

They are trained by turns. The base codecs code the half-size pictures between them.""",
    output=CODED,
    options=(
        minutes("Time for all of it, over all sittings."),
        RESUME,
        WEIGHTS,
        Option("regions", int, 4000, "Regions coded in each round.", low=1),
        BATCH,
        crop(64, "Side of a crop after halving, a multiple of 8.", high=96),
        Option("rate", float, 2.5e-3, "Learning rate."),
        Option("price", float, 1.0, "Price of a bit in the loss of ComCNN; 0, as in the paper, ignores the rate."),
        Option("width", int, 32, "Channels of RecCNN.", low=1),
        Option("blocks", int, 5, "Residual blocks of RecCNN.", low=1),
        THREADS,
        SEED,
    ),
)
SLIM = Slim(options=("regions", "batch", "crop", "rate"))
