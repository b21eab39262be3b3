"""Pictures made to fit into a square, for thumbnails and previews."""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import PIL.Image

from nncodec.image.picture import Picture

_LANCZOS = PIL.Image.Resampling.LANCZOS


def halvings_to(width: int, height: int, max_side: int) -> int:
    """The number of times that the longer side can be halved and stays at least ``max_side``.

    ``max_side`` is 1 at least.
    """
    return max(0, (max(width, height) // max_side).bit_length() - 1)


def fitted(picture: Picture, max_side: int, proportions: tuple[int, int] | None = None) -> Picture:
    """Shrink a picture so that its longer side has ``max_side`` pixels; one that is not longer is returned as it is.

    By Pillow's Lanczos filter on the samples as they are, not in linear light: so do the scaled transforms of JPEG, the
    wavelets of JPEG 2000 and the layers of layered files, and a picture must not look otherwise for its codec. Colours
    count as much as they are opaque. ``proportions`` are the width and height of the picture that this one was decoded
    from at halved sides, which were rounded.
    """
    if max(picture.width, picture.height) <= max_side:
        return picture
    whole = proportions or (picture.width, picture.height)
    width, height = (max(1, round(side * max_side / max(whole))) for side in whole)
    if picture.alpha is None:
        return replace(picture, pixels=_resized(picture.pixels, width, height))
    both = _resized(np.dstack([picture.pixels, picture.alpha]), width, height)  # Pillow premultiplies LA and RGBA
    colour = both[:, :, 0] if both.shape[2] == 2 else both[:, :, :3]
    return replace(picture, pixels=np.ascontiguousarray(colour), alpha=np.ascontiguousarray(both[:, :, -1]))


def _resized(samples: npt.NDArray[Any], width: int, height: int) -> npt.NDArray[Any]:
    """Samples (H, W) or (H, W, channels) of uint8 or uint16 in another size."""
    return np.asarray(PIL.Image.fromarray(samples).resize((width, height), _LANCZOS))
