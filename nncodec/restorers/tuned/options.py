"""Options of ``nnc train tuned``."""

from nncodec.training.options import Training, minutes

TRAINING = Training(
    summary="Train the shared starts of the 378-parameter restorer.",
    description="""Train the shared starts of the 378-parameter restorer.

A start that is finished is kept in the output folder, and the same command goes on with the next.""",
    output="Folder of the finished starts and of tuned.npz; a cache of decoded pictures is made beside it.",
    options=(minutes("For all starts together."),),
)
