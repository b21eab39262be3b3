"""Metadata that an output format can carry, and notes on those that it cannot."""

from dataclasses import replace

from nncodec.image.embedding import MAX_EXIF_JPEG, MAX_ICC_JPEG
from nncodec.image.exif import is_readable
from nncodec.image.iptc import MAX_IN_SEGMENT
from nncodec.image.orientation import exif_orientation, oriented, upright
from nncodec.image.picture import Picture
from nncodec.image.xmp import MAX_STANDARD, extended_segments

CARRIERS = {"PNG", "JPEG", "WEBP", "TIFF", "AVIF", "JPEG2000"}
"""Formats with a place for a profile, Exif and XMP."""
_CARRIES_IPTC = {"PNG", "JPEG", "TIFF"}
_ALWAYS_RGB = {"WEBP"}
_SHOWN_AS_STORED = {"JPEG2000"}
"""Carriers that few viewers turn as Exif says."""
_READS_EXIF = {"AVIF"}
"""Formats whose writer takes the orientation out of Exif; TIFF's tells of damage itself."""
_SPACES = {b"GRAY": 1, b"RGB ": 3}
_SPACE, _SIGNATURE = slice(16, 20), slice(36, 40)
"""Colour space and signature ``acsp`` in the header of a profile (ICC.1:2022, 7.2)."""


def fitted(picture: Picture, pillow_format: str) -> tuple[Picture, tuple[str, ...]]:
    """The picture with the metadata that a format carries, and a note on each block that was left out.

    Where Exif is left out, the orientation that it states is applied to the pixels.
    """
    meta = picture.metadata
    reasons = {
        "icc": None if meta.icc is None else _icc_reason(meta.icc, picture.channels, pillow_format),
        "exif": None if meta.exif is None else _exif_reason(meta.exif, pillow_format),
        "xmp": None if meta.xmp is None else _xmp_reason(meta.xmp, pillow_format),
        "iptc": None if meta.iptc is None else _iptc_reason(meta.iptc, pillow_format),
    }
    if reasons["exif"] is not None and oriented(meta) != 1:
        picture = upright(picture)
    kept = {name: None for name, reason in reasons.items() if reason is not None}
    notes = tuple(f"{pillow_format} cannot carry {reason}: dropped" for reason in reasons.values() if reason)
    return replace(picture, metadata=replace(picture.metadata, **kept)), notes


def _icc_reason(icc: bytes, channels: int, pillow_format: str) -> str | None:
    """The profile in words, if the format cannot carry it; None if it can."""
    if pillow_format not in CARRIERS:
        return "an ICC profile"
    colour = channels == 3 or pillow_format in _ALWAYS_RGB
    if icc[_SIGNATURE] == b"acsp" and _SPACES.get(icc[_SPACE]) != (3 if colour else 1):
        space = icc[_SPACE].decode("ascii", "replace").strip()
        return f"an ICC profile of {space} beside {'RGB' if colour else 'gray'} samples"
    if pillow_format == "JPEG" and len(icc) > MAX_ICC_JPEG:
        return f"an ICC profile of {len(icc)} bytes"
    return None


def _exif_reason(exif: bytes, pillow_format: str) -> str | None:
    """Exif in words, if the format cannot carry it; None if it can."""
    if pillow_format not in CARRIERS:
        return "Exif"
    if pillow_format == "JPEG" and len(exif) > MAX_EXIF_JPEG:
        return f"{len(exif)} bytes of Exif"
    if pillow_format in _SHOWN_AS_STORED and exif_orientation(exif) != 1:
        return "Exif with an orientation"
    return "damaged Exif" if pillow_format in _READS_EXIF and not is_readable(exif) else None


def _xmp_reason(xmp: bytes, pillow_format: str) -> str | None:
    """XMP in words, if the format cannot carry it; None if it can."""
    if pillow_format not in CARRIERS:
        return "XMP"
    too_large = pillow_format == "JPEG" and len(xmp) > MAX_STANDARD
    return f"{len(xmp)} bytes of XMP" if too_large and extended_segments(xmp) is None else None


def _iptc_reason(iptc: bytes, pillow_format: str) -> str | None:
    """IPTC in words, if the format cannot carry it; None if it can."""
    if pillow_format not in _CARRIES_IPTC:
        return "IPTC"
    return f"{len(iptc)} bytes of IPTC" if pillow_format == "JPEG" and len(iptc) > MAX_IN_SEGMENT else None
