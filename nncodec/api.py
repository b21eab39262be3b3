"""The functions of ``import nncodec``: pictures to bytes and back. See :mod:`nncodec.pipeline` for the rest."""

import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import PIL.Image

from nncodec.codec import Options
from nncodec.errors import EncodeError, NotSmaller
from nncodec.image import Picture, from_array, from_pillow
from nncodec.image.stills import MAX_PIXELS
from nncodec.installation import overwritten
from nncodec.pipeline import (
    AUTO,
    DEFAULT_CODEC,
    Decoded,
    Info,
    Settings,
    SourceOptions,
    Target,
    encode_picture,
    encode_source,
    quality_for,
)
from nncodec.pipeline import decode as _decode
from nncodec.pipeline import extract as _extract
from nncodec.pipeline import inspect as _inspect
from nncodec.plugin import register_pillow
from nncodec.threads import at_most
from nncodec.urls import is_url

Buffer = bytes | bytearray | memoryview
PathLike = str | os.PathLike[str]
File = Buffer | BinaryIO | PathLike
Weights = PathLike | Sequence[PathLike]
Source = Picture | PIL.Image.Image | npt.NDArray[Any] | File

__all__ = ["decode", "encode", "extract", "inspect", "register_pillow"]

if _problem := overwritten():
    warnings.warn(_problem, RuntimeWarning, stacklevel=2)


def encode(
    source: Source,
    codec: str | None = None,
    quality: float | None = None,
    *,
    codec_quality: float | None = None,
    lossless: bool = False,
    keep_jpeg: bool = False,
    plain_jpeg: bool = False,
    skip_if_larger: bool = False,
    effort: int = 5,
    bpp: float | None = None,
    target_size: int | None = None,
    target_psnr: float | None = None,
    target_ssim: float | None = None,
    strip: bool = False,
    strip_icc: bool = False,
    restore: str = "auto",
    light: bool = False,
    depth: int | None = None,
    frame: int | None = None,
    max_pixels: int = MAX_PIXELS,
    perceptual: float | None = None,
    device: str = "auto",
    threads: int = 0,
    weights: Weights = (),
) -> bytes:
    """Encode a picture and return the bytes of an .nnc file.

    ``source`` is a file in any format Pillow reads, or .nnc (a path, its bytes, or a binary file open for reading), a
    Pillow image, or an array: (H, W), (H, W, 2), (H, W, 3) or (H, W, 4) uint8, alpha last, or (H, W) uint16.
    ``quality`` runs from 0 to 100 and means about the same error with every codec; the default is 85. 100 is lossless
    where the codec can be, and without ``codec`` as ``lossless`` is. ``codec_quality`` is one on the codec's own scale
    instead. ``effort`` runs from 1 to 9. One of ``bpp`` (bits per pixel, at most), ``target_size`` (bytes, at most),
    ``target_psnr`` (dB, at least) and ``target_ssim`` (at least, 1 being equality: the mean SSIM of R, G and
    B, of one scale) replaces ``quality`` by a search.
    Without ``codec``, or with ``auto``, photographs are coded by avif, and drawings without loss where that is smaller;
    with ``lossless``, by webp or jpeg2000, whichever is smaller.
    ``keep_jpeg`` keeps a JPEG source bit for bit if it is given as a path, bytes or an open file, in fewer bytes where
    the package lepton-jpeg-python is installed; other sources are encoded. ``plain_jpeg`` does so without that package,
    for files that every installation decodes. ``lossless`` implies ``keep_jpeg``, unless a JPEG source cannot stay as
    it is (``strip``, ``strip_icc``, ``frame``) or ``codec`` is given.
    ``skip_if_larger`` raises NotSmaller in place of bytes that would not be fewer than those of the source, which must
    be a path, bytes or an open file.
    ``strip`` leaves Exif, XMP and IPTC out and turns the picture upright, ``strip_icc`` leaves the ICC profile out.
    ``depth=8`` allows deeper samples to be cut to 8 bits, ``frame`` takes one picture of an animated file.
    ``restore`` is ``none``, ``auto``, or names of restorers with plus signs between: networks that repair the decoded
    picture are added where they pay for their bytes. ``light`` has them, and codecs, use light weights where there are
    some (those of luma), which take less time to decode.
    ``perceptual``, 0 to 1, is how strongly ``superres`` and ``generative`` invent detail; the default is 1.
    ``threads`` is the most threads that codecs and networks start for this call; 0 is OMP_NUM_THREADS, or one per core.
    ``weights`` is a file of your own weights, or several for a codec and its restorers: see docs/training.md.

    Raises NncError: EncodeError for a picture or settings that cannot be encoded, CorruptFile and UnsupportedFile for
    sources that cannot be read, LimitExceeded above ``max_pixels``; and OSError for paths.
    """
    codec = None if codec == AUTO else codec
    target = Target.of(target_size, bpp, target_psnr, target_ssim)
    _check_threads(threads)
    options = Options(quality_for(codec or DEFAULT_CODEC, quality, codec_quality), effort, device, threads, perceptual)
    settings = Settings(
        codec or DEFAULT_CODEC, options, target, strip, max_pixels, restore, strip_icc, _paths(weights), light
    )
    sourcing = SourceOptions(codec, lossless, keep_jpeg, depth, frame, plain_jpeg)
    with at_most(threads):
        if isinstance(source, (Picture, PIL.Image.Image, np.ndarray)):
            if skip_if_larger:
                raise EncodeError("pixels in memory have no size of a file to be smaller than", "skip_if_larger=False")
            return encode_picture(_picture(source, depth), settings, sourcing).data
        if not _is_file(source):
            hint = "a path, the bytes of a file, an open file, a Pillow image or a NumPy array is"
            raise EncodeError(f"a {type(source).__name__} is not a picture", hint)
        data = _bytes(source)
        coded = encode_source(data, settings, sourcing).data
    if skip_if_larger and len(coded) >= len(data):
        raise NotSmaller(f"{len(coded)} bytes against the {len(data)} of the source")
    return coded


def decode(
    source: File,
    *,
    max_pixels: int = MAX_PIXELS,
    max_memory: int | None = None,
    restore: bool = True,
    partial: bool = False,
    layers: int | None = None,
    max_side: int | None = None,
    perceptual: float | None = None,
    scale: int = 1,
    device: str = "auto",
    threads: int = 0,
    weights: Weights = (),
) -> Decoded:
    """Decode an .nnc file, given as path, bytes or open binary file, to pixels and metadata.

    ``restore=False`` shows the base layer without restorers; ``partial=True`` takes what is sound of a damaged
    file; ``layers`` gives what the first layers of a progressive file hold, which may be a smaller picture;
    ``max_side`` shrinks a larger picture, so that its longer side has as many pixels;
    ``perceptual``, 0 to 1, is how strongly ``superres`` and ``generative`` invent detail, in place of what the file
    says; ``scale=2`` enlarges the picture by a network that invents its finest detail;
    ``threads`` is the most threads that networks start for this call, 0 is OMP_NUM_THREADS, or one per core;
    ``max_memory``, in bytes, refuses files that may take more to decode. ``weights`` is a file of your own weights, or
    several, for a picture that was encoded with them; folders in NNC_WEIGHTS are searched for those that it needs.
    Raises CorruptFile, UnsupportedFile, LimitExceeded, EncodeError for layers that the file does not have, and OSError
    for paths.
    """
    _check_threads(threads)
    with at_most(threads):
        return _decode(
            _bytes(source),
            max_pixels=max_pixels,
            max_memory=max_memory,
            restore=restore,
            partial=partial,
            layers=layers,
            max_side=max_side,
            perceptual=perceptual,
            scale=scale,
            device=device,
            weights=_paths(weights),
        )


def extract(
    source: File, *, max_pixels: int = MAX_PIXELS, max_memory: int | None = None
) -> tuple[bytes, str, tuple[str, ...]]:
    """The base layer of an .nnc file, given as path, bytes or open binary file, as an ordinary picture file.

    Returns its bytes, its suffix (``.jpg``, ``.webp``, ``.avif``, ``.jp2``) and notes on what it lacks. Its samples are
    as they were coded: nothing is decoded and encoded again. A JPEG that was kept comes back bit for bit. Raises as
    :func:`decode`, and UnsupportedFile for codecs that hold no such file.
    """
    found = _extract(_bytes(source), max_pixels=max_pixels, max_memory=max_memory)
    return found.data, found.suffix, found.notes


def inspect(source: File, *, partial: bool = False) -> Info:
    """Describe an .nnc file, given as path, bytes or open binary file, without decoding pixels.

    ``partial=True`` describes what is sound of a damaged file. Raises as :func:`decode`.
    """
    return _inspect(_bytes(source), partial=partial)


def _check_threads(threads: int) -> None:
    if threads < 0:
        raise EncodeError(f"{threads} threads", "0 leaves their number open")


def _paths(weights: Weights) -> tuple[Path, ...]:
    several = [weights] if isinstance(weights, (str, os.PathLike)) else weights
    return tuple(Path(path) for path in several)


def _bytes(source: File) -> bytes:
    """All bytes of a file. Raises EncodeError for a URL and for a file that is open as text, and OSError."""
    if isinstance(source, (bytes, bytearray, memoryview)):
        return bytes(source)
    if isinstance(source, (str, os.PathLike)):
        if isinstance(source, str) and is_url(source):
            hint = "open it first, say with fsspec.open(url), and give the open file"
            raise EncodeError(f"{source} is a URL, and paths alone are opened", hint)
        return Path(source).read_bytes()
    data: object = source.read()
    if not isinstance(data, bytes):
        hint = "open it with mode 'rb'"
        raise EncodeError(f"the file gives {type(data).__name__}, not bytes: it is open as text", hint)
    return data


def _is_file(source: object) -> bool:
    return isinstance(source, (str, bytes, bytearray, memoryview, os.PathLike)) or hasattr(source, "read")


def _picture(source: Picture | PIL.Image.Image | npt.NDArray[Any], depth: int | None) -> Picture:
    """Pixels in memory as a picture; ``depth=8`` cuts deeper samples."""
    if isinstance(source, Picture):
        return source
    if isinstance(source, PIL.Image.Image):
        return from_pillow(source, depth=depth)
    picture = from_array(source)
    if picture.depth > (depth or picture.depth):
        return from_pillow(PIL.Image.fromarray(source), depth=8)
    return picture
