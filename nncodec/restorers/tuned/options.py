"""Options of ``nnc train tuned``."""

from nncodec.training.options import Training, minutes

TRAINING = Training(
    summary="Train the shared starts of restorer tuned.",
    description="""Train the shared starts of restorer tuned, a network of 378 parameters.

Finished starts are kept in the output folder, and the state of the one in training. The same command goes on from
there.""",
    output="Folder of the finished starts and of tuned.npz; a cache of decoded pictures is made beside it.",
    options=(minutes("Time for all of it, all starts together."),),
)
