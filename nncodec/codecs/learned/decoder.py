"""The decoder of the learned codec: symbols, then pixels."""

import numpy as np
import numpy.typing as npt

from nncodec.codecs.learned.synthesis import Synthesizer
from nncodec.lapped.bitstream import Payload
from nncodec.lapped.decoder import decode_latent
from nncodec.lapped.model import LappedModel, matrix_of


def decode(
    payload: Payload, model: LappedModel, width: int, height: int, channels: int, device: str
) -> npt.NDArray[np.uint8]:
    """Decode pixels (H, W) or (H, W, 3). Raises CorruptFile for symbols that are not those that were written."""
    synthesizer = Synthesizer(model, payload.quality, matrix_of(payload.colours), device)
    return synthesizer.pixels(decode_latent(payload, model, width, height, channels), width, height)
