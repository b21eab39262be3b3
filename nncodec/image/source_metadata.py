"""Colour profile, Exif, XMP and IPTC of source pictures."""

import struct

import numpy as np
import PIL.Image

from nncodec.image.density import density_of, put_density, with_density
from nncodec.image.exif import with_orientation
from nncodec.image.iptc import SEGMENT, records_in
from nncodec.image.orientation import exif_orientation
from nncodec.image.picture import Metadata
from nncodec.image.png_text import PngText
from nncodec.image.stills import pillow_errors
from nncodec.image.tiff_exif import exif_of_tiff, tiff_value
from nncodec.image.xmp import with_extension

_EXIF_PREFIX = b"Exif\0\0"

_IPTC_TAGS = (33723, 34377)
"""Tags of TIFF for IPTC and for resources of Photoshop."""
_TIFF_BLOCKS = {"icc_profile": 34675, "xmp": 700}
"""Tags of TIFF by names in Pillow's ``info``."""
_COMMENTED = ("JPEG", "MPO", "GIF")
_SHOWN = 5
"""Keywords that a note names."""

_TIFF_KEPT = (0x010E, 0x010F, 0x0110, 0x0131, 0x0132, 0x013B, 0x8298, 0x8769, 0x8825)
"""TIFF tags that describe the picture rather than the file: texts, the Exif and the GPS directory."""


def metadata_of(still: PIL.Image.Image) -> Metadata:
    """ICC, Exif, XMP and IPTC of a Pillow image. The profile of CMYK is left out: pixels are kept as RGB."""
    icc, xmp = still.info.get("icc_profile"), still.info.get("xmp")
    if still.mode == "CMYK":
        icc = None
    if isinstance(xmp, str):
        xmp = xmp.encode()
    if xmp:
        xmp, _ = with_extension(xmp, _app1(still))
    return Metadata(icc=icc or None, exif=_exif(still) or None, xmp=xmp or None, iptc=_iptc(still) or None)


def _iptc(still: PIL.Image.Image) -> bytes | None:
    """IPTC records in the segments of a JPEG, or those that :func:`own_metadata` or the text of a PNG has."""
    segments = [content for marker, content in getattr(still, "applist", []) if marker == "APP13"]
    resources = b"".join(content.removeprefix(SEGMENT) for content in segments if content.startswith(SEGMENT))
    return records_in(resources) or still.info.get("iptc")


def own_metadata(still: PIL.Image.Image, data: bytes) -> dict[str, bytes]:
    """Exif of a TIFF or AVIF and IPTC of a TIFF as the file ``data`` has them, by names in Pillow's ``info``."""
    exif, iptc = _own_exif(still, data), _tiff_iptc(still, data)
    return {name: block for name, block in (("exif", exif), ("iptc", iptc)) if block is not None}


def settle_tiff_blocks(still: PIL.Image.Image, data: bytes) -> None:
    """Set profile and XMP of a TIFF to their bytes where Pillow made text or numbers of them, by the type of the tag.

    To be done before pixels are loaded: Pillow then looks into the XMP.
    """
    for name, tag in _TIFF_BLOCKS.items() if still.format == "TIFF" else ():
        if not isinstance(still.info.get(name, b""), bytes):
            still.info[name] = tiff_value(data, tag, still.tell())


def _tiff_iptc(still: PIL.Image.Image, data: bytes) -> bytes | None:
    """Records in a TIFF; some programs write them as 32-bit numbers, of which Pillow returns the first."""
    if still.format != "TIFF":
        return None
    stored = [tiff_value(data, tag, still.tell()) for tag in _IPTC_TAGS]
    turned = [np.frombuffer(value[: len(value) // 4 * 4], np.uint32).byteswap().tobytes() for value in stored]
    return next((found for value in stored + turned if (found := records_in(value)) is not None), None)


def _own_exif(still: PIL.Image.Image, data: bytes) -> bytes | None:
    """The Exif block of a TIFF or AVIF, which Pillow rewrites, as its file ``data`` has it; None for other files."""
    if still.format == "TIFF":
        found = exif_of_tiff(data, still.tell())
        return None if found is None else found.block
    if still.format != "AVIF" or not hasattr(still, "_decoder"):
        return None
    *_, block, orientation, _ = still._decoder.get_info()
    try:
        if not block or exif_orientation(block) == orientation:
            return block or None
        return with_orientation(block, orientation)  # its own box comes first
    except (LookupError, struct.error):
        return None


def metadata_notes(still: PIL.Image.Image, data: bytes, text: PngText) -> tuple[str, ...]:
    """Notes on the metadata of a file, ``data``, that :func:`metadata_of` leaves out; ``text`` is a PNG's."""
    notes = []
    if dropped := _dropped(still, data, text):
        notes.append(f"its {' and '.join(dropped)} {'is' if len(dropped) == 1 else 'are'} dropped")
    if text.n_damaged:
        notes.append(f"{text.n_damaged} damaged text chunks are dropped")
    if isinstance(xmp := still.info.get("xmp"), bytes):
        notes += with_extension(xmp, _app1(still))[1]
    if still.format == "TIFF" and (found := exif_of_tiff(data, still.tell())) is not None and found.moved:
        notes.append("its maker note is kept at another offset: a part that it refers to may be lost")
    return tuple(notes)


def _dropped(still: PIL.Image.Image, data: bytes, text: PngText) -> list[str]:
    """Names of the metadata for which there is no place."""
    names = []
    if still.format == "TIFF" and tiff_value(data, _IPTC_TAGS[0], still.tell()) and _tiff_iptc(still, data) is None:
        names.append("damaged IPTC")
    if still.format in _COMMENTED and still.info.get("comment"):
        names.append("comment")
    if text.keywords:
        shown = text.keywords[:_SHOWN] + ["..."] * (len(text.keywords) > _SHOWN)
        names.append(f"text ({', '.join(shown)})")
    return names


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
