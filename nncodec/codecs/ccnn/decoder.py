"""The decoder of the ccnn codec: symbols, then filters, then pixels."""

import numpy as np
import numpy.typing as npt

from nncodec.codecs.ccnn.bitstream import Payload, read
from nncodec.codecs.ccnn.synthesis import exponents, filters, in_colour, synthesise


def decode(data: bytes, width: int, height: int, channels: int) -> npt.NDArray[np.uint8]:
    """Decode pixels (H, W) or (H, W, 3). Raises CorruptFile for payloads that no encoder writes."""
    payload = Payload.parse(data, channels)
    values, weights = read(payload, width, height, channels)
    kernels = in_colour(filters(weights, exponents(values), payload.step))
    return synthesise(values, kernels, payload.shape, payload.leak, (width, height))
