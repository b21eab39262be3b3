"""Options of ``nnc train recurrent``."""

from nncodec.training.options import PICTURES, RESUME, SEED, THREADS, WEIGHTS, Option, Training, crop, minutes

TRAINING = Training(
    summary="Train the networks of codec recurrent.",
    description="""Train encoder, decoder and contexts of codec recurrent.

First the bitplane schedule is made from the pictures: it says what each layer codes. Then the contexts are trained,
then all networks, then the contexts again.""",
    output=PICTURES,
    options=(
        minutes("Time for all of it, over all sittings."),
        RESUME,
        WEIGHTS,
        Option(
            "additive",
            bool,
            False,
            "Add up the outputs of all iterations, or let each reconstruct the whole picture.",
            opposite="one_shot",
        ),
        Option("batch", int, 6, "Crops per step.", low=1),
        crop(128, "Side of a crop, a multiple of 16."),
        Option("rate", float, 1e-3, "Learning rate of the networks."),
        Option("prior_rate", float, 5e-3, "Learning rate of the contexts."),
        Option("encoder", int, 48, "Channels of the encoder's memory.", low=1),
        Option("decoder", int, 96, "Channels of the decoder's memory.", low=1),
        Option("hidden", int, 64, "Hidden units of the contexts.", low=1),
        Option("every_minutes", float, 2.0, "Time between checkpoints."),
        THREADS,
        SEED,
    ),
)
