"""Options of ``nnc train learned``."""

from nncodec.training.options import BATCH, PICTURES, RESUME, SEED, THREADS, WEIGHTS, Option, Training, crop, minutes
from nncodec.training.slim.options import Slim

TRAINING = Training(
    summary="Train the codec learned.",
    description="""Train the weights of codec learned: transforms, synthesis network and contexts.

First the transforms are trained, then the contexts, one after the other; then crops are coded, and the network learns
from them. Each has a share of the time. All steps of all contexts take some three hours of one core; in less time they
take fewer. The state is saved every minute and at the end. Every few minutes a line of figures is written to log.jsonl,
measured on pictures that are kept out of training.""",
    output=PICTURES,
    options=(
        minutes("Time for all of it, over all sittings."),
        RESUME,
        WEIGHTS,
        BATCH,
        crop(128, "Their side, a multiple of 8."),
        Option("region", int, 192, "Side of the regions that the network learns from, at most 256.", low=32),
        Option("rate", float, 1e-3, "Learning rate of the network."),
        Option("width", int, 80, "Channels of the network.", low=1),
        Option("blocks", int, 4, "Its residual blocks.", low=1),
        Option("context_steps", int, 20_000, "Most steps of a context with many bits; others take fewer.", low=1),
        Option(
            "context_crops", int, 4000, "Most crops that contexts and network learn from, 1.4 MB of disk each.", low=1
        ),
        Option("every_minutes", float, 5.0, "Time between checkpoints."),
        THREADS,
        SEED,
    ),
)
SLIM = Slim(
    options=("batch", "region", "rate", "context_crops"),
    settings={"network_only": True, "transforms_end": 0.0, "coding_end": 0.3},
)
