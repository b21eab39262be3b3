"""Options of ``nnc train compact``."""

from nncodec.training.options import BATCH, CODED, RESUME, SEED, THREADS, WEIGHTS, Option, Training, crop, minutes

TRAINING = Training(
    summary="Train the networks of codec compact.",
    description=(
        "Train by turns the network that makes half-size pictures and the one that restores them, with codecs between."
    ),
    output=CODED,
    options=(
        minutes("Over all sittings."),
        RESUME,
        WEIGHTS,
        Option("regions", int, 4000, "Regions coded in each round.", low=1),
        BATCH,
        crop(64, "Their side, halved; a multiple of 8.", high=96),
        Option("rate", float, 2.5e-3, "Learning rate."),
        Option("price", float, 1.0, "Of a bit while ComCNN learns; 0: as published."),
        Option("width", int, 32, "Channels of RecCNN.", low=1),
        Option("blocks", int, 5, "Its residual blocks.", low=1),
        THREADS,
        SEED,
    ),
)
