"""JPEG 2000 by Pillow (OpenJPEG). Payload: a bare codestream, ITU-T T.800 annex A."""

import numpy as np

from nncodec.codecs import LOSSLESS, Frame, Options, Pixels
from nncodec.errors import CorruptFile
from nncodec.stills import decode_still, encode_still, not_built, pillow_errors

_MODES = {(1, 8): "L", (3, 8): "RGB", (1, 16): "I;16"}


class Jpeg2000:
    """Irreversible 9/7 wavelet and colour transform below quality 100, reversible 5/3 (lossless) at 100."""

    id = 3
    name = "jpeg2000"
    summary = "JPEG 2000, lossless at quality 100, also 16-bit gray"
    quality_step = 0.1
    depths = frozenset({8, 16})
    max_side = 2**24 - 1

    def missing(self) -> str | None:
        """What Pillow was built without, if that matters here."""
        return not_built("JPEG2000")

    def encode(self, pixels: Pixels, options: Options) -> bytes:
        """Encode to a target PSNR of 22 dB at quality 0, rising by 0.22 dB a step. Effort changes nothing."""
        colour = int(pixels.ndim == 3)
        if options.quality >= LOSSLESS:
            return encode_still(pixels, "JPEG2000", no_jp2=True, mct=colour)
        decibels = 22.0 + 0.22 * options.quality
        return encode_still(
            pixels,
            "JPEG2000",
            no_jp2=True,
            mct=colour,
            irreversible=True,
            quality_mode="dB",
            quality_layers=[decibels],
        )

    def decode(self, payload: bytes, frame: Frame, device: str) -> Pixels:
        """Decode; channels and depth of the codestream must be the frame's."""
        still = decode_still(payload, "the JPEG 2000 payload", "JPEG2000", frame.shape)
        if still.mode != _MODES[frame.channels, frame.depth]:
            raise CorruptFile(f"the JPEG 2000 payload is {still.mode}, not {frame.channels} x {frame.depth} bits")
        with pillow_errors("the JPEG 2000 payload"):
            return np.array(still)


CODEC = Jpeg2000()
