"""The beginning of decoding: the size of the latent, and a reader of its symbols."""

import numpy as np
import numpy.typing as npt

from nncodec.errors import CorruptFile
from nncodec.lapped.bitstream import LatentPayload, Reader, stamp
from nncodec.lapped.layout import STRIDE
from nncodec.lapped.model import LappedModel

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
