"""WebP by Pillow. Payload: a WebP file (RFC 9649) without metadata, alpha or animation."""

import numpy as np

from nncodec.codec import LOSSLESS_QUALITY, Frame, Lossless, Options, PictureFile, Pixels
from nncodec.errors import CorruptFile
from nncodec.image import Metadata
from nncodec.image.embedding import webp_with
from nncodec.image.stills import decode_still, encode_still, not_built, pillow_errors


class Webp:
    """VP8 below quality 100, lossless VP8L at 100. Gray is coded as colour without colour."""

    id = 4
    name = "webp"
    summary = "WebP. Smaller than JPEG, slower to encode. Lossless at quality 100."
    quality_step = 0.5
    fidelity = (
        (0, 25.85),
        (2, 27.58),
        (5, 28.33),
        (10, 29.15),
        (20, 30.41),
        (30, 31.44),
        (40, 32.42),
        (50, 33.24),
        (60, 33.97),
        (70, 34.69),
        (80, 36.37),
        (90, 39.56),
        (95, 41.76),
        (98, 42.77),
    )
    lossless = Lossless.AT_100
    depths = frozenset({8})
    max_side = 16383
    decoding_memory = 28
    slopes = (0, 0, 0, 1, 5, 14, 30, 49, 73, 81, 88, 91, 95, 98, 99.5)

    def missing(self) -> str | None:
        """The format that Pillow was built without, in a few words; None if it has it."""
        return not_built("WEBP")

    def encode(self, pixels: Pixels, options: Options) -> bytes:
        """Encode at WebP's quality of the same number; effort 1 to 9 is WebP's method 0 to 6."""
        rgb = pixels if pixels.ndim == 3 else np.repeat(pixels[:, :, np.newaxis], 3, axis=2)
        if options.quality >= LOSSLESS_QUALITY:
            return encode_still(rgb, "WEBP", lossless=True, method=min(options.effort, 6), quality=_search(options))
        return encode_still(rgb, "WEBP", quality=options.quality, method=min(options.effort - 1, 6))

    def decode(self, payload: bytes, frame: Frame, device: str) -> Pixels:
        """Decode; for gray, the BT.601 luma of what the decoder gives for R, G and B (equal but for rounding)."""
        still = decode_still(payload, "the WebP payload", "WEBP", frame.shape)
        if still.mode != "RGB" or getattr(still, "n_frames", 1) > 1:
            raise CorruptFile("the WebP payload has alpha or is animated")
        with pillow_errors("the WebP payload"):
            return np.array(still.convert("L") if frame.channels == 1 else still)

    def file(self, payload: bytes, frame: Frame, metadata: Metadata) -> PictureFile:
        """The WebP file, with metadata."""
        file, notes = webp_with(payload, frame.width, frame.height, metadata)
        return PictureFile(file, ".webp", notes)


def _search(options: Options) -> int:
    """The effort of the lossless coder, 0 to 100, which libwebp calls quality: 100 takes ten times as long as 75."""
    return 100 if options.effort == 9 else 10 * options.effort


CODEC = Webp()
