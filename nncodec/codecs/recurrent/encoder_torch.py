"""The encoder of the recurrent codec: pictures to layers of bits.

The picture is held whole: at 8 megapixels encoding took some 150 bytes of memory per pixel, decoding 115. So the codec
limits its size.
"""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from nncodec.codecs.recurrent.bitstream import CHECKSUM_MASK, BitWriter, Segment, Symbols, code_round
from nncodec.codecs.recurrent.context import LEVEL_BITS, BitState, Round
from nncodec.codecs.recurrent.decoder import first_checksum
from nncodec.codecs.recurrent.model_torch import PictureState, RecurrentModel, by_rows, to_levels
from nncodec.codecs.recurrent.network_torch import binariser_inputs
from nncodec.codecs.recurrent.transform import CHANNELS, Bytes, Floats, analyse, mirrored, to_planes
from nncodec.nets.threads_torch import limited


@limited()
@torch.no_grad()
def encode(model: RecurrentModel, pixels: Bytes, layers: int) -> list[Segment]:
    """Encode pixels (H, W) or (H, W, 3) uint8 in the given number of layers."""
    planes, (height, width) = to_planes(pixels), pixels.shape[:2]
    coefficients = analyse(mirrored(planes))  # (channels, h, w)
    state = PictureState(model, BitState(*coefficients.shape), width, height)
    memory = torch.zeros(1, model.network.encoder.width, *coefficients.shape[1:])
    segments, checksum = [], first_checksum(width, height, len(planes))
    for layer in range(layers):
        writer = BitWriter(model.contexts.tables, checksum)
        memory = _encode_layer(state, coefficients, memory, layer, writer)
        checksum = writer.checksum
        segments.append(Segment(checksum & CHECKSUM_MASK, writer.finish()))
    return segments


def _encode_layer(state: PictureState, coefficients: Floats, memory: Tensor, layer: int, writer: BitWriter) -> Tensor:
    """Encode one layer of coefficients (channels, h, w); return the encoder's next memory."""
    model, sums = state.model, state.bits.sums
    correction = state.correction()

    def seen(rows: slice) -> Tensor:
        missing = torch.zeros(1, CHANNELS, *coefficients[:1, rows].shape[1:])
        missing[0, : len(coefficients)] = torch.from_numpy(coefficients[:, rows] - correction[:, rows])
        return model.network.encoder_input(missing.sub_(to_levels(sums[:, rows])), layer)

    memory = model.network.encoder(by_rows(seen, coefficients.shape[1]), memory)
    shift, dead_zone = model.network.offsets(memory)
    for part in model.contexts.rounds_of(layer, len(coefficients)):
        here = part.channels
        residual = coefficients[here] - sums[here].astype(np.float32) * 0.5**LEVEL_BITS
        if model.additive:
            residual -= correction[here]
        symbols = _binarise(residual, shift[0, here], dead_zone[0, here], part)
        code_round(state.bits, model.contexts, layer, part, writer, symbols.reshape(len(here), -1))
    state.finish_layer()
    return memory


def _binarise(residual: npt.NDArray[np.float32], shift: Tensor, dead_zone: Tensor, part: Round) -> Symbols:
    """The symbols of a round, (k, h, w) of -1, 0 and 1, for residuals in levels."""
    thresholds = np.exp2(part.exponent).astype(np.float32)[:, None, None]
    up, down = binariser_inputs(torch.from_numpy(residual / thresholds), shift, dead_zone)
    symbols: Symbols = np.where(up > 0, 1, -1 * (down > 0).numpy()).astype(np.int8)
    return symbols
