"""Options of ``nnc train luma``."""

from nncodec.training.options import BATCH, CODED, RESUME, SEED, THREADS, Option, Training, crop, minutes

TRAINING = Training(
    summary="Train the network of restorer luma.",
    description="Train the network of restorer luma, which all pictures share, on regions that codecs have coded.",
    output=CODED,
    options=(
        minutes("Time for all of it, over all sittings."),
        RESUME,
        Option("regions", int, 9400, "Regions to code before training.", low=1),
        BATCH,
        crop(128, "Side of a crop, a multiple of 8.", high=192),
        Option("rate", float, 1e-3, "Learning rate."),
        THREADS,
        SEED,
    ),
)
