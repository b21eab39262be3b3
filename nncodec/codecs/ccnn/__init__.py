"""The ccnn codec: a convolutional autoencoder trained on the one picture, after Roh et al., "Compressing CNN".

A convolution, a leaky ReLU and a transposed convolution, whose quantised weights are all in the file: nothing is
shared. Decoding is arithmetic with whole numbers, so that pixels are the same everywhere. Both ways take NumPy alone.
The payload's layout is in docs/format/ccnn.md.
"""

import numpy as np

from nncodec.codec import Frame, Lossless, Options, Pixels
from nncodec.errors import CorruptFile, EncodeError


class Ccnn:
    """See the module's docstring."""

    id = 20
    name = "ccnn"
    summary = (
        "A network trained on the one picture, which is in the file with it. Slow to encode; larger than avif. "
        "Decodes to the same pixels on every machine."
    )
    quality_step = 1.0
    fidelity = ((0, 26.38), (5, 27.57), (15, 30.25), (27, 33.86), (40, 38.02), (55, 42.88), (100, 57.86))
    lossless = Lossless.NEVER
    depths = frozenset({8})
    max_side = 65535
    decoding_memory = 40

    def missing(self) -> str | None:
        """None: it needs nothing that can be missing."""
        return None

    def encode(self, pixels: Pixels, options: Options) -> bytes:
        """Pixels (H, W) or (H, W, 3) uint8 to a payload; EncodeError for other depths."""
        from nncodec.codecs.ccnn.encoder import Plan, encode

        if pixels.dtype != np.uint8:
            raise EncodeError("the ccnn codec takes 8 bits per sample", "encode it with jpeg2000")
        return encode(pixels.astype(np.uint8, copy=False), Plan.of(options.quality, options.effort))

    def decode(self, payload: bytes, frame: Frame, device: str) -> Pixels:
        """A payload to uint8 pixels of ``frame.shape``; the device does not matter. CorruptFile for damaged ones."""
        from nncodec.codecs.ccnn.decoder import decode

        if frame.depth != 8:
            raise CorruptFile(f"a ccnn payload in a picture of {frame.depth} bits per sample")
        return decode(payload, frame.width, frame.height, frame.channels)


CODEC = Ccnn()
