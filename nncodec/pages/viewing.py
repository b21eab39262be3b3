"""The page of ``nnc view``: .nnc files, and the picture of each as nnc decodes it."""

import base64
from collections.abc import Sequence
from typing import Any, NamedTuple

from nncodec.image import stripped, write
from nncodec.pages.assembly import assemble, data_url
from nncodec.pipeline import decode

_STYLES = ("page.css",)
_SCRIPTS = ("container.js", "payloads.js", "drawing.js", "stage.js", "view.js")


class Viewed(NamedTuple):
    """A file that the page shows."""

    name: str
    data: bytes
    full: bytes
    """The whole picture, as a PNG."""


def viewed(name: str, data: bytes, **decoding: Any) -> Viewed:
    """Decode a file for a page: upright, with its colour profile.

    ``decoding`` are options of :func:`nncodec.pipeline.decode`, which says what it raises.
    """
    picture = stripped(decode(data, **decoding).picture, exif_and_xmp=True, icc=False)
    return Viewed(name, data, write(picture)[0])


def view_page(files: Sequence[Viewed]) -> bytes:
    """Make the page, as HTML. Without files it is empty, and shows those that are dropped on it."""
    data = [
        {"name": name, "nnc": base64.b64encode(data).decode(), "full": data_url(full, "image/png")}
        for name, data, full in files
    ]
    title = " · ".join(each.name for each in files[:3]) or "nnc"
    return assemble("view.html", _STYLES, _SCRIPTS, data, title=title)
