"""Output formats that hold less than a picture may have: colours and alpha of GIF, sizes of icons."""

import numpy as np
import PIL.Image

from nncodec.errors import EncodeError, NncError
from nncodec.image.picture import Picture
from nncodec.image.stills import open_still, pillow_errors

_OPAQUE_FROM = 128
_TRANSPARENT = 255
"""Index of the transparent colour of a GIF."""

_NO_COLOUR = ("1", "L", "LA", "F", "I", "I;16")
_NOTED = ("GIF",)
"""Formats whose notes are made before they are written."""


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


def check_written(data: bytes, picture: Picture, pillow_format: str) -> tuple[str, ...]:
    """Compare a file, just written, with its picture, and return a note if samples differ.

    Raises EncodeError if the file holds another size, as icons do, no alpha or no colour. A format that Pillow only
    writes passes.
    """
    try:
        written = open_still(data, "the file that was written")
        with pillow_errors("the file that was written"):
            written.load()
    except NncError:
        return ()
    if written.size != (picture.width, picture.height):
        size = f"{written.width} x {written.height}"
        raise EncodeError(f"{pillow_format} would hold {size} pixels instead", "PNG holds any size")
    if picture.alpha is not None and not written.has_transparency_data:
        raise EncodeError(f"{pillow_format} holds no alpha", "PNG, WebP, TIFF and NPY do")
    if picture.channels == 3 and written.mode in _NO_COLOUR:
        raise EncodeError(f"{pillow_format} holds no colour", "PNG does")
    given = picture.pixels if picture.alpha is None else np.dstack([picture.pixels, picture.alpha])
    if pillow_format in _NOTED or np.array_equal(np.asarray(written.convert(picture.mode)), given):
        return ()
    return (f"{pillow_format} does not keep every sample: the file differs a little",)
