"""The decoder of the ccnn codec: symbols, then filters, then pixels."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from nncodec.entropy.coder import Symbols
from nncodec.lapped import decoder as lapped_decoder
from nncodec.lapped import differences
from nncodec.lapped.bitstream import Payload, Reader
from nncodec.lapped.decoder import Values
from nncodec.lapped.latent import MEAN_ONE
from nncodec.lapped.layout import CHANNELS, TAPS, step_size
from nncodec.lapped.model import Model, from_planes, matrix_of
from nncodec.lapped.transform import Decoder, Floats, paint


def decode(payload: Payload, model: Model, width: int, height: int, channels: int) -> npt.NDArray[np.uint8]:
    """Pixels (H, W) or (H, W, 3). Raises CorruptFile for symbols that are not those that were written."""
    decoders = [model.decoder(plane) for plane in range(channels)]

    def read_filters(plane: int, values: Values, reader: Reader) -> None:
        if payload.differing[plane]:
            nothing = np.zeros((CHANNELS, TAPS * TAPS), np.int32)
            symbols = differences.code_differences(nothing, np.zeros(CHANNELS, np.int32), reader.code)
            decoders[plane] = restored(decoders[plane], symbols, row_steps(values)[0])

    found = lapped_decoder.values(payload, model, width, height, channels, read_filters)
    step = np.float32(step_size(payload.quality))
    planes = []
    for values, decoder in zip(found, decoders, strict=True):
        painted = paint(values, decoder, 1 / MEAN_ONE)
        planes.append(painted[:height, :width] * step)
    return from_planes(planes, matrix_of(payload.colours))


def row_steps(values: Values) -> tuple[Floats, Floats]:
    """Quantiser step of each channel's filter, (CHANNELS,), a power of two; and the energy of its values in symbols.

    The error that a filter's error paints grows with the energy of its channel: the step is about one over its root.
    Encoder and decoder know the values (n, CHANNELS), in 1/16 symbol, and integers decide the step.
    """
    total = [int(np.square(column.astype(np.int64)).sum()) // MEAN_ONE**2 for column in values.T]
    exponents = [energy.bit_length() // 2 for energy in total]
    steps = np.array([2.0**-exponent for exponent in exponents], np.float32)
    return steps, np.array(total, np.float32)


def restored(decoder: Decoder, symbols: Symbols, steps: Floats) -> Decoder:
    """A decoder whose latent's filters differ by symbols (CHANNELS, TAPS * TAPS)."""
    filters = decoder.filters.copy()
    filters[:CHANNELS] += (symbols * steps[:, None]).astype(np.float32).reshape(CHANNELS, TAPS, TAPS)
    return replace(decoder, filters=filters)
