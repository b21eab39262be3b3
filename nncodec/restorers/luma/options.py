"""Options of ``nnc train luma``."""

from nncodec.training.options import BATCH, CODED, RESUME, SEED, THREADS, WEIGHTS, Option, Training, crop, minutes
from nncodec.training.slim.options import Slim

TRAINING = Training(
    summary="Train the network of restorer luma.",
    description="Train the network of restorer luma, which all pictures share, on regions that codecs have coded.",
    output=CODED,
    options=(
        minutes("Time for all of it, over all sittings."),
        RESUME,
        WEIGHTS,
        Option("regions", int, 9400, "Regions to code before training.", low=1),
        BATCH,
        crop(128, "Side of a crop, a multiple of 8.", high=192),
        Option("rate", float, 1e-3, "Learning rate."),
        THREADS,
        SEED,
    ),
)
SLIM = Slim(options=("regions", "batch", "crop", "rate"))
