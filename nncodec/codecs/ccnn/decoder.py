"""The decoder of the ccnn codec: symbols, then filters, then pixels."""

import numpy as np
import numpy.typing as npt

from nncodec.codecs.ccnn.differences import code_differences
from nncodec.entropy.coder import Symbols
from nncodec.lapped.bitstream import Payload, Reader
from nncodec.lapped.decoder import Values, decode_latent
from nncodec.lapped.latent import MEAN_ONE
from nncodec.lapped.layout import CHANNELS, TAPS, step_size
from nncodec.lapped.model import LappedModel, from_planes, matrix_of
from nncodec.lapped.transform import Floats, synthesise


def decode(payload: Payload, model: LappedModel, width: int, height: int, channels: int) -> npt.NDArray[np.uint8]:
    """Decode pixels (H, W) or (H, W, 3). Raises CorruptFile for symbols that are not those that were written."""
    filters = list(model.synthesis[:channels])

    def read_filters(plane: int, values: Values, reader: Reader) -> None:
        if payload.differing[plane]:
            nothing = np.zeros((CHANNELS, TAPS * TAPS), np.int32)
            symbols = code_differences(nothing, np.zeros(CHANNELS, np.int32), reader.code)
            filters[plane] = changed(filters[plane], symbols, filter_steps(values)[0])

    latent = decode_latent(payload, model, width, height, channels, read_filters)
    step = np.float32(step_size(payload.quality))
    planes = [
        synthesise(values, own, 1 / MEAN_ONE)[:height, :width] * step
        for values, own in zip(latent, filters, strict=True)
    ]
    return from_planes(planes, matrix_of(payload.colours))


def filter_steps(values: Values) -> tuple[Floats, Floats]:
    """Quantiser steps of the filters (CHANNELS,), powers of two, and energies of the channels (CHANNELS,) in symbols².

    An error in a filter counts in the plane with the energy of its channel: the step is about one over its root.
    Encoder and decoder know the values (n, CHANNELS), in 1/16 symbol, and integers decide the step.
    """
    energies = [int(np.square(column.astype(np.int64)).sum()) // MEAN_ONE**2 for column in values.T]
    exponents = [energy.bit_length() // 2 for energy in energies]
    steps = np.array([2.0**-exponent for exponent in exponents], np.float32)
    return steps, np.array(energies, np.float32)


def changed(filters: Floats, symbols: Symbols, steps: Floats) -> Floats:
    """Filters (CHANNELS, TAPS, TAPS) that differ from the given ones by symbols (CHANNELS, TAPS * TAPS)."""
    return filters + (symbols * steps[:, None]).astype(np.float32).reshape(CHANNELS, TAPS, TAPS)
