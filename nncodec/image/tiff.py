"""The sample layout of TIFF files, where Pillow opens a file and takes its samples for others.

Names and numbers of the tags are those of TIFF 6.0, section 8 and, for SampleFormat, section 19.
"""

from typing import Any

import PIL.Image
from PIL import ImagePalette
from PIL.TiffImagePlugin import OPEN_INFO

from nncodec.errors import EncodeError, UnsupportedFile
from nncodec.image.kinds import RAW_HINT

_BITS_PER_SAMPLE, _PHOTOMETRIC, _FILL_ORDER, _PLANAR, _COLOUR_MAP, _SAMPLE_FORMAT = 258, 262, 266, 284, 320, 339
_SUBFILE, _SUB_DIRECTORIES, _DNG_VERSION, _REDUCED = 254, 330, 50706, 1
_WHITE_IS_ZERO, _SEPARATE_PLANES, _SIGNED = 0, 2, 2
_PLANES_READ = ("RGB", "RGBA", "CMYK")
_INTERLEAVE = "convert it to interleaved samples first"


def refuse_raw(still: PIL.Image.Image) -> None:
    """Raise UnsupportedFile for the raw file of a camera, of which Pillow would take a preview for the picture.

    A DNG states its version (DNG 1.7, tag 50706); the first picture of others is reduced, and has others below it.
    """
    tags = _tags(still)
    previewed = tags.get(_SUBFILE, 0) & _REDUCED and _SUB_DIRECTORIES in tags
    if _DNG_VERSION in tags or previewed:
        raise UnsupportedFile("the raw file of a camera is not read", RAW_HINT)


def white_is_zero(still: PIL.Image.Image) -> bool:
    """True if the samples of a TIFF count from white to black; Pillow turns only those of 8 bits or fewer round."""
    return bool(_tags(still).get(_PHOTOMETRIC) == _WHITE_IS_ZERO)


def planes_depth(still: PIL.Image.Image) -> int | None:
    """Bits per sample of a TIFF with separate planes, whose raw modes do not tell; None for other files."""
    tags = _tags(still)
    return max(tags[_BITS_PER_SAMPLE]) if _separate(tags) and _BITS_PER_SAMPLE in tags else None


def settle_samples(still: PIL.Image.Image) -> None:
    """Have Pillow unpack the samples of a TIFF, whose pixels are not loaded yet, as the file stores them.

    Raises EncodeError for signed bytes, which Pillow would wrap around, and UnsupportedFile for planes that it cannot
    unpack.
    """
    tags = _tags(still)
    bits = max(tags.get(_BITS_PER_SAMPLE, (1,)))
    if bits <= 8 and _SIGNED in tags.get(_SAMPLE_FORMAT, ()):
        raise EncodeError("signed samples cannot be kept", "convert it to unsigned ones first")
    _settle_colour_map(still, tags.get(_COLOUR_MAP, ()))
    tiles = getattr(still, "tile", [])
    if not _separate(tags) or any(tile[0] != "raw" for tile in tiles):
        return  # libtiff unpacks planes itself
    raw_modes = [_raw_mode(still.mode, tile.args[0], tags) for tile in tiles]
    if raw_modes:
        still.tile = [  # type: ignore[attr-defined]
            tile._replace(args=(raw_mode, *tile.args[1:])) for tile, raw_mode in zip(tiles, raw_modes, strict=True)
        ]


def _settle_colour_map(still: PIL.Image.Image, values: tuple[int, ...]) -> None:
    """Take a colour map whose values are all below 256 for one of 8 bits, as libtiff does; it should have 16."""
    if still.mode == "P" and values and max(values) < 256:
        still.palette = ImagePalette.raw("RGB;L", bytes(values))


def _raw_mode(mode: str, plane: str, tags: Any) -> str:
    """Pillow's raw mode of one plane, of which Pillow itself keeps the first letter alone."""
    bits = tags.get(_BITS_PER_SAMPLE, (1,))
    if len(bits) == 1:
        layout = (tags.get(_PHOTOMETRIC, 0), tags.get(_SAMPLE_FORMAT, (1,)), tags.get(_FILL_ORDER, 1), bits, ())
        return OPEN_INFO.get((tags.prefix, *layout), (mode, plane))[1]
    if mode not in _PLANES_READ or plane not in mode:
        raise UnsupportedFile(f"TIFF with separate planes is not read in mode {mode}", _INTERLEAVE)
    if bits[0] != 16:
        return plane
    return plane + (";16B" if tags.prefix == b"MM" else ";16L")


def _tags(still: PIL.Image.Image) -> Any:
    """The tags of a TIFF; none of any other file."""
    return getattr(still, "tag_v2", {}) if still.format == "TIFF" else {}


def _separate(tags: Any) -> bool:
    return bool(tags.get(_PLANAR) == _SEPARATE_PLANES)
