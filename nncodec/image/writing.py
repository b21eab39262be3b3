"""Writing of pictures: PNG by default, NPY for pipes, TIFF, and any other format that Pillow writes."""

import io

import numpy as np
import PIL.Image
import PIL.PngImagePlugin

from nncodec.errors import EncodeError
from nncodec.image.density import stated_density
from nncodec.image.orientation import oriented, upright
from nncodec.image.picture import Picture, Pixels
from nncodec.image.stills import PILLOW_ERRORS
from nncodec.image.tiff_writing import tiff

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

_KEEPS_EXIF = {"PNG", "JPEG", "WEBP", "TIFF", "AVIF"}
_KEEPS_XMP = {"PNG", "JPEG", "WEBP", "TIFF", "AVIF"}
_KEEPS_ICC = {"PNG", "JPEG", "WEBP", "TIFF", "AVIF"}
_STATES_DENSITY = {"PNG", "JPEG", "BMP"}
"""Formats with a density beside Exif; TIFF has the same tags as Exif."""
_HAS_QUALITY = {"JPEG", "WEBP", "AVIF"}
_NO_ALPHA = {"JPEG", "PPM", "BMP"}
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
    if pillow_format not in _KEEPS_EXIF and oriented(picture.metadata) != 1:
        picture = upright(picture)
    notes = _losses(picture, pillow_format)
    if pillow_format == "NPY":
        return _npy(picture), notes
    if picture.alpha is not None and pillow_format in _NO_ALPHA:
        raise EncodeError(f"{pillow_format} holds no alpha", "PNG, WebP, TIFF and NPY do")
    if picture.depth == 16 and pillow_format not in _KEEPS_DEPTH:
        raise EncodeError(f"{pillow_format} holds no 16-bit gray", "PNG, TIFF, PPM and NPY do")
    if pillow_format == "TIFF":
        file, lost = tiff(_channels(picture), picture.metadata)
        return file, notes + lost
    parameters = dict(FORMATS_OUT.get(pillow_format, {})) | _metadata_parameters(picture, pillow_format)
    if pillow_format == "PNG":
        parameters["compress_level"] = png_level
    if quality is not None:
        parameters |= {"quality": round(quality)} | ({"lossless": False} if pillow_format == "WEBP" else {})
    out = io.BytesIO()
    try:
        to_pillow(picture, with_metadata=False).save(out, pillow_format, **parameters)
    except PILLOW_ERRORS as error:
        raise EncodeError(f"{pillow_format} cannot hold this picture: {error}", "PNG can") from error
    return out.getvalue(), notes


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


def _losses(picture: Picture, pillow_format: str) -> tuple[str, ...]:
    """Notes on the metadata and colours that a format cannot carry."""
    meta = picture.metadata
    kept = {"an ICC profile": (meta.icc, _KEEPS_ICC), "Exif": (meta.exif, _KEEPS_EXIF), "XMP": (meta.xmp, _KEEPS_XMP)}
    reduced = pillow_format == "GIF" and picture.channels == 3
    colours = ("GIF cannot carry more than 256 colours: reduced",) if reduced else ()
    return colours + tuple(
        f"{pillow_format} cannot carry {what}: dropped"
        for what, (value, keepers) in kept.items()
        if value is not None and pillow_format not in keepers
    )


def _metadata_parameters(picture: Picture, pillow_format: str) -> dict[str, object]:
    """Pillow's ``save`` arguments that carry ICC, Exif and XMP in this format."""
    meta, parameters = picture.metadata, dict[str, object]()
    if meta.icc is not None and pillow_format in _KEEPS_ICC:
        parameters["icc_profile"] = meta.icc
    if meta.exif is not None and pillow_format == "AVIF":
        parameters["exif"] = _exif_tags(meta.exif)  # the orientation goes into a box of its own
    elif meta.exif is not None and pillow_format in _KEEPS_EXIF:
        parameters["exif"] = b"Exif\0\0" + meta.exif
    density = stated_density(meta)
    if density is not None and pillow_format in _STATES_DENSITY:
        parameters["dpi"] = density
    if meta.xmp is not None and pillow_format == "PNG":
        chunks = PIL.PngImagePlugin.PngInfo()
        chunks.add(b"iTXt", _XMP_KEYWORD + meta.xmp)
        parameters["pnginfo"] = chunks
    elif meta.xmp is not None and pillow_format in _KEEPS_XMP:
        parameters["xmp"] = meta.xmp
    return parameters


def _exif_tags(block: bytes) -> PIL.Image.Exif:
    """Exif as Pillow's tags; EncodeError if the block cannot be read."""
    exif = PIL.Image.Exif()
    try:
        exif.load(b"Exif\0\0" + block)
    except PILLOW_ERRORS as error:
        raise EncodeError(f"the Exif data cannot be read: {error}", "PNG carries them unread") from error
    return exif


def _npy(picture: Picture) -> bytes:
    out = io.BytesIO()
    np.save(out, np.asarray(to_pillow(picture, with_metadata=False)), allow_pickle=False)
    return out.getvalue()
