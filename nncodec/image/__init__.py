"""What a picture is, and how one comes in from, and goes out to, the formats other programs use."""

from nncodec.image.orientation import oriented, upright
from nncodec.image.picture import Metadata, Picture, Pixels, from_array
from nncodec.image.reading import NOT_READ, from_pillow, metadata_of, picture_suffixes, read
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
    "to_pillow",
    "upright",
    "write",
]
