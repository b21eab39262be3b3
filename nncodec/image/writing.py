"""Writing of pictures: PNG by default, NPY for pipes, TIFF, and any other format that Pillow writes."""

import io
import zlib

import numpy as np
import PIL.Image
import PIL.PngImagePlugin

from nncodec.errors import EncodeError
from nncodec.image.carrying import CARRIERS, fitted
from nncodec.image.density import Density, stated_density
from nncodec.image.iptc import as_digits, as_segment
from nncodec.image.jpeg2000 import with_metadata
from nncodec.image.orientation import oriented
from nncodec.image.picture import Metadata, Picture, Pixels
from nncodec.image.reduced import check_written, gif_still
from nncodec.image.stills import PILLOW_ERRORS, avif_parameters
from nncodec.image.tiff_writing import tiff
from nncodec.image.xmp import MAX_STANDARD, extended_segments

_IPTC_KEYWORD = b"Raw profile type iptc\0\0"
_XMP_KEYWORD = b"XML:com.adobe.xmp\0\0\0\0\0"

FORMATS_OUT: dict[str, dict[str, object]] = {
    "PNG": {},
    "NPY": {},
    "PPM": {},
    "JPEG": {"quality": 95, "subsampling": "4:4:4"},
    "WEBP": {"lossless": True, "exact": True, "quality": 50},
    "TIFF": {},
    "AVIF": {"quality": 95, "subsampling": "4:4:4"},
    "JPEG2000": {},
}
"""Formats with settings of their own, for as little loss as each allows; others have Pillow's defaults."""

_STATES_DENSITY = {"PNG", "JPEG", "BMP"}
"""Formats with a density beside Exif; TIFF has the same tags as Exif."""
_HAS_QUALITY = {"JPEG", "WEBP", "AVIF"}
_NO_ALPHA = {"JPEG", "PPM", "BMP"}
_ICO_SIDE = 256
_KEEPS_DEPTH = {"PNG", "TIFF", "PPM", "JPEG2000"}


def write(
    picture: Picture, pillow_format: str = "PNG", *, png_level: int = 1, quality: float | None = None
) -> tuple[bytes, tuple[str, ...]]:
    """Encode a picture as the bytes of a file, and return notes on what the format could not carry.

    ``pillow_format`` is one of Pillow's names or ``NPY``; ``png_level`` is zlib's, 0 to 9; ``quality``, 0 to 100, is
    for formats that have one, None is that of FORMATS_OUT. Where a format cannot hold an Exif orientation, the pixels
    are turned upright instead. Raises EncodeError if the format cannot hold the pixels, or has no quality.
    """
    if quality is not None and pillow_format not in _HAS_QUALITY:
        raise EncodeError(f"{pillow_format} has no quality", "JPEG, WebP and AVIF have")
    density = stated_density(picture.metadata)
    if density is not None and pillow_format not in CARRIERS and oriented(picture.metadata) > 4:
        density = density[::-1]  # the sides change places
    picture, notes = fitted(picture, pillow_format)
    if pillow_format == "NPY":
        return _npy(picture), notes
    if picture.alpha is not None and pillow_format in _NO_ALPHA:
        raise EncodeError(f"{pillow_format} holds no alpha", "PNG, WebP, TIFF and NPY do")
    if picture.depth == 16 and pillow_format not in _KEEPS_DEPTH:
        raise EncodeError(f"{pillow_format} holds no 16-bit gray", "PNG, TIFF, PPM and NPY do")
    if pillow_format == "ICO" and max(picture.width, picture.height) > _ICO_SIDE:
        raise EncodeError(f"ICO holds at most {_ICO_SIDE} pixels a side", "PNG holds more")
    if pillow_format == "TIFF":
        file, lost = tiff(_channels(picture), picture.metadata)
        return file, notes + lost
    still, changes = _still(picture, pillow_format)
    parameters = dict(FORMATS_OUT.get(pillow_format, {})) | _metadata_parameters(picture, pillow_format, density)
    if pillow_format == "AVIF":
        parameters |= avif_parameters() | ({"subsampling": "4:0:0"} if picture.channels == 1 else {})
    if pillow_format == "PNG":
        parameters["compress_level"] = png_level
    if quality is not None:
        parameters |= {"quality": round(quality)} | ({"lossless": False} if pillow_format == "WEBP" else {})
    out = io.BytesIO()
    try:
        still.save(out, pillow_format, **parameters)
    except PILLOW_ERRORS as error:
        raise EncodeError(f"{pillow_format} cannot hold this picture: {error}", "PNG can") from error
    if pillow_format == "JPEG2000":
        return with_metadata(out.getvalue(), picture.metadata), notes + changes
    if pillow_format not in FORMATS_OUT:
        changes += check_written(out.getvalue(), picture, pillow_format)
    return out.getvalue(), notes + changes


def to_pillow(picture: Picture, *, with_metadata: bool = True) -> PIL.Image.Image:
    """A Pillow image of mode L, LA, RGB, RGBA or I;16, its metadata in ``info`` as Pillow's own readers put them."""
    still = PIL.Image.fromarray(_channels(picture))
    if with_metadata:
        still.info.update(picture.metadata.as_info())
    return still


def _channels(picture: Picture) -> Pixels:
    """Colour and alpha in one array."""
    pixels, alpha = picture.pixels, picture.alpha
    if alpha is None:
        return pixels
    colour = pixels[:, :, np.newaxis] if pixels.ndim == 2 else pixels
    return np.concatenate([colour, alpha[:, :, np.newaxis]], axis=2)


def _still(picture: Picture, pillow_format: str) -> tuple[PIL.Image.Image, tuple[str, ...]]:
    """The Pillow image that is saved, and notes on the pixels that a format cannot carry."""
    if pillow_format == "GIF":
        return gif_still(picture)
    return to_pillow(picture, with_metadata=False), ()


def _metadata_parameters(picture: Picture, pillow_format: str, density: Density | None) -> dict[str, object]:
    """Pillow's ``save`` arguments that carry ICC, Exif, XMP and IPTC in this format."""
    meta, parameters = picture.metadata, dict[str, object]()
    if pillow_format == "JPEG2000":
        return parameters  # Pillow writes none of them
    if meta.icc is not None:
        parameters["icc_profile"] = meta.icc
    if meta.exif is not None:
        parameters["exif"] = _UnchangedExif(meta.exif) if pillow_format == "AVIF" else b"Exif\0\0" + meta.exif
    if density is not None and pillow_format in _STATES_DENSITY:
        parameters["dpi"] = density
    if pillow_format == "PNG":
        parameters["pnginfo"] = _png_chunks(meta)
    elif pillow_format == "JPEG":
        parameters |= _jpeg_segments(meta)
    elif meta.xmp is not None:
        parameters["xmp"] = meta.xmp
    if pillow_format == "ICO":
        parameters["sizes"] = [(picture.width, picture.height)]
    return parameters


def _png_chunks(meta: Metadata) -> PIL.PngImagePlugin.PngInfo:
    """Chunks of a PNG that carry XMP and IPTC."""
    chunks = PIL.PngImagePlugin.PngInfo()
    if meta.xmp is not None:
        chunks.add(b"iTXt", _XMP_KEYWORD + meta.xmp)
    if meta.iptc is not None:
        chunks.add(b"zTXt", _IPTC_KEYWORD + zlib.compress(as_digits(meta.iptc)))
    return chunks


def _jpeg_segments(meta: Metadata) -> dict[str, object]:
    """Arguments for the segments of a JPEG that carry XMP and IPTC."""
    extended = meta.xmp is not None and len(meta.xmp) > MAX_STANDARD
    extra = extended_segments(meta.xmp) if extended and meta.xmp is not None else b""
    extra = (extra or b"") + (b"" if meta.iptc is None else as_segment(meta.iptc))
    segments: dict[str, object] = {"extra": extra} if extra else {}
    return segments if extended or meta.xmp is None else segments | {"xmp": meta.xmp}


class _UnchangedExif(PIL.Image.Exif):
    """Exif that Pillow reads the orientation from, for a box of its own, and writes byte for byte."""

    def __init__(self, block: bytes) -> None:
        super().__init__()
        self.load(b"Exif\0\0" + block)
        self.block = block

    def __bool__(self) -> bool:
        return True

    def tobytes(self, offset: int = 8) -> bytes:
        """The block; no offset in it changes."""
        return self.block


def _npy(picture: Picture) -> bytes:
    out = io.BytesIO()
    np.save(out, np.asarray(to_pillow(picture, with_metadata=False)), allow_pickle=False)
    return out.getvalue()
