"""Options of ``nnc train generative``."""

from nncodec.painting.options import OPTIONS, SHORTER
from nncodec.training.options import CODED, Training

TRAINING = Training(
    summary="Train the generators of codec generative.",
    description="""Train the generators of codec generative, one exact and one that paints.

They are trained on pictures that were halved and coded by learned at low qualities: first for the least squared error,
then also against a discriminator, with a distance of features of AlexNet beside it, whose weights the package
stlpips-pytorch holds. Begin with the weights of superres, if there is little time.""",
    output=CODED,
    options=OPTIONS,
)
SLIM = SHORTER
