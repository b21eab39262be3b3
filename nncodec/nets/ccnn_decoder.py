"""The decoder of the ccnn codec: symbols, then filters, then pixels."""

import numpy as np
import numpy.typing as npt

from nncodec.entropy import differences
from nncodec.entropy.band_walk import Payload, Reader, walk
from nncodec.entropy.bands import CHANNELS, STRIDE, TAPS, Pass, step_size
from nncodec.entropy.coder import Indices, Symbols
from nncodec.entropy.context import MEAN_FLOOR, MEAN_ONE, Known, Means
from nncodec.entropy.payload import stamp
from nncodec.errors import CorruptFile
from nncodec.nets.ccnn_model import Model, from_planes, matrix_of, restored, row_steps
from nncodec.nets.lapped import Decoder, paint

_SLACK, _STATE_BITS = 1.01, 64
"""What the range coder may save, by rounding and at its end, against the content of the symbols."""


def decode(payload: Payload, model: Model, width: int, height: int, channels: int) -> npt.NDArray[np.uint8]:
    """Pixels (H, W) or (H, W, 3). Raises CorruptFile for symbols that are not those that were written."""
    rows, columns = -(-height // STRIDE), -(-width // STRIDE)
    least = min(float(model.tables.costs(index).min()) for index in range(MEAN_FLOOR, len(model.tables.half_widths)))
    if channels * rows * columns * least > _SLACK * (8 * len(payload.words) + _STATE_BITS):
        raise CorruptFile(f"{len(payload.words)} bytes are too few for {width} x {height} pixels")
    known = Known(rows, columns, channels, model.sizes)
    reader = Reader(model.tables, stamp(width, height, channels, payload.quality), payload)
    contexts = model.contexts(payload.quality)
    decoders = []

    def exchange(group: int, each: Pass, means: Means, indices: Indices) -> Symbols:
        return reader.code(None, indices)

    for plane in range(channels):
        walk(known, contexts, plane, payload.groups[plane], exchange)
        decoders.append(_decoder(model.decoder(plane), payload.differing[plane], known.values[plane], reader))
    reader.finish()
    step = np.float32(step_size(payload.quality))
    planes = []
    for values, decoder in zip(known.values, decoders, strict=True):
        painted = paint(values.reshape(rows, columns, CHANNELS) / np.float32(MEAN_ONE), decoder)
        planes.append(painted[:height, :width] * step)
    return from_planes(planes, matrix_of(payload.colours))


def _decoder(start: Decoder, differs: bool, values: npt.NDArray[np.int16], reader: Reader) -> Decoder:
    """The plane's decoder: the shared start, or what differs from it."""
    if not differs:
        return start
    nothing = np.zeros((CHANNELS, TAPS * TAPS), np.int32)
    symbols = differences.exchange(nothing, np.zeros(CHANNELS, np.int32), reader.code)
    return restored(start, symbols, row_steps(values)[0])
