"""From a picture to the smallest .nnc file that gives back every pixel."""

import math
from dataclasses import replace

from nncodec.codec import LOSSLESS, holds
from nncodec.codecs import by_name
from nncodec.errors import EncodeError
from nncodec.image import Picture
from nncodec.pipeline.encoding import Encoded, Settings, encode
from nncodec.pipeline.restoring import NONE

_CODECS = ("webp", "jpeg2000")
"""The first is better on drawings and screenshots, the second on photographs and alone for 16 bits."""


def encode_lossless(picture: Picture, settings: Settings, codec: str | None = None) -> Encoded:
    """Encode with a codec, or for None with each that is good at it and can hold the picture; keep the smallest file.

    Codec, quality and restorers of ``settings`` do not count. Raises EncodeError if the codec is not lossless, for a
    target, and as :func:`encode` does.
    """
    if settings.target is not None:
        raise EncodeError("a lossless file is as large as it is: it meets no target")
    side = max(picture.width, picture.height)
    able = [codec] if codec else [name for name in _CODECS if holds(by_name(name), picture.depth, side)]
    return min((_with(name, picture, settings) for name in able), key=lambda done: len(done.data))


def _with(codec: str, picture: Picture, settings: Settings) -> Encoded:
    options = replace(settings.options, quality=float(LOSSLESS))
    done = encode(picture, replace(settings, codec=codec, options=options, restore=NONE))
    if not math.isinf(done.psnr):
        raise EncodeError(f"{codec} is not lossless", f"{' and '.join(_CODECS)} are")
    return done
