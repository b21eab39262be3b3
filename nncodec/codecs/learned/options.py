"""Options of ``nnc train learned``."""

from nncodec.training.options import BATCH, PICTURES, RESUME, SEED, THREADS, WEIGHTS, Option, Training, crop, minutes

TRAINING = Training(
    summary="Train the codec learned.",
    description="""Train the weights of codec learned: transforms, synthesis network and contexts.

The time given is for transforms and network. Between the two the contexts are trained, one after the other, each for
its steps: 20,000 take ten to fifteen minutes of one core for each of the larger ones, some three hours for all. Then
crops are coded for the network to learn from. The state is saved every minute and at the end. Every few minutes a line
of figures is written to log.jsonl, measured on pictures that are kept out of training.""",
    output=PICTURES,
    options=(
        minutes("For transforms and network, over all sittings."),
        RESUME,
        WEIGHTS,
        BATCH,
        crop(128, "Their side, a multiple of 8."),
        Option("region", int, 192, "Side of the regions that the network learns from, at most 256.", low=32),
        Option("rate", float, 1e-3, "Learning rate of the network."),
        Option("width", int, 80, "Channels of the network.", low=1),
        Option("blocks", int, 4, "Its residual blocks.", low=1),
        Option("context_steps", int, 20_000, "Steps of a context with many bits; others take fewer.", low=1),
        Option("context_crops", int, 4000, "Crops that contexts and network learn from, 1.4 MB of disk each.", low=1),
        Option("every_minutes", float, 5.0, "Time between checkpoints."),
        THREADS,
        SEED,
    ),
)
