"""Reading of single tags in an Exif block."""

from collections.abc import Iterable
from typing import Any

import PIL.Image

from nncodec.errors import NncError
from nncodec.image.stills import pillow_errors


def exif_values(block: bytes | None, tags: Iterable[int]) -> dict[int, Any]:
    """Values in a block (a TIFF structure), by tag; empty if it is None, has none of the tags or cannot be read."""
    if block is None:
        return {}
    exif = PIL.Image.Exif()
    try:
        with pillow_errors("the Exif data"):
            exif.load(b"Exif\0\0" + block)
            return {tag: exif[tag] for tag in tags if tag in exif}
    except NncError:
        return {}
