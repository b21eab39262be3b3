"""AVIF by Pillow (libaom). Payload: the bare AV1 picture, without the boxes of the file.

Pillow offers no lossless colour transform, so lossless RGB is coded as one gray picture three times as high: the
planes G, R - G and B - G, the differences modulo 256. docs/format/avif.md has the details.
"""

import numpy as np

from nncodec.codec import LOSSLESS_QUALITY, Frame, Lossless, Options, PictureFile, Pixels
from nncodec.codecs.avif import heif
from nncodec.codecs.avif.av1 import sequence_header
from nncodec.errors import CorruptFile, EncodeError, UnsupportedFile
from nncodec.image import Metadata
from nncodec.image.embedding import no_iptc
from nncodec.image.stills import (
    PILLOW_HINT,
    avif_parameters,
    decode_still,
    encode_still,
    not_built,
    pillow_errors,
    too_old,
)

_MAX_ROWS = 32768
_SPEEDS = (10, 9, 8, 7, 6, 4, 3, 2, 1)
"""libavif's speed for efforts 1 to 9; 6 is its own default."""


class Avif:
    """4:4:4, tuned for PSNR; lossless at quality 100."""

    id = 5
    name = "avif"
    summary = "AVIF, the default. About half the bytes of JPEG, slower to encode. Lossless at quality 100."
    quality_step = 1.0
    fidelity = (
        (0, 24.37),
        (10, 27.16),
        (20, 29.17),
        (30, 31.0),
        (40, 32.97),
        (50, 35.06),
        (60, 37.43),
        (70, 39.02),
        (80, 40.74),
        (90, 43.89),
        (95, 45.88),
        (98, 47.58),
    )
    lossless = Lossless.AT_100
    depths = frozenset({8})
    max_side = _MAX_ROWS
    decoding_memory = 28
    slopes = (0, 0, 4, 8.5, 16, 24, 33, 41.5, 50.5, 59.5, 70, 81, 86, 90, 94, 96, 99)

    def missing(self) -> str | None:
        """The format that Pillow was built without, or a Pillow that is too old, in a few words; None if neither."""
        return not_built("AVIF") or too_old()

    def encode(self, pixels: Pixels, options: Options) -> bytes:
        """Encode at libavif's quality of the same number; effort 1 to 9 is speed 10 to 1. Threads change no byte.

        Raises UnsupportedFile for a Pillow that is too old to write pictures which can be stored bare.
        """
        lack = self.missing()
        if lack is not None:
            raise UnsupportedFile(lack, PILLOW_HINT)
        gray, lossless = pixels.ndim == 2, options.quality >= LOSSLESS_QUALITY
        parameters: dict[str, object] = {
            "quality": LOSSLESS_QUALITY if lossless else min(round(options.quality), 99),
            "speed": _SPEEDS[options.effort - 1],
            "subsampling": "4:0:0" if gray or lossless else "4:4:4",
            **avif_parameters(options.threads, {} if lossless else {"tune": "psnr"}),
        }
        if lossless:
            pixels = pixels if gray else _stack(pixels)
        return heif.unwrap(encode_still(pixels, "AVIF", **parameters))

    def modern(self, payload: bytes, version: int) -> bytes:
        """Take the bare AV1 picture out of the AVIF file that version 1 of the format kept whole."""
        return heif.unwrap(payload) if version == 1 else payload

    def decode(self, payload: bytes, frame: Frame, device: str) -> Pixels:
        """Decode either of the two layouts: colour that is coded as gray is three planes high."""
        what, header = "the AVIF payload", sequence_header(payload)
        stacked = frame.channels == 3 and header.gray
        rows = 3 * frame.height if stacked else frame.height
        if (header.width, header.height) != (frame.width, rows):
            raise CorruptFile(f"{what} is coded as {header.width} x {header.height}, not {frame.width} x {rows}")
        if frame.channels == 1 and not header.gray:
            raise CorruptFile(f"{what} has colour, the file says gray")
        still = decode_still(heif.wrap(payload), what, "AVIF", (rows, frame.width))
        with pillow_errors(what):
            pixels = np.array(still)
        return _unstack(pixels, frame.height) if stacked else pixels

    def file(self, payload: bytes, frame: Frame, metadata: Metadata) -> PictureFile:
        """The AVIF file, with metadata; UnsupportedFile for colour that is coded as three gray planes."""
        if frame.channels == 3 and sequence_header(payload).gray:
            hint = "'nnc decode -o x.png' gives the picture, 'nnc decode -o x.avif' an AVIF of high quality"
            raise UnsupportedFile("lossless colour by avif is three gray planes, which no viewer puts together", hint)
        return PictureFile(heif.wrap(payload, metadata), ".avif", no_iptc("AVIF", metadata))


def _stack(pixels: Pixels) -> Pixels:
    if 3 * pixels.shape[0] > _MAX_ROWS:
        raise EncodeError(f"lossless AVIF of {pixels.shape[0]} rows", f"the limit is {_MAX_ROWS // 3}; try webp")
    red, green, blue = (pixels[:, :, i] for i in range(3))
    return np.concatenate([green, red - green, blue - green])


def _unstack(planes: Pixels, height: int) -> Pixels:
    green, red, blue = (planes[i * height : (i + 1) * height] for i in range(3))
    return np.stack([red + green, green, blue + green], axis=2)


CODEC = Avif()
