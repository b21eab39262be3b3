"""Options of ``nnc train luma``."""

from nncodec.training.options import BATCH, CODED, RESUME, SEED, THREADS, Option, Training, crop, minutes

TRAINING = Training(
    summary="Train a restorer that pictures share.",
    description="Train a restorer that all pictures share, on regions as codecs return them.",
    output=CODED,
    options=(
        minutes("Over all sittings."),
        RESUME,
        Option("regions", int, 9400, "Regions coded beforehand.", low=1),
        BATCH,
        crop(128, "Their side, a multiple of 8.", high=192),
        Option("rate", float, 1e-3, "Learning rate."),
        THREADS,
        SEED,
    ),
)
