"""Invented detail: how strongly a codec paints, and pictures of twice the size. What is invented is said in a note."""

from dataclasses import replace
from typing import TYPE_CHECKING

from nncodec.codec import Codec, Frame, Paints
from nncodec.errors import EncodeError
from nncodec.image import Picture
from nncodec.image.stills import check_pixels

if TYPE_CHECKING:
    from nncodec.painting.networks import Painter

SCALES = (1, 2)
"""Factors by which a decoded picture may be enlarged."""
ENLARGER = "superres"
"""The codec whose generators enlarge the pictures of all codecs."""


def check_perceptual(perceptual: float | None) -> None:
    """Raise EncodeError for a strength that is not between 0 and 1."""
    if perceptual is not None and not 0 <= perceptual <= 1:
        raise EncodeError(f"a strength of {perceptual:g}", "it runs from 0, as exact as can be, to 1")


def note_of(codec: Codec) -> tuple[str, ...]:
    """The note on pictures of a codec that paints; none for others."""
    if not isinstance(codec, Paints):
        return ()
    return (f"{codec.name} invents detail: faces, text and textures may differ from what was there",)


def with_perceptual(codec: Codec, payload: bytes, perceptual: float | None, enlarging: bool) -> bytes:
    """The payload for a strength of 0 to 1 that the caller asks for; None is the one that the file states.

    Raises EncodeError if the codec does not paint, unless the picture is enlarged, which is painting, too.
    """
    check_perceptual(perceptual)
    if perceptual is None:
        return payload
    if not isinstance(codec, Paints):
        if enlarging:
            return payload
        raise EncodeError(f"{codec.name} invents no detail, strong or weak", "superres and generative do")
    return codec.with_perceptual(payload, perceptual)


def check_scale(scale: int, frame: Frame, max_pixels: int) -> None:
    """Raise EncodeError or LimitExceeded for a picture that cannot be enlarged, before it is decoded."""
    if scale not in SCALES:
        raise EncodeError(f"a picture {scale} times as large", "--scale 2 is the one there is")
    if scale > 1:
        if frame.depth != 8:
            raise EncodeError(f"samples of {frame.depth} bits are not enlarged", "--scale takes pictures of 8 bits")
        check_pixels(scale * frame.width, scale * frame.height, max_pixels)


def enlarged(picture: Picture, scale: int, perceptual: float | None) -> Picture:
    """The picture in ``scale`` times its size, with a note: the network of ``superres`` for uncoded pictures paints it.

    A strength of None is the whole one. Alpha is interpolated.
    """
    if scale == 1:
        return picture
    from nncodec.image.scaling import upscale
    from nncodec.painting.networks import PLAIN, STRENGTHS

    height, width = scale * picture.height, scale * picture.width
    strength = round(STRENGTHS * (1.0 if perceptual is None else perceptual))
    found = _enlarger()
    level = found.level(PLAIN, 100)
    pixels = found.paint(picture.pixels.astype("uint8", copy=False), height, width, PLAIN, level, strength)
    alpha = None if picture.alpha is None else upscale(picture.alpha, height, width, 1)
    note = f"the picture was enlarged {scale} times: its finest detail is invented"
    return replace(picture, pixels=pixels, alpha=alpha, notes=(*picture.notes, note))


def _enlarger() -> "Painter":
    """The generators that enlarge."""
    from nncodec.nets import weights
    from nncodec.painting.painted import painter

    return painter(weights.newest(ENLARGER), ENLARGER)
