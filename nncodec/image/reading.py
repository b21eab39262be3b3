"""Reading of pictures, in any format that Pillow knows, without losing anything silently."""

import io
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import PIL.Image

from nncodec.errors import EncodeError, UnsupportedFile
from nncodec.image.avif import cropped, space_notes
from nncodec.image.bmp import embedded_profile, profile_notes
from nncodec.image.density import density_of, pixel_aspect, stated_density
from nncodec.image.depth import stored_depth
from nncodec.image.ico import check_icons
from nncodec.image.jpeg import check_scans_whole, jpeg_notes
from nncodec.image.jpeg2000 import add_metadata, box_notes, with_whole_range
from nncodec.image.jpeg_markers import closed
from nncodec.image.kinds import HEAD, RAW, RAW_HINT, kind_by_content, optional_suffixes
from nncodec.image.libtiff import libtiff_errors
from nncodec.image.optional import JxlFile, optional_notes
from nncodec.image.picture import Metadata, Picture
from nncodec.image.png import colour_notes, with_key_in_pixels, without_damaged_chunks
from nncodec.image.png_text import without_text
from nncodec.image.source_metadata import metadata_notes, metadata_of, own_metadata, settle_tiff_blocks
from nncodec.image.stills import MAX_PIXELS, check_pixels, open_still, pillow_errors
from nncodec.image.tga import padding_notes, without_padding
from nncodec.image.tiff import refuse_raw, settle_samples, white_is_zero

NOT_READ = {
    "EPS": "it is a program, and would be run",
    "WMF": "it is a program, and would be run",
    "BUFR": "Pillow only knows its name",
    "GRIB": "Pillow only knows its name",
    "HDF5": "Pillow only knows its name",
    "MPEG": "Pillow only knows its name",
}
"""Formats that Pillow opens and this package refuses, with the reason."""


def picture_suffixes() -> frozenset[str]:
    """Suffixes of all formats that are read, in lower case with the dot; ``.nnc`` is not among them."""
    suffixes = PIL.Image.registered_extensions().items()
    read = {*PIL.Image.OPEN, "MPO"} - {*NOT_READ, "NNC"}  # MPO files open as JPEG files
    return frozenset(suffix for suffix, name in suffixes if name in read) | optional_suffixes()


_PLAIN = {"1": "L", "L": "L", "P": "RGB", "RGB": "RGB", "RGBX": "RGB", "YCbCr": "RGB"}
_WITH_ALPHA = {"1": "LA", "L": "LA", "LA": "LA", "La": "LA", "P": "RGBA", "PA": "RGBA", "RGB": "RGBA"}
_WITH_ALPHA |= {"RGBA": "RGBA", "RGBa": "RGBA"}

_PSD_VERSION = 1057
"""The resource that says behind four bytes if there is a composite (Adobe Photoshop File Formats, image resources)."""


def read(data: bytes, *, max_pixels: int = MAX_PIXELS, depth: int | None = None, frame: int | None = None) -> Picture:
    """Read a picture from the bytes of a file in any format Pillow knows.

    ``depth=8`` allows samples of more than 8 bits to be reduced; ``frame`` chooses a frame of an animation.
    Raises UnsupportedFile (no format fits), CorruptFile (damaged), LimitExceeded (more than ``max_pixels``), and
    EncodeError for what could only be kept in part.
    """
    if kind_by_content(data[:HEAD]) == RAW:
        raise UnsupportedFile("the raw file of a camera is not read", RAW_HINT)
    check_icons(data, max_pixels)
    whole, text = without_text(closed(data))
    whole, damaged = without_damaged_chunks(whole)
    still = open_still(whole, "the picture")
    still.info.update(text.info)
    add_metadata(still, whole)
    if (profile := embedded_profile(still, whole)) is not None:
        still.info["icc_profile"] = profile
    if still.format in NOT_READ:
        raise UnsupportedFile(f"{still.format} is not read: {NOT_READ[still.format]}")
    refuse_raw(still)
    check_pixels(still.width, still.height, max_pixels)
    notes = _choose_frame(still, frame)
    picture = _picture(still, whole, depth)
    notes += picture.notes + _conversion_notes(still, data, picture.metadata) + metadata_notes(still, data, text)
    if picture.alpha is not None and not picture.alpha.any():
        notes += ("its alpha is 0 everywhere: that is kept, and it will look empty",)
    return replace(picture, notes=damaged + notes)


def from_pillow(still: PIL.Image.Image, *, depth: int | None = None) -> Picture:
    """A picture from a Pillow image, with its alpha and metadata.

    An image whose pixels are not loaded yet tells how the file behind it stores them. Raises EncodeError for modes and
    depths that cannot be kept.
    """
    return _picture(still, b"", depth)


def _picture(still: PIL.Image.Image, data: bytes, depth: int | None) -> Picture:
    """The picture of an image; ``data`` is the file that it was opened from, or empty."""
    stored = stored_depth(still, data)
    settle_samples(still)
    settle_tiff_blocks(still, data)
    with libtiff_errors(still), pillow_errors("the picture"):
        keyed = with_key_in_pixels(still, data)
        still.load()
        keyed.info.update(own_metadata(still, data))
    keyed = without_padding(cropped(with_whole_range(keyed, data), data), data)
    if data and still.format in ("JPEG", "MPO"):
        check_scans_whole(still, data, "the picture")
    picture = _converted(keyed, stored, depth)
    if stored is None or stored <= picture.depth:
        return picture
    return replace(picture, notes=(f"{stored} bits per sample were reduced to {picture.depth}",))


def _converted(still: PIL.Image.Image, stored: int | None, depth: int | None) -> Picture:
    """The picture of a loaded image, whose file has ``stored`` bits per sample."""
    if 0 in still.size:
        raise EncodeError(f"an image of {still.width} x {still.height} pixels is no picture")
    in_whole_range = stored == 16 or (stored is not None and 8 < stored < 16 and still.format == "PPM")
    if still.mode.startswith("I;16") or (still.mode == "I" and in_whole_range):
        if stored is not None and stored > 16 and depth != 8:
            raise EncodeError(f"{stored} bits per sample would be cut to 16", "--depth 8 allows it")
        return _from_deep_gray(still, depth, bits=stored)
    if stored is not None and stored > 8 and depth != 8:
        raise EncodeError(f"{stored} bits per sample in {still.mode} would be cut to 8", "--depth 8 allows it")
    metadata = metadata_of(still)
    if still.mode == "CMYK":
        return Picture(np.array(_cmyk_to_rgb(still)), None, metadata)
    with pillow_errors("the picture"):
        if still.has_transparency_data and still.mode in _WITH_ALPHA:
            both = np.asarray(_as_mode(still, _WITH_ALPHA[still.mode]))
            colour = both[:, :, 0] if both.shape[2] == 2 else both[:, :, :3]
            return Picture(np.ascontiguousarray(colour), np.ascontiguousarray(both[:, :, -1]), metadata)
        if still.mode in _PLAIN:
            return Picture(np.array(_as_mode(still, _PLAIN[still.mode])), None, metadata)
    raise EncodeError(f"pictures of mode {still.mode} cannot be kept", "convert it to 8-bit gray or RGB first")


def _conversion_notes(still: PIL.Image.Image, data: bytes, metadata: Metadata) -> tuple[str, ...]:
    """Notes on what of an image, the bytes of its file, `_converted` changes or leaves out of ``metadata``."""
    notes = []
    if still.mode == "CMYK":
        notes.append("CMYK was converted to RGB")
    if (aspect := pixel_aspect(still, data)) is not None:
        notes.append(f"its pixels are not square ({aspect} to the same length): they will be taken for square")
    if (density := density_of(still)) is not None and stated_density(metadata) is None:
        notes.append(f"its {density[0]:g} x {density[1]:g} dots per inch are dropped: its Exif block cannot take them")
    return (
        tuple(notes)
        + colour_notes(still, data)
        + jpeg_notes(data, bool(still.info.get("icc_profile")))
        + box_notes(still, data)
        + space_notes(still, data)
        + profile_notes(still, data)
        + optional_notes(still, data)
        + padding_notes(still, data)
    )


def _choose_frame(still: PIL.Image.Image, frame: int | None) -> tuple[str, ...]:
    """Seek the frame that is asked for, and return notes. Animations need a choice; MPO files have a main picture."""
    if isinstance(still, JxlFile):
        return _choose_first(still, frame)
    with pillow_errors("the picture"):
        n_frames = getattr(still, "n_frames", 1)
    if still.format == "PSD":
        return _choose_composite(still, n_frames, frame)
    if frame is None and n_frames > 1:
        if still.format == "MPO":
            return (f"only the first of {n_frames} pictures in the MPO file is kept",)
        raise EncodeError(f"{n_frames} frames, and .nnc holds one picture", "--frame 0 takes the first")
    if frame is not None:
        if frame >= n_frames:
            raise EncodeError(f"there is no frame {frame}: the file has {n_frames}")
        with pillow_errors("the picture"):
            still.seek(frame)
    return ()


def _choose_first(still: JxlFile, frame: int | None) -> tuple[str, ...]:
    """Take the first frame of a JPEG XL, the only one that its reader gives; return notes."""
    if frame:
        raise EncodeError(f"there is no frame {frame}: of a JPEG XL only the first is read")
    if still.header.animated and frame is None:
        raise EncodeError("an animation, and .nnc holds one picture", "--frame 0 takes the first")
    return ()


def _choose_composite(still: PIL.Image.Image, n_layers: int, frame: int | None) -> tuple[str, ...]:
    """Take the composite of a PSD, which Pillow opens first and counts with its layers; return notes."""
    if frame:
        raise EncodeError(f"there is no frame {frame}: of a PSD file only the composite is read", "leave out --frame")
    for number, _, content in getattr(still, "resources", ()):
        if number == _PSD_VERSION and content[4:5] == b"\0":
            raise UnsupportedFile("this PSD file holds layers and no composite of them, and layers are not read")
    layers = "1 layer" if n_layers == 1 else f"{n_layers} layers"
    return (f"only the composite of {layers} in the PSD file is kept",) if n_layers else ()


def _from_deep_gray(still: PIL.Image.Image, depth: int | None, *, bits: int | None) -> Picture:
    """A picture of 16-bit gray, reduced to 8 bits if ``depth`` is 8; the samples of a TIFF may have 12 ``bits``."""
    key = still.info.get("transparency")
    if key is not None and depth != 8:
        raise EncodeError("16-bit gray with a transparent colour cannot be kept", "--depth 8 allows it")
    with pillow_errors("the picture"):
        stored = np.array(still)
    if stored.min() < 0:
        raise EncodeError("signed samples cannot be kept", "convert it to unsigned ones first")
    samples: npt.NDArray[np.uint16] = stored.astype(np.uint16)
    if still.format == "TIFF" and bits == 12:
        samples = ((samples.astype(np.uint32) * 65535 + 2047) // 4095).astype(np.uint16)
    if white_is_zero(still):
        samples = 65535 - samples
    if depth == 8:
        reduced = ((samples.astype(np.uint32) * 255 + 32767) // 65535).astype(np.uint8)
        alpha = None if key is None else np.where(samples == key, 0, 255).astype(np.uint8)
        return Picture(reduced, alpha, metadata_of(still))
    scaled = (f"its {bits} bits per sample were scaled to 16",) if bits is not None and bits < 16 else ()
    return Picture(samples, None, metadata_of(still), scaled)


def _as_mode(still: PIL.Image.Image, mode: str) -> PIL.Image.Image:
    """``still.convert(mode)`` without the copy that Pillow makes even when nothing changes."""
    return still if still.mode == mode else still.convert(mode)


def _cmyk_to_rgb(still: PIL.Image.Image) -> PIL.Image.Image:
    """RGB by the embedded profile where there is a usable one, else by Pillow's plain formula."""
    from PIL import ImageCms

    profile = still.info.get("icc_profile")
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(still, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except (ImageCms.PyCMSError, OSError, ValueError):
            converted = None
        if converted is not None:
            return converted
    return still.convert("RGB")
