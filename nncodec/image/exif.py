"""Exif blocks, as far as anything must be known of what they say."""

from collections.abc import Iterable
from typing import Any

import PIL.Image

from nncodec.errors import NncError
from nncodec.image.stills import pillow_errors


def exif_values(block: bytes | None, tags: Iterable[int]) -> dict[int, Any]:
    """What a block (a TIFF structure) says under some tags; nothing if it is None, says nothing or cannot be read."""
    if block is None:
        return {}
    exif = PIL.Image.Exif()
    try:
        with pillow_errors("the Exif data"):
            exif.load(b"Exif\0\0" + block)
            return {tag: exif[tag] for tag in tags if tag in exif}
    except NncError:
        return {}
