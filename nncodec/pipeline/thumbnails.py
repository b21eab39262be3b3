"""Thumbnails of .nnc files: small, upright, in sRGB, and quick rather than faithful."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import PIL.Image

from nncodec.codec import HasBases, HasLayers
from nncodec.codecs import by_id
from nncodec.container import Container, parse
from nncodec.image import Picture, to_pillow, upright
from nncodec.image.scaling import halved
from nncodec.image.stills import MAX_PIXELS
from nncodec.pipeline.decoding import decode
from nncodec.pipeline.faults import naming
from nncodec.pipeline.layering import joined

_COARSE = 2
"""Pixels in a row for each of the thumbnail that a first layer of full size must have, so that its faults shrink."""


def thumbnail(
    data: bytes,
    side: int,
    *,
    max_pixels: int = MAX_PIXELS,
    max_memory: int | None = None,
    device: str = "auto",
    weights: Sequence[Path] = (),
) -> Picture:
    """The picture of a file with at most ``side`` pixels a side, 8 bits per sample, without metadata.

    Decoded without restorers, from the first layer alone where that has enough pixels; turned upright; colours of an
    ICC profile are converted to sRGB. Raises as :func:`nncodec.pipeline.decode` does.
    """
    container = parse(data)
    with naming(by_id(container.header.codec).name):
        layers = 1 if _first_is_enough(container, side) else None
    done = decode(
        data,
        max_pixels=max_pixels,
        max_memory=max_memory,
        restore=False,
        layers=layers,
        max_side=side,
        device=device,
        weights=weights,
    )
    picture = _in_srgb(done.picture) if done.picture.metadata.icc else done.picture
    picture = upright(picture).without_metadata()
    if picture.depth == 16:
        return Picture((picture.pixels >> 8).astype(np.uint8))
    return picture


def _first_is_enough(container: Container, side: int) -> bool:
    """Test whether the first of several layers makes a good thumbnail."""
    codec = by_id(container.header.codec)
    if not isinstance(codec, HasLayers):
        return False
    longer = max(container.header.width, container.header.height)
    halvings = codec.halvings_of(joined(container)) if isinstance(codec, HasBases) else 0
    # A smaller picture was coded to be looked at as it is; one of full size is coarse.
    return halved(longer, halvings) >= (side if halvings else _COARSE * side)


def _in_srgb(picture: Picture) -> Picture:
    """Convert a picture from its ICC profile to sRGB; one whose profile is of no use stays as it is."""
    from PIL import ImageCms

    if picture.channels != 3:
        return picture
    still = to_pillow(Picture(picture.pixels), with_metadata=False)
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(picture.metadata.icc or b""))
        converted = ImageCms.profileToProfile(still, own, ImageCms.createProfile("sRGB"))
    except (
        ImageCms.PyCMSError,
        OSError,
        ValueError,
        ImportError,
    ):  # the profile is damaged, or Pillow has no LittleCMS
        return picture
    assert isinstance(converted, PIL.Image.Image)
    return Picture(np.asarray(converted), picture.alpha, picture.metadata)
