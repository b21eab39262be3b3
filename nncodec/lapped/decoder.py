"""The decoder of the lapped latent: from a payload to the values of all planes."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from nncodec.entropy.coder import Indices, Symbols
from nncodec.entropy.scales import N_SCALES
from nncodec.errors import CorruptFile
from nncodec.lapped.bitstream import LatentPayload, Payload, Reader, code_latent, stamp
from nncodec.lapped.context import MEAN_FLOOR
from nncodec.lapped.latent import DecodedLatent, Means
from nncodec.lapped.layout import STRIDE, Pass
from nncodec.lapped.model import LappedModel
from nncodec.threads import products_alone

Values = npt.NDArray[np.int16]
_SLACK, _STATE_BITS = 1.01, 64
"""Factor and bits by which the range coder's words may be fewer than the content of the symbols: rounding, the end."""


def positions(width: int, height: int) -> tuple[int, int]:
    """Rows and columns of the latent of a picture."""
    return -(-height // STRIDE), -(-width // STRIDE)


def opened(payload: LatentPayload, model: LappedModel, least: float, width: int, height: int, channels: int) -> Reader:
    """A reader of a payload's symbols.

    Raises CorruptFile where there are too few bytes for the size: every position of the first plane has a symbol of
    group 0, and these cost at least ``least`` bits on average.
    """
    rows, columns = positions(width, height)
    if rows * columns * least > _SLACK * (8 * len(payload.words) + _STATE_BITS):
        raise CorruptFile(f"{len(payload.words)} bytes are too few for {width} x {height} pixels")
    start = stamp(width, height, channels, payload.quality)
    return Reader(model.tables, start, payload.checksum, payload.escapes, payload.words)


def decode_latent(
    payload: Payload,
    model: LappedModel,
    width: int,
    height: int,
    channels: int,
    after_plane: Callable[[int, Values, Reader], None] = lambda *_: None,
) -> Values:
    """Decode the values of all planes, (channels, h, w, CHANNELS) int16 in 1/16 symbol.

    ``after_plane`` is called with each plane's number, its values (h * w, CHANNELS) in the order of coding, and the
    reader, to read more symbols of that plane. Raises CorruptFile for symbols that are not those that were written,
    and before anything is allocated where there are too few bytes for the size.
    """
    least = model.tables.least_cost(range(MEAN_FLOOR, N_SCALES))
    reader = opened(payload, model, least, width, height, channels)
    known = DecodedLatent(*positions(width, height), channels, model.sizes)
    contexts = model.contexts(payload.quality)

    def code_symbols(group: int, each: Pass, means: Means, indices: Indices) -> Symbols:
        return reader.code(None, indices)

    with products_alone():
        for plane in range(channels):
            code_latent(known, contexts, plane, payload.groups[plane], code_symbols)
            after_plane(plane, known.values[plane], reader)
    reader.finish()
    return known.latent()
