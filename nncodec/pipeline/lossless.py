"""From a picture to the smallest .nnc file that gives back every pixel."""

import math
from dataclasses import replace

from nncodec.codec import LOSSLESS_QUALITY, Lossless, holds, is_lossless
from nncodec.codecs import all_codecs, by_name
from nncodec.errors import EncodeError
from nncodec.image import Picture
from nncodec.pipeline.encoding import Encoded, Settings, encode
from nncodec.pipeline.restoring import NONE

_USUAL = ("webp", "jpeg2000")
"""The codecs that ``encode_lossless`` tries besides those that are always lossless. A choice that no property gives:
the first is smaller on drawings and screenshots, the second on photographs and alone for 16 bits.
"""


def encode_lossless(picture: Picture, settings: Settings, codec: str | None = None) -> Encoded:
    """Encode with a codec, or for None with each of the usual ones that can hold the picture; keep the smallest file.

    Codec, quality, restorers and light weights of ``settings`` do not count. Raises EncodeError if the codec is not
    lossless, for a target, and as :func:`encode` does.
    """
    if settings.target is not None:
        raise EncodeError("a lossless file is as large as it is: it meets no target")
    if codec and not is_lossless(by_name(codec), LOSSLESS_QUALITY):
        raise EncodeError(f"{codec} is not lossless", f"use one of: {', '.join(_lossless(picture))}")
    able = _lossless(picture)
    tried = [codec] if codec else [name for name in (*_USUAL, *_always()) if name in able]
    return min((_with(name, picture, settings) for name in tried), key=lambda done: len(done.data))


def _lossless(picture: Picture) -> list[str]:
    """The names of the codecs that can hold a picture and are lossless at quality 100."""
    side = max(picture.width, picture.height)
    able = (codec for codec in all_codecs().values() if holds(codec, picture.depth, side))
    return [codec.name for codec in able if is_lossless(codec, LOSSLESS_QUALITY)]


def _always() -> list[str]:
    """The names of the codecs that are lossless at every quality and work here."""
    return [codec.name for codec in all_codecs().values() if codec.lossless is Lossless.ALWAYS and not codec.missing()]


def _with(codec: str, picture: Picture, settings: Settings) -> Encoded:
    options = replace(settings.options, quality=float(LOSSLESS_QUALITY))
    done = encode(picture, replace(settings, codec=codec, options=options, restore=NONE, light=False))
    if not math.isinf(done.psnr):
        raise EncodeError(f"{codec} did not give back every pixel of this picture")
    return done
