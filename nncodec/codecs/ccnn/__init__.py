"""The ccnn codec: a convolutional autoencoder trained on the one picture, after Roh et al., "Compressing CNN".

A convolution, a leaky ReLU and a transposed convolution, whose quantised weights are all in the file: nothing is
shared. Decoding is arithmetic with whole numbers, so that pixels are the same everywhere. Both ways take NumPy alone.
The payload's layout is in docs/format/ccnn.md.
"""

import numpy as np

from nncodec.codec import Frame, Lossless, Options, Pixels
from nncodec.errors import CorruptFile, EncodeError

_PLAIN = {"plain": 2, **{f"plain/{8 * overlap}": overlap for overlap in (1, 3, 4, 5, 6)}}
"""Side of the filters, in strides, of the published form by its name."""


class Ccnn:
    """See the module's docstring. With a form, the encoder is the published one: the network begins by chance."""

    id = 20
    summary = (
        "A network trained on the one picture, which is in the file with it. Slow to encode; larger than avif. "
        "Decodes to the same pixels on every machine. ccnn:plain begins by chance, as published: much larger files."
    )
    quality_step = 1.0
    forms = tuple(_PLAIN)
    lossless = Lossless.NEVER
    depths = frozenset({8})
    max_side = 65535
    decoding_memory = 40

    def __init__(self, form: str | None = None) -> None:
        self._overlap = None if form is None else _PLAIN[form]
        self.name = "ccnn" if form is None else f"ccnn:{form}"

    @property
    def fidelity(self) -> tuple[tuple[float, float], ...]:
        """Own qualities and their PSNR on photographs; none for the published form, whose quality is its own."""
        if self._overlap is not None:
            return ()
        return (0, 26.38), (5, 27.57), (15, 30.25), (27, 33.86), (40, 38.02), (55, 42.88), (100, 57.86)

    def formed(self, form: str) -> "Ccnn":
        """The published form, with filters of 16 x 16, or of the size that the name of the form says."""
        return Ccnn(form)

    def missing(self) -> str | None:
        """None: it needs nothing that can be missing."""
        return None

    def encode(self, pixels: Pixels, options: Options) -> bytes:
        """Pixels (H, W) or (H, W, 3) uint8 to a payload; EncodeError for other depths."""
        from nncodec.codecs.ccnn.encoder import Plan, encode
        from nncodec.codecs.ccnn.plain import plan_of

        if pixels.dtype != np.uint8:
            raise EncodeError("the ccnn codec takes 8 bits per sample", "encode it with jpeg2000")
        chosen = options.quality, options.effort
        plan = Plan.of(*chosen) if self._overlap is None else plan_of(*chosen, self._overlap)
        return encode(pixels.astype(np.uint8, copy=False), plan)

    def decode(self, payload: bytes, frame: Frame, device: str) -> Pixels:
        """A payload to uint8 pixels of ``frame.shape``; the device does not matter. CorruptFile for damaged ones."""
        from nncodec.codecs.ccnn.decoder import decode

        if frame.depth != 8:
            raise CorruptFile(f"a ccnn payload in a picture of {frame.depth} bits per sample")
        return decode(payload, frame.width, frame.height, frame.channels)


CODEC = Ccnn()
