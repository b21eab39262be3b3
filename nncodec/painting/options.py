"""The options that training superres and training generative share."""

from pathlib import Path

from nncodec.training.options import BATCH, RESUME, SEED, THREADS, Option, crop, minutes
from nncodec.training.slim.options import Slim

OPTIONS = (
    minutes("Time for all of it, over all sittings."),
    RESUME,
    Option(
        "weights",
        Path,
        None,
        "Exported weights to begin with, of this codec, of superres or of compact; smaller networks are widened. "
        "Give the same with --resume.",
    ),
    Option("regions", int, 6000, "Regions to code before training, or as many as a fifth of the time allows.", low=1),
    BATCH,
    crop(64, "Side of a crop of the small picture, a multiple of 8.", high=96),
    Option("rate", float, 2e-3, "Learning rate of the exact network."),
    Option(
        "exact", float, 0.3, "Share of the time for the exact network; the rest is the painting one's.", low=0, high=1
    ),
    Option("width", int, 48, "Channels of the networks.", low=1),
    Option("blocks", int, 6, "Residual blocks of the networks.", low=1),
    THREADS,
    SEED,
)
SHORTER = Slim(options=("regions", "batch", "crop", "rate"), settings={"together": True})
"""How both codecs' networks are made thinner: both at once."""
