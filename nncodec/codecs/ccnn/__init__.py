"""The ccnn codec: a linear convolutional autoencoder per picture, after Roh et al., "Compressing CNN".

The encoder may train the filters on the one picture and put those of the synthesis into the file, as differences to
shared ones. What decides bits is exact integer arithmetic; the synthesis is floating point, and pixels may differ by a
level between machines. Decoding takes NumPy alone. The payload's layout is in docs/format/ccnn.md and
`nncodec.lapped.bitstream`.
"""

import numpy as np

from nncodec.codec import Frame, Lossless, Options, Pixels
from nncodec.errors import CorruptFile, EncodeError

INDICES_PER_QUALITY = 2
_NAME = "ccnn"


class Ccnn:
    """See the module's docstring."""

    id = 18
    name = _NAME
    summary = (
        "Neural codec without a synthesis network. Decodes faster than learned; larger than avif. "
        "From effort 5 it trains its filters on the picture: slow, a small gain. Needs PyTorch for that."
    )
    quality_step = 1 / INDICES_PER_QUALITY
    fidelity = ((0, 24.77), (8, 26.74), (18, 29.23), (30, 32.3), (45, 36.36), (60, 40.41), (75, 44.48), (100, 51.04))
    lossless = Lossless.NEVER
    depths = frozenset({8})
    max_side = 65535
    decoding_memory = 40
    torch_from = 5

    def missing(self) -> str | None:
        """The library or the weights that this installation lacks, in a few words; None if nothing."""
        from nncodec.nets import weights

        return weights.missing(self.name)

    def encode(self, pixels: Pixels, options: Options) -> bytes:
        """Pixels (H, W) or (H, W, 3) uint8 to a payload; EncodeError for other depths."""
        from nncodec.codecs.ccnn.encoder import Encoder
        from nncodec.lapped.encoder import LatentEncoder
        from nncodec.lapped.model import loaded
        from nncodec.nets import weights

        if pixels.dtype != np.uint8:
            raise EncodeError("the ccnn codec takes 8 bits per sample", "encode it with jpeg2000")
        quality = round(options.quality * INDICES_PER_QUALITY)
        coder = LatentEncoder.of(loaded(weights.selected(_NAME), _NAME), quality, pixels.astype(np.uint8, copy=False))
        return Encoder(coder).best(options.effort)

    def decode(self, payload: bytes, frame: Frame, device: str) -> Pixels:
        """A payload to uint8 pixels of ``frame.shape``; the device does not matter.

        Raises CorruptFile if the symbols are not those that were written, UnsupportedFile for unknown weights.
        """
        from nncodec.codecs.ccnn.decoder import decode
        from nncodec.lapped.bitstream import Payload
        from nncodec.lapped.model import loaded

        if frame.depth != 8:
            raise CorruptFile(f"a ccnn payload in a picture of {frame.depth} bits per sample")
        parsed = Payload.parse(payload, frame.channels, _NAME)
        return decode(parsed, loaded(parsed.model, _NAME), frame.width, frame.height, frame.channels)


CODEC = Ccnn()
