"""Colour profile, Exif and XMP of source pictures."""

import PIL.Image

from nncodec.image.density import density_of, put_density, with_density
from nncodec.image.picture import Metadata
from nncodec.image.stills import pillow_errors
from nncodec.image.xmp import with_extension

_EXIF_PREFIX = b"Exif\0\0"

_TIFF_KEPT = (0x010E, 0x010F, 0x0110, 0x0131, 0x0132, 0x013B, 0x8298, 0x8769, 0x8825)
"""TIFF tags that describe the picture rather than the file: texts, the Exif and the GPS directory."""


def metadata_of(still: PIL.Image.Image) -> Metadata:
    """ICC, Exif and XMP of a Pillow image. The profile of CMYK is left out: pixels are kept as RGB."""
    icc, xmp = still.info.get("icc_profile"), still.info.get("xmp")
    if still.mode == "CMYK":
        icc = None
    if isinstance(xmp, str):
        xmp = xmp.encode()
    if xmp:
        xmp, _ = with_extension(xmp, _app1(still))
    return Metadata(icc=icc or None, exif=_exif(still) or None, xmp=xmp or None)


def _app1(still: PIL.Image.Image) -> list[bytes]:
    """Contents of the APP1 segments of a JPEG file; none of another."""
    return [content for marker, content in getattr(still, "applist", []) if marker == "APP1"]


def _exif(still: PIL.Image.Image) -> bytes | None:
    """The Exif block, with the density if it has none; without one, one of the density and of a TIFF's tags."""
    exif = still.info.get("exif")
    if exif is None and "Raw profile type exif" in still.info:
        exif = _raw_profile(still.info["Raw profile type exif"])
    if exif is None:
        exif = _exif_of_headers(still)
    if exif is None:
        return None
    density, block = density_of(still), exif.removeprefix(_EXIF_PREFIX)
    return block if density is None else with_density(density, block)


def _exif_of_headers(still: PIL.Image.Image) -> bytes | None:
    """An Exif block of the density and a TIFF's descriptive tags; None if there is neither."""
    tags, density = PIL.Image.Exif(), density_of(still)
    if still.format == "TIFF":
        with pillow_errors("the picture"):
            tags = still.getexif()
            for tag in set(tags) - set(_TIFF_KEPT):
                del tags[tag]
    if density is not None:
        put_density(density, tags)
    with pillow_errors("the picture"):
        return tags.tobytes() if len(tags) else None


def _raw_profile(text: str) -> bytes | None:
    """The bytes of ImageMagick's hexadecimal PNG text chunk: name, length, then lines of digits."""
    try:
        return bytes.fromhex("".join(text.split("\n")[3:]))
    except ValueError:
        return None
