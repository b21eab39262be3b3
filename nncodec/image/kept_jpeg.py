"""A JPEG file that is kept whole: its size, its pixels and its metadata."""

from typing import NamedTuple

from nncodec.errors import CorruptFile, EncodeError
from nncodec.image.jpeg import check_jpeg
from nncodec.image.jpeg_markers import JPEG_SIGNATURE, closed
from nncodec.image.picture import Metadata, Pixels
from nncodec.image.reading import from_pillow
from nncodec.image.source_metadata import metadata_of
from nncodec.image.stills import decode_still, open_still, pillow_errors

_WHAT = "the kept JPEG"


class JpegSize(NamedTuple):
    """The size of a JPEG file's picture, as the header of an .nnc file states it."""

    width: int
    height: int
    channels: int
    """1 for gray, else 3: CMYK is decoded to RGB."""


def jpeg_size(data: bytes, n_bytes: int | None = None) -> JpegSize:
    """Read the size of the picture from a JPEG file's headers.

    ``n_bytes`` is the length of the file where ``data`` holds no coded samples. Raises CorruptFile if it is no JPEG,
    and LimitExceeded for too many scans.
    """
    still = open_still(data, _WHAT, ["JPEG"], n_bytes)
    return JpegSize(still.width, still.height, 1 if still.mode == "L" else 3)


def size_to_keep(data: bytes) -> JpegSize:
    """Read the size of the picture from a file that is to be kept; EncodeError if it is no JPEG file."""
    if not data.startswith(JPEG_SIGNATURE):
        raise EncodeError("not a JPEG file, which is all that can be kept unchanged")
    return jpeg_size(data)


def decode_kept(data: bytes, shape: tuple[int, ...], halvings: int = 0) -> Pixels:
    """Decode a JPEG file to ``shape``, (H, W) or (H, W, 3) uint8; CMYK as when a CMYK picture is read.

    The sides are halved up to ``halvings`` times, three at most. Raises CorruptFile if it is damaged or its size or
    channels are others.
    """
    whole = closed(data)
    still = decode_still(whole, _WHAT, "JPEG", shape, halvings)
    if whole is not data:
        check_jpeg(data, _WHAT)
    channels = 1 if len(shape) == 2 else 3
    if (still.mode == "L") != (channels == 1):
        raise CorruptFile(f"{_WHAT} is {still.mode}, the file says {channels} channels")
    return from_pillow(still).pixels


def jpeg_metadata(data: bytes, n_bytes: int | None = None) -> Metadata:
    """ICC, Exif, XMP and IPTC of a JPEG file; a CMYK profile would not fit the decoded RGB and is left out.

    ``n_bytes`` as in :func:`jpeg_size`.
    """
    with pillow_errors(_WHAT):
        return metadata_of(open_still(data, _WHAT, ["JPEG"], n_bytes))
