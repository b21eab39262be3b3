"""The learned codec: a lapped latent coded under neural contexts, and a synthesis with a neural network.

Exact integer arithmetic decides the bits (`nncodec.codecs.learned.context`), so a file means the same symbols on every
machine. The synthesis is floating point: pixels may differ by a level between machines. Decoding takes NumPy alone. The
payload's layout is in docs/format/learned.md and `nncodec.codecs.learned.bitstream`.
"""

import numpy as np

from nncodec.codec import Frame, Lossless, Options, Pixels
from nncodec.errors import CorruptFile, EncodeError

INDICES_PER_QUALITY = 2
_NAME = "learned"


class Learned:
    """See the module's docstring."""

    id = 16
    name = _NAME
    summary = "Neural codec. Smaller files than avif, with restorers or without; slower to encode and decode."
    quality_step = 1 / INDICES_PER_QUALITY
    fidelity = (
        (0, 25.25),
        (5, 26.42),
        (15, 28.85),
        (27, 31.83),
        (40, 35.28),
        (55, 39.17),
        (72, 43.59),
        (90, 48.57),
        (100, 51.10),
    )
    lossless = Lossless.NEVER
    depths = frozenset({8})
    max_side = 65535
    decoding_memory = 32

    def missing(self) -> str | None:
        """The library or the weights that this installation lacks, in a few words; None if nothing."""
        from nncodec.nets import weights

        return weights.missing(self.name)

    def encode(self, pixels: Pixels, options: Options) -> bytes:
        """Pixels (H, W) or (H, W, 3) uint8 to a payload; EncodeError for other depths."""
        from nncodec.codecs.learned.encoder import Encoder
        from nncodec.codecs.learned.latent_encoder import LatentEncoder
        from nncodec.codecs.learned.model import loaded
        from nncodec.nets import weights

        if pixels.dtype != np.uint8:
            raise EncodeError("the learned codec takes 8 bits per sample", "encode it with jpeg2000")
        quality = round(options.quality * INDICES_PER_QUALITY)
        coder = LatentEncoder.of(loaded(weights.selected(_NAME)), quality, pixels.astype(np.uint8, copy=False))
        return Encoder(coder).best(options.effort)

    def decode(self, payload: bytes, frame: Frame, device: str) -> Pixels:
        """A payload to uint8 pixels of ``frame.shape``.

        Raises CorruptFile if the symbols are not those that were written, UnsupportedFile for unknown weights.
        """
        from nncodec.codecs.learned.decoder import decode
        from nncodec.codecs.learned.model import loaded
        from nncodec.codecs.learned.payload import LearnedPayload

        if frame.depth != 8:
            raise CorruptFile(f"a learned payload in a picture of {frame.depth} bits per sample")
        parsed = LearnedPayload.parse(payload, 1 if frame.channels == 1 else 2, _NAME)
        return decode(parsed, loaded(parsed.model), frame.width, frame.height, frame.channels, device)


CODEC = Learned()
