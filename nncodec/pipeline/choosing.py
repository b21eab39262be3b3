"""The codec that a picture gets if its user names none.

For photographs that is one fixed codec. Drawings, screenshots and scans in black and white are mostly smaller without
loss; where they may be, both are tried, so that a file is never larger than by the fixed codec. A picture that this
codec cannot hold, of 16 bits or of too many pixels a side, gets the first that can.
"""

import math
from dataclasses import replace
from itertools import product

from nncodec.codec import LOSSLESS_QUALITY, Options, holds
from nncodec.codecs import by_name
from nncodec.image import Picture, Pixels
from nncodec.pipeline.encoding import Encoded, Settings, encode
from nncodec.pipeline.lossless import encode_lossless
from nncodec.pipeline.quality import own_quality, shared_quality

_OTHERS = ("jpeg2000", "learned")
"""Codecs for what the default cannot hold: 16 bits, and sides of any length."""
_QUICK, _SIDE = "webp", 96
"""The codec that tells what lossless coding may cost, and the side of the parts that it is tried on."""
_HOPEFUL = 2.0
"""How many times larger than the lossy file a lossless one may be, by the estimate, to be tried: parts of a drawing
cost more than the whole, which repeats itself.
"""


def encode_automatically(picture: Picture, settings: Settings) -> Encoded:
    """Encode a picture, a photograph by `settings.codec` at its quality. Raises as `encode` does."""
    done = encode(picture, _holding(picture, settings))
    if settings.target is not None or picture.depth > 8 or lossless_rate(picture.pixels) > _HOPEFUL * done.bpp:
        return done
    exact = encode_lossless(picture, settings)
    return exact if len(exact.data) <= len(done.data) else done


def _holding(picture: Picture, settings: Settings) -> Settings:
    """The settings with the first codec that holds the picture, at the same quality; unchanged if none does."""
    side, usual = max(picture.width, picture.height), by_name(settings.codec)
    able = (codec for codec in (usual, *map(by_name, _OTHERS)) if holds(codec, picture.depth, side))
    codec = next(able, usual)
    if codec is usual:
        return settings
    quality = own_quality(codec, shared_quality(usual, settings.options.quality))
    return replace(settings, codec=codec.name, options=replace(settings.options, quality=quality))


def lossless_rate(pixels: Pixels) -> float:
    """Estimate the bits per pixel of a picture (H, W) or (H, W, 3) uint8 without loss, from parts of it."""
    codec, options = by_name(_QUICK), Options(LOSSLESS_QUALITY, effort=1)
    parts: list[Pixels] = [pixels[y : y + _SIDE, x : x + _SIDE] for y, x in product(*map(_starts, pixels.shape[:2]))]
    n_bytes = sum(len(codec.encode(part.copy(), options)) for part in parts)
    return 8 * n_bytes / sum(math.prod(part.shape[:2]) for part in parts)


def _starts(length: int) -> list[int]:
    """Where parts begin along a side: up to three, evenly spread."""
    count = min(3, -(-length // _SIDE))
    return [(length - _SIDE) * number // (count - 1) for number in range(count)] if count > 1 else [0]
