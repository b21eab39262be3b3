"""From a picture to the smallest .nnc file that gives back every pixel."""

import math
from collections.abc import Sequence
from dataclasses import replace

from nncodec.codecs import LOSSLESS, Codec, by_name
from nncodec.errors import EncodeError
from nncodec.image import Picture
from nncodec.pipeline.encoding import Encoded, Settings, encode
from nncodec.pipeline.restoring import NONE

CODECS = ("webp", "jpeg2000")
"""The first is better on drawings and screenshots, the second on photographs and alone for 16 bits."""


def encode_lossless(picture: Picture, settings: Settings, codecs: Sequence[str] = CODECS) -> Encoded:
    """Encode with each of the codecs that can hold the picture, and keep the smallest file.

    Quality, target and restorers of ``settings`` do not count, nor does its codec. Raises EncodeError if a codec is not
    lossless, and as :func:`encode` does.
    """
    able = [name for name in codecs if _holds(by_name(name), picture)] or codecs[:1]
    return min((_with(name, picture, settings) for name in able), key=lambda done: len(done.data))


def _holds(codec: Codec, picture: Picture) -> bool:
    return picture.depth in codec.depths and max(picture.width, picture.height) <= codec.max_side


def _with(codec: str, picture: Picture, settings: Settings) -> Encoded:
    options = replace(settings.options, quality=float(LOSSLESS))
    done = encode(picture, replace(settings, codec=codec, options=options, target=None, restore=NONE))
    if not math.isinf(done.psnr):
        raise EncodeError(f"{codec} is not lossless", f"{' and '.join(CODECS)} are")
    return done
