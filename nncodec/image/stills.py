"""Pillow's decoders and encoders, guarded: explicit formats, sizes checked before pixels, errors translated.

Training apart, no other module opens a picture with Pillow. Every base layer and every source picture passes through
here, so attacks on Pillow are stopped here and nowhere else.
"""

import io
import re
import struct
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import numpy.typing as npt
import PIL.features
import PIL.Image
import PIL.Jpeg2KImagePlugin

from nncodec.errors import CorruptFile, LimitExceeded, UnsupportedFile
from nncodec.image.jpeg_limits import check_limits
from nncodec.memory import as_memory_error
from nncodec.threads import Shared, available

MAX_PIXELS = 178_956_970
"""Pixels a picture may have unless the caller says otherwise: Pillow's own limit for an error."""

PILLOW_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    RuntimeError,
    AssertionError,
    struct.error,
)
"""Exceptions that Pillow's plugins raise on damaged input, as found by fuzzing them."""

OLDEST_PILLOW = (12, 3)
"""Earlier ones make AVIF files of another layout, or none."""
_NEEDED = ".".join(map(str, OLDEST_PILLOW))
PILLOW_HINT = f"pip install 'pillow>={_NEEDED}', whose wheels have all formats"

_FEATURES = {"PNG": "zlib", "JPEG": "jpg", "JPEG2000": "jpg_2000", "WEBP": "webp", "AVIF": "avif"}
"""The feature of Pillow that each format needs, see ``PIL.features``."""

_FAMILIAR = ("JPEG", "PNG", "TIFF", "GIF", "WEBP", "BMP")
"""Formats that a user will want to see named when a file in them cannot be read."""

_MOST_DCT_HALVINGS = 3
"""libjpeg's smallest inverse transform makes one sample of a block of 8 x 8."""

_bomb_lock = threading.Lock()


@contextmanager
def _no_warnings() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


_silence = Shared(_no_warnings)


@contextmanager
def pillow_errors(what: str) -> Iterator[None]:
    """Turn Pillow's exceptions on damaged bytes into CorruptFile, and silence its warnings.

    ``what`` names the bytes in the message. LimitExceeded for Pillow's own limit of pixels, MemoryError where memory
    and not the picture is at fault.
    """
    try:
        with _silence.block(), as_memory_error():
            yield
    except PIL.Image.DecompressionBombError as error:
        raise LimitExceeded(f"{what}: {error}") from error
    except PILLOW_ERRORS as error:
        raise CorruptFile(f"{what} cannot be read: {str(error) or type(error).__name__}") from error


def open_still(data: bytes, what: str, formats: list[str] | None = None, n_bytes: int | None = None) -> PIL.Image.Image:
    """Open a picture without decoding it.

    ``what`` names it in errors; ``formats`` are Pillow's format names, None for all it knows, with HEIC and JPEG XL
    where their readers are installed. ``n_bytes`` is the length of a JPEG file of which ``data`` holds the headers
    alone. Pillow's own pixel limit is lifted for the moment, so the caller must compare ``.size`` with its limit before
    it loads pixels. Raises UnsupportedFile if no format fits (CorruptFile if a named one does not), CorruptFile if it
    is damaged.
    """
    from nncodec.image.optional import open_optional

    if not data:
        raise CorruptFile(f"{what} is empty")
    with pillow_errors(what), _no_bomb_check():
        if formats is None and (optional := open_optional(data, what)) is not None:
            return optional
        try:
            picture = PIL.Image.open(io.BytesIO(data), formats=formats)
        except PIL.UnidentifiedImageError:
            if formats is not None:
                raise CorruptFile(f"{what} is not a readable {' or '.join(formats)} picture") from None
            raise UnsupportedFile(_unidentified(data)) from None
    if picture.format in ("JPEG", "MPO"):
        check_limits(data, what, n_bytes)
    return picture


def _unidentified(data: bytes) -> str:
    """The message for a file that no format of Pillow accepts; a format may know its signature, but not the rest."""
    for name in _FAMILIAR:
        _, accept = PIL.Image.OPEN[name]
        if accept is not None and accept(data[:16]):
            return f"this {name} file cannot be read: it is damaged, or of a kind that Pillow does not know"
    return "not a picture in any format this nnc can read"


def not_built(pillow_format: str) -> str | None:
    """The reason why Pillow cannot read and write a format, in a few words; None if it can."""
    with _silence.block():  # an old Pillow warns of features that it has never heard of
        present = PIL.features.check(_FEATURES[pillow_format])
    return None if present else too_old() or f"Pillow was built without {pillow_format}"


def too_old() -> str | None:
    """The reason why this Pillow is not one that the package was made for, in a few words; None if it is."""
    found = tuple(int(part) for part in re.findall(r"\d+", PIL.__version__)[:2])
    return f"Pillow {PIL.__version__} is too old: {_NEEDED} is needed" if found < OLDEST_PILLOW else None


def decode_still(
    data: bytes, what: str, pillow_format: str, shape: tuple[int, ...], halvings: int = 0
) -> PIL.Image.Image:
    """Decode a picture whose size is already known and allowed; ``shape`` is (height, width, ...).

    The sides of a JPEG or JPEG 2000 are halved up to ``halvings`` times, each time rounded up. Raises CorruptFile if
    the size disagrees or the data are damaged, UnsupportedFile if Pillow lacks the format.
    """
    _check_built(pillow_format)
    picture = open_still(data, what, [pillow_format])
    if picture.size != (shape[1], shape[0]):
        raise CorruptFile(f"{what} is {picture.width} x {picture.height}, the file says {shape[1]} x {shape[0]}")
    with pillow_errors(what):
        if halvings:
            _reduce(picture, halvings)
        picture.load()
    return picture


def _reduce(still: PIL.Image.Image, halvings: int) -> None:
    """Make Pillow decode a JPEG (by scaled DCTs) or JPEG 2000 (fewer wavelet levels) of smaller size."""
    width, height = still.size
    if isinstance(still, PIL.Jpeg2KImagePlugin.Jpeg2KImageFile):
        # Pillow rounds to the nearest size, the format up: take the most halvings for which that is the same.
        still.reduce = max(
            n for n in range(halvings + 1) if all((s + (1 << n >> 1)) >> n == -(-s >> n) for s in (width, height))
        )
    else:
        times = min(halvings, _MOST_DCT_HALVINGS)
        still.draft(None, (max(1, width >> times), max(1, height >> times)))


def check_pixels(width: int, height: int, max_pixels: int) -> None:
    """Raise LimitExceeded if a picture is larger than allowed."""
    if width * height > max_pixels:
        raise LimitExceeded(
            f"{width} x {height} is more than {max_pixels} pixels", "--max-pixels raises the limit, if you trust it"
        )


def encode_still(pixels: npt.NDArray[np.generic], pillow_format: str, **parameters: object) -> bytes:
    """Encode an array in a Pillow format, with parameters of Pillow's ``save``.

    Raises UnsupportedFile if Pillow lacks it, else what Pillow raises: bad parameters are a bug, not bad input.
    """
    _check_built(pillow_format)
    out = io.BytesIO()
    PIL.Image.fromarray(pixels).save(out, pillow_format, **parameters)
    return out.getvalue()


def avif_parameters(threads: int = 0, advanced: dict[str, str] | None = None) -> dict[str, object]:
    """Parameters of ``save`` by which an AVIF has the same bytes whatever the number of threads.

    libaom codes rows in parallel by default as soon as it has two threads, and then chooses otherwise. Without that,
    threads share tiles, whose number libavif takes from the size of the picture. ``threads`` 0 is the process's
    limit; ``advanced`` are further options of libaom.
    """
    return {"max_threads": threads or available(), "advanced": {"row-mt": "0"} | (advanced or {})}


def _check_built(pillow_format: str) -> None:
    lack = not_built(pillow_format)
    if lack is not None:
        raise UnsupportedFile(lack, PILLOW_HINT)


@contextmanager
def _no_bomb_check() -> Iterator[None]:
    """Lift Pillow's process-wide pixel limit while a header is read: ours is per call."""
    with _bomb_lock:
        before = PIL.Image.MAX_IMAGE_PIXELS
        PIL.Image.MAX_IMAGE_PIXELS = None
        try:
            yield
        finally:
            PIL.Image.MAX_IMAGE_PIXELS = before
