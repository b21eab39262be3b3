"""The decoder of the recurrent codec from the sums on: the network, and the lapped transform, to pixels."""

from collections.abc import Iterator

import torch

from nncodec.codecs.recurrent.context import BitState
from nncodec.codecs.recurrent.model_torch import PictureState, RecurrentModel
from nncodec.codecs.recurrent.transform import Bytes
from nncodec.nets.threads_torch import limited


@limited()
@torch.no_grad()
def reconstruct(model: RecurrentModel, first: BitState, others: Iterator[BitState], width: int, height: int) -> Bytes:
    """Reconstruct pixels (height, width) or (height, width, 3) uint8.

    Args:
        model: the weights.
        first: the picture's state after the first layer.
        others: changes this state to that after each further layer.
        width, height: of the picture, in pixels.
    """
    picture = PictureState(model, first, width, height)
    picture.finish_layer()
    for _ in others:
        picture.finish_layer()
    return picture.pixels()
