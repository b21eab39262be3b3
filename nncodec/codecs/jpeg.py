"""JPEG by Pillow. Payload: a progressive JPEG file, ITU-T T.81, without metadata."""

import numpy as np

from nncodec.codecs import Frame, Options, Pixels
from nncodec.errors import CorruptFile
from nncodec.stills import decode_still, encode_still, not_built, pillow_errors

_FULL_CHROMA_FROM = 93
"""Quality from which full chroma resolution is worth its bytes; below, 4:2:0 is better at equal size."""


class Jpeg:
    """Lossy at every quality; 4:2:0 up to quality 92."""

    id = 1
    name = "jpeg"
    summary = "JPEG, progressive, optimised Huffman tables"
    quality_step = 1.0
    depths = frozenset({8})
    max_side = 65500

    def missing(self) -> str | None:
        """What Pillow was built without, if that matters here."""
        return not_built("JPEG")

    def encode(self, pixels: Pixels, options: Options) -> bytes:
        """Encode at the libjpeg quality of the same number. Effort changes nothing."""
        quality = max(1, round(options.quality))
        subsampling = "4:4:4" if quality >= _FULL_CHROMA_FROM else "4:2:0"
        parameters = {"quality": quality, "subsampling": subsampling}
        try:
            return encode_still(pixels, "JPEG", optimize=True, progressive=True, **parameters)
        except OSError:  # Pillow's buffer is too small for noise at high quality; a baseline file needs none
            return encode_still(pixels, "JPEG", **parameters)

    def decode(self, payload: bytes, frame: Frame, device: str) -> Pixels:
        """Decode; the JPEG must have as many components as the frame has channels."""
        still = decode_still(payload, "the JPEG payload", "JPEG", frame.shape)
        if still.mode != ("L" if frame.channels == 1 else "RGB"):
            raise CorruptFile(f"the JPEG payload is {still.mode}, the file says {frame.channels} channels")
        with pillow_errors("the JPEG payload"):
            return np.array(still)


CODEC = Jpeg()
