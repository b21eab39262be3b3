"""The decoder of the recurrent codec: layers of bits, the first ones or all, to pixels."""

from collections.abc import Sequence

import torch

from nncodec.codecs.recurrent.bitstream import CHECKSUM_MASK, BitReader, Segment, code_round
from nncodec.codecs.recurrent.model_torch import PictureState, RecurrentModel
from nncodec.codecs.recurrent.transform import Bytes
from nncodec.errors import CorruptFile
from nncodec.nets.threads_torch import limited


@limited()
@torch.no_grad()
def decode(model: RecurrentModel, segments: Sequence[Segment], width: int, height: int, channels: int) -> Bytes:
    """Decode layers, the first ones or all, to pixels (height, width) or (height, width, 3) uint8.

    Raises CorruptFile if the bits of a layer do not have its checksum, or if there are more layers than the weights
    have.
    """
    if len(segments) > model.contexts.n_layers:
        raise CorruptFile(f"{len(segments)} layers, of which the weights know {model.contexts.n_layers}")
    state = PictureState(model, width, height, channels)
    for layer, segment in enumerate(segments):
        reader = BitReader(model.contexts.tables, segment.words, state.checksum)
        for part in model.rounds(layer, len(state.bits.sums)):
            code_round(state.bits, model.contexts, layer, part, reader)
        reader.finish()
        state.checksum = reader.checksum
        if reader.checksum & CHECKSUM_MASK != segment.checksum:
            raise CorruptFile(f"the bits of layer {layer + 1} are not those that were written")
        state.finish_layer()
    return state.pixels()
