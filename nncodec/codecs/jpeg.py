"""JPEG by Pillow. Payload: a JPEG file, ITU-T T.81, without metadata."""

import numpy as np

from nncodec.codec import Frame, Lossless, Options, PictureFile, Pixels
from nncodec.errors import CorruptFile
from nncodec.image import Metadata
from nncodec.image.embedding import jpeg_with
from nncodec.image.stills import decode_still, encode_still, not_built, pillow_errors

_FULL_CHROMA_FROM = 93
"""Quality from which full chroma resolution is worth its bytes; below, 4:2:0 is better at equal size."""
_JFIF = b"\xff\xe0\0\x10JFIF\0"
"""Start of the JFIF segment: 18 bytes that state what decoders assume anyway, YCbCr and no density."""


class Jpeg:
    """Lossy at every quality; 4:2:0 up to quality 92."""

    id = 1
    name = "jpeg"
    summary = "JPEG. The fastest codec here, with the largest files."
    quality_step = 1.0
    fidelity = (
        (1, 21.48),
        (5, 23.85),
        (10, 26.67),
        (20, 29.14),
        (30, 30.49),
        (40, 31.42),
        (50, 32.17),
        (60, 32.91),
        (70, 33.92),
        (80, 35.37),
        (90, 38.03),
        (95, 42.3),
        (98, 46.22),
        (100, 50.5),
    )
    lossless = Lossless.NEVER
    depths = frozenset({8})
    max_side = 65500
    decoding_memory = 16
    slopes = (1, 3, 6, 9, 12.5, 17, 29, 44, 64, 81, 89, 92, 95, 96.5, 98, 99, 100)

    def missing(self) -> str | None:
        """The format that Pillow was built without, in a few words; None if it has it."""
        return not_built("JPEG")

    def encode(self, pixels: Pixels, options: Options) -> bytes:
        """Encode at the libjpeg quality of the same number. Effort changes nothing.

        Progressive files are smaller at high quality, baseline files at low quality and of small pictures; their
        pixels are the same.
        """
        quality = max(1, round(options.quality))
        subsampling = "4:4:4" if quality >= _FULL_CHROMA_FROM else "4:2:0"
        parameters = {"quality": quality, "subsampling": subsampling}
        try:
            files = [encode_still(pixels, "JPEG", optimize=True, progressive=p, **parameters) for p in (False, True)]
        except OSError:  # Pillow's buffer is too small for noise at high quality; a plain baseline file needs none
            files = [encode_still(pixels, "JPEG", **parameters)]
        return _without_jfif(min(files, key=len))

    def decode(self, payload: bytes, frame: Frame, device: str) -> Pixels:
        """Decode; the JPEG must have as many components as the frame has channels."""
        return self.decode_reduced(payload, frame, 0)

    def decode_reduced(self, payload: bytes, frame: Frame, halvings: int) -> Pixels:
        """Decode with sides halved up to three times, by libjpeg's scaled inverse transforms."""
        still = decode_still(payload, "the JPEG payload", "JPEG", frame.shape, halvings)
        if still.mode != ("L" if frame.channels == 1 else "RGB"):
            raise CorruptFile(f"the JPEG payload is {still.mode}, the file says {frame.channels} channels")
        with pillow_errors("the JPEG payload"):
            return np.array(still)

    def file(self, payload: bytes, frame: Frame, metadata: Metadata) -> PictureFile:
        """The JPEG file, with a JFIF segment and metadata."""
        file, notes = jpeg_with(payload, metadata)
        return PictureFile(file, ".jpg", notes)


def _without_jfif(file: bytes) -> bytes:
    return file[:2] + file[20:] if file.startswith(_JFIF, 2) else file


CODEC = Jpeg()
