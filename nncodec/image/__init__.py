"""Pictures: in memory, in and out of the formats of other programs, compared and scaled.

Names that need Pillow are imported on first use: measures, heat maps and arrays do without it.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from nncodec.image.picture import Metadata, Picture, Pixels, from_array

if TYPE_CHECKING:
    from nncodec.image.orientation import oriented, stripped, upright
    from nncodec.image.reading import NOT_READ, from_pillow, picture_suffixes, read
    from nncodec.image.source_metadata import metadata_of
    from nncodec.image.writing import FORMATS_OUT, to_pillow, write

__all__ = [
    "FORMATS_OUT",
    "NOT_READ",
    "Metadata",
    "Picture",
    "Pixels",
    "from_array",
    "from_pillow",
    "metadata_of",
    "oriented",
    "picture_suffixes",
    "read",
    "stripped",
    "to_pillow",
    "upright",
    "write",
]

_LAZY = {
    **dict.fromkeys(("oriented", "stripped", "upright"), "orientation"),
    **dict.fromkeys(("NOT_READ", "from_pillow", "picture_suffixes", "read"), "reading"),
    "metadata_of": "source_metadata",
    **dict.fromkeys(("FORMATS_OUT", "to_pillow", "write"), "writing"),
}


def __getattr__(name: str) -> object:
    """Import the module that defines a name on its first use."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
