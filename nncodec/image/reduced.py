"""Output formats that hold less than a picture may have: colours and alpha of GIF, sizes of icons."""

import numpy as np
import PIL.Image

from nncodec.errors import EncodeError, NncError
from nncodec.image.picture import Picture
from nncodec.image.stills import open_still

_OPAQUE_FROM = 128
_TRANSPARENT = 255
"""Index of the transparent colour of a GIF."""


def gif_still(picture: Picture) -> tuple[PIL.Image.Image, tuple[str, ...]]:
    """The image of a picture that Pillow writes as GIF, and notes on its colours and alpha.

    With alpha it has up to 255 colours and a transparent one, for opacities below 128.
    """
    colours = ("GIF cannot carry more than 256 colours: reduced",) if picture.channels == 3 else ()
    alpha = picture.alpha
    if alpha is None:
        return PIL.Image.fromarray(picture.pixels), colours
    reduced = PIL.Image.fromarray(picture.pixels).quantize(_TRANSPARENT, dither=PIL.Image.Dither.NONE)
    indices = np.array(reduced)
    indices[alpha < _OPAQUE_FROM] = _TRANSPARENT
    still = PIL.Image.frombytes("P", reduced.size, indices.tobytes())
    palette = reduced.getpalette() or []
    still.putpalette(palette + [0] * (3 * (_TRANSPARENT + 1) - len(palette)))
    still.info["transparency"] = _TRANSPARENT
    levels = () if colours else ("GIF cannot carry more than 255 grays beside transparency: reduced",)
    soft = bool(((alpha > 0) & (alpha < 255)).any())
    hidden = ("GIF cannot carry alpha between transparent and opaque: it became one or the other",) if soft else ()
    return still, colours + levels + hidden


def check_size(data: bytes, picture: Picture, pillow_format: str) -> None:
    """Raise EncodeError if a file, just written, holds its picture in another size, as icons do."""
    try:
        written = open_still(data, "the file that was written").size
    except NncError:
        return  # a format that Pillow only writes
    if written != (picture.width, picture.height):
        size = f"{written[0]} x {written[1]}"
        raise EncodeError(f"{pillow_format} would hold {size} pixels instead", "PNG holds any size")
