"""Options of ``nnc train ccnn``."""

from nncodec.training.options import BATCH, PICTURES, RESUME, SEED, THREADS, Option, Training, crop, minutes

TRAINING = Training(
    summary="Train the shared start of codec ccnn.",
    description="""Train the shared start of the codec that trains an autoencoder on each picture.

First the transforms, for half of the time; then the contexts are fitted, which takes about ten minutes at most.""",
    output=PICTURES,
    options=(
        minutes("Time for all of it, over all sittings."),
        RESUME,
        BATCH,
        crop(128, "Their side, a multiple of 8."),
        Option("rate", float, 2e-4, "Learning rate of the filters."),
        THREADS,
        SEED,
    ),
)
