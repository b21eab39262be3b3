"""From the bytes of an .nnc file to a picture."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nncodec import progress
from nncodec.codec import Codec, Frame, HasLayers, KeepsFiles, ReadsOlderPayloads
from nncodec.codecs import by_id
from nncodec.container import Container, Header, Kind, parse, parse_prefix
from nncodec.errors import CorruptFile, EncodeError
from nncodec.image import Metadata, Picture
from nncodec.image.alpha import decode_alpha
from nncodec.image.fitting import fitted, halvings_to
from nncodec.image.scaling import shrink
from nncodec.image.stills import MAX_PIXELS, check_pixels
from nncodec.memory import as_memory_error, check_address_space
from nncodec.pipeline.faults import naming
from nncodec.pipeline.layering import decode_layers
from nncodec.pipeline.limits import check_memory, decoding_memory
from nncodec.pipeline.own_weights import for_decoding, needed
from nncodec.pipeline.painting import check_scale, enlarged, note_of, with_perceptual
from nncodec.restorers import apply_sections

_MARGIN = 2
"""Pixels in a row that are decoded for each that is asked for, at least, where a codec decodes a smaller picture.

The wavelet filters of JPEG 2000 leave aliases, which the last step of shrinking by a better filter has to remove.
"""


@dataclass(frozen=True)
class Wanted:
    """What a caller asks of a picture; see `decode`."""

    restore: bool
    layers: int | None
    max_side: int | None
    perceptual: float | None
    scale: int
    device: str


@dataclass(frozen=True)
class Decoded:
    """The content of an .nnc file: picture, metadata, codec."""

    picture: Picture
    codec: str
    """Name of the codec of the payload."""
    complete: bool = True
    """False if the file was cut or damaged and only its sound part was decoded (``partial=True``)."""

    @property
    def pixels(self) -> npt.NDArray[np.generic]:
        """(H, W), (H, W, 2), (H, W, 3) or (H, W, 4): gray or RGB, alpha last; uint8, or uint16 for deep gray."""
        colour, alpha = self.picture.pixels, self.picture.alpha
        return colour if alpha is None else np.dstack([colour, alpha])

    @property
    def metadata(self) -> Metadata:
        """ICC, Exif, XMP and IPTC. An Exif orientation has not been applied to the pixels."""
        return self.picture.metadata


def frame_of(header: Header) -> Frame:
    """The frame that a header describes."""
    return Frame(header.width, header.height, 3 if header.colour else 1, header.depth)


@as_memory_error()
def decode(
    data: bytes,
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
    weights: Sequence[Path] = (),
) -> Decoded:
    """Decode a file.

    ``restore=False`` leaves restorers out and shows the base layer; ``partial=True`` decodes a cut or damaged file
    up to its last sound section. ``layers`` decodes the first ones of a layered file alone, to a picture that may be
    smaller and is restored only if it is the whole; None is all there are, in the size that the header states.
    ``max_side`` shrinks a picture whose longer side has more pixels to one that has as many. From a quarter of the
    size down, restorers are left out, and codecs that can decode a smaller picture do.
    ``perceptual``, 0 to 1, is how strongly a codec that invents detail does so, in place of what the file says;
    ``scale=2`` enlarges the decoded picture by a network, which invents detail.
    ``max_memory``, in bytes, refuses files whose codec may need more. ``weights`` are files of the user's own weights
    that the file may need; folders in NNC_WEIGHTS are searched, too. Raises CorruptFile, UnsupportedFile or
    LimitExceeded, before pixels are allocated wherever the container can tell, EncodeError for more layers than the
    file has, OSError for ``weights``, InternalError, which names the codec, for whatever else a payload provokes, and
    MemoryError.
    """
    if max_side is not None and max_side < 1:
        raise EncodeError(f"a side of {max_side} pixels is no picture", "the smallest is 1")
    if max_side is not None and scale != 1:
        raise EncodeError("a picture is either shrunk or enlarged", "leave max_side or scale out")
    container, complete = parse_prefix(data) if partial else (parse(data), True)
    codec = by_id(container.header.codec)
    check_pixels(container.header.width, container.header.height, max_pixels)
    with naming(codec.name):
        check_scale(scale, frame_of(container.header), max_pixels)
        check_memory(container, codec, max_memory, scale)
        own = needed(container, restore)
    try:
        with for_decoding(own, weights), naming(codec.name):
            wanted = Wanted(restore, layers, max_side, perceptual, scale, device)
            return _decode_container(container, complete, wanted)
    except CorruptFile:  # some libraries say that of a sound file, too, where memory runs out
        check_address_space(decoding_memory(container, codec, scale))
        raise


def _decode_container(c: Container, complete: bool, wanted: Wanted) -> Decoded:
    header = c.header
    codec = by_id(header.codec)
    layers, max_side = wanted.layers, wanted.max_side
    halvings = 0 if max_side is None else halvings_to(header.width, header.height, _MARGIN * max_side)
    if header.depth not in codec.depths:
        raise CorruptFile(f"{codec.name} holds no {header.depth}-bit samples, as the header claims")
    first = with_perceptual(codec, payload_of(c), wanted.perceptual, wanted.scale > 1)
    parts = [first, *c.all(Kind.LAYER)]
    progress.stage(f"decoding by {codec.name}")
    pixels = decode_layers(codec, parts, frame_of(header), wanted.device, layers, complete, halvings)
    if wanted.restore and not halvings and layers in (None, len(parts)) and pixels.shape == frame_of(header).shape:
        progress.stage("restoring")
        pixels = apply_sections(pixels, c.all(Kind.RESTORER), c.binding(), wanted.device)
    alpha = c.get(Kind.ALPHA)
    picture = Picture(
        pixels,
        None if alpha is None else shrink(decode_alpha(alpha, header.height, header.width), *pixels.shape[:2]),
        _metadata(c),
        note_of(codec) + (() if complete else (_lost(codec, len(parts)),)),
    )
    picture = enlarged(picture, wanted.scale, wanted.perceptual)
    if max_side is not None:
        picture = fitted(picture, max_side, (header.width, header.height))
    return Decoded(picture, codec.name, complete)


def _lost(codec: Codec, layers: int) -> str:
    """The note on an incomplete file."""
    how_far = f", as far as layer {layers}" if isinstance(codec, HasLayers) else ""
    return f"the file is damaged or cut: only its sound part was decoded{how_far}"


def payload_of(c: Container) -> bytes:
    """The payload as codecs read it today."""
    codec = by_id(c.header.codec)
    return codec.modern(c.payload, c.header.version) if isinstance(codec, ReadsOlderPayloads) else c.payload


def _metadata(c: Container) -> Metadata:
    """The file's sections, and for what they lack, the kept file's own metadata."""
    codec = by_id(c.header.codec)
    kept = codec.metadata(c.payload) if isinstance(codec, KeepsFiles) else Metadata()
    sections = {"icc": c.get(Kind.ICC), "exif": c.get(Kind.EXIF), "xmp": c.get(Kind.XMP), "iptc": c.get(Kind.IPTC)}
    return replace(kept, **{name: data for name, data in sections.items() if data is not None})


@as_memory_error()
def original(data: bytes, *, max_pixels: int = MAX_PIXELS, max_memory: int | None = None) -> tuple[bytes, str]:
    """The file that ``--keep-jpeg`` took over, bit for bit, and its suffix.

    Raises EncodeError if this file keeps none; limits and other errors are those of :func:`decode`.
    """
    container = parse(data)
    codec = by_id(container.header.codec)
    if not isinstance(codec, KeepsFiles):
        raise EncodeError(f"a {codec.name} file holds no original", "only --keep-jpeg keeps one")
    check_pixels(container.header.width, container.header.height, max_pixels)
    with naming(codec.name):
        check_memory(container, codec, max_memory)
        return codec.unpack(container.payload, frame_of(container.header)), codec.suffix


def peek(data: bytes) -> tuple[Header, Metadata]:
    """Header and metadata of a whole file, checksums verified, no pixel decoded."""
    container = parse(data)
    with naming(by_id(container.header.codec).name):
        return container.header, _metadata(container)
