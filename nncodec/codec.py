"""The contract of a codec: the attributes and methods that all have, and the optional capabilities of some.

A codec turns pixels into a payload and back. It knows nothing of files, containers or terminals. Its wire number names
one payload format for ever (see docs/format/container.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol, runtime_checkable

from nncodec.image import Metadata, Pixels

__all__ = [
    "FIRST_SLOPE",
    "LOSSLESS_QUALITY",
    "Codec",
    "DecodesReduced",
    "Frame",
    "HasBases",
    "HasFile",
    "HasForms",
    "HasLayers",
    "HasSlopes",
    "KeepsFiles",
    "Lossless",
    "Options",
    "Paints",
    "PictureFile",
    "Pixels",
    "ReadsOlderPayloads",
    "holds",
    "is_lossless",
]

LOSSLESS_QUALITY = 100
"""The quality at which a codec that is ``Lossless.AT_100`` is lossless."""
FIRST_SLOPE = 13
"""Log2 of the rate-distortion slope that the first entry of :class:`HasSlopes` stands for."""


class Lossless(Enum):
    """The qualities at which a codec gives back every sample, on every machine."""

    ALWAYS = "always"
    AT_100 = "at 100"
    NEVER = "never"


@dataclass(frozen=True)
class Frame:
    """The size and the samples of a picture as the container states them; a payload must agree."""

    width: int
    height: int
    channels: int
    """1 for gray, 3 for RGB. Alpha is not a codec's business."""
    depth: int = 8
    """Bits per sample, 8 or 16."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the pixel array: (height, width) or (height, width, 3)."""
        return (self.height, self.width) if self.channels == 1 else (self.height, self.width, self.channels)


@dataclass(frozen=True)
class Options:
    """Settings of an encode. Frozen and picklable, so that they can be handed to worker processes."""

    quality: float = 75.0
    """0 (smallest) to 100 (best; lossless where the codec can), on the codec's own scale (`Codec.fidelity`)."""
    effort: int = 5
    """1 (fastest) to 9 (smallest file)."""
    device: str = "cpu"
    """``auto``, ``cpu`` or ``cuda``, for codecs with networks."""
    threads: int = 0
    """Threads a codec may start; 0 leaves it to the library underneath."""
    perceptual: float | None = None
    """Strength, 0 to 1, at which a codec that paints (`Paints`) invents detail; None is its own choice."""


class Codec(Protocol):
    """Pixels to a payload and back. The payload's layout belongs to the codec."""

    id: int
    """Wire number, 1 to 255. It names one payload format for ever; never reuse it."""
    name: str
    """Name on the command line."""
    summary: str
    """One line for ``nnc codecs``."""
    quality_step: float
    """Smallest change of quality that can change the payload; the grid of a target search. 100 if none can."""
    fidelity: tuple[tuple[float, float], ...]
    """Qualities, below that of lossless coding, and the PSNR in dB that they mean: on average over the Kodak pictures,
    at the default effort or the one that tables name, without restorers. Both ascend. Empty if quality has no meaning.
    """
    lossless: Lossless
    """The qualities at which it is lossless."""
    depths: frozenset[int]
    """Bit depths it can code: {8} or {8, 16}. Above 8, gray only."""
    max_side: int
    """Largest width or height."""
    decoding_memory: int
    """Bytes per pixel that decoding takes at most for RGB, the decoded pixels included; see docs/reliability.md."""

    def missing(self) -> str | None:
        """The library or weights that this installation lacks to run the codec, in a few words; None if nothing."""

    def encode(self, pixels: Pixels, options: Options) -> bytes:
        """Encode pixels. Size and fidelity grow with ``options.quality``, or never depend on it.

        Raises EncodeError for settings or pixels it cannot code, UnsupportedFile if :meth:`missing` says something.
        """

    def decode(self, payload: bytes, frame: Frame, device: str) -> Pixels:
        """Decode to exactly ``frame.shape`` in uint8 or uint16.

        Raises CorruptFile if the payload is damaged or disagrees with ``frame``, before it allocates pixels, and
        UnsupportedFile if :meth:`missing` says something.
        """


@runtime_checkable
class KeepsFiles(Codec, Protocol):
    """A codec whose payload is a whole file of another format, with metadata of its own."""

    suffix: str
    """Suffix of the file it keeps, with the dot."""

    def frame(self, data: bytes) -> Frame:
        """The frame of a file that can be kept; EncodeError if it is not one."""

    def pack(self, data: bytes) -> bytes:
        """The payload that holds a file; EncodeError if this codec cannot give it back bit for bit.

        Raises UnsupportedFile if :meth:`missing` says something.
        """

    def unpack(self, payload: bytes, frame: Frame) -> bytes:
        """The file, bit for bit; raises as ``decode`` does."""

    def metadata(self, payload: bytes) -> Metadata:
        """ICC, Exif, XMP and IPTC of the kept file."""


@dataclass(frozen=True)
class PictureFile:
    """A picture as a file of an ordinary format."""

    data: bytes
    suffix: str
    """Suffix of the format, lower case with the dot."""
    notes: tuple[str, ...] = ()
    """Sentences on what the file lacks."""


@runtime_checkable
class HasFile(Codec, Protocol):
    """A codec whose picture, or the one that it builds on, is coded in an ordinary format."""

    def file(self, payload: bytes, frame: Frame, metadata: Metadata) -> PictureFile:
        """A file of that format with the samples as they are coded, and with the metadata that it can carry.

        Raises CorruptFile if the payload is damaged as far as that shows, UnsupportedFile if no viewer would see the
        picture.
        """


@runtime_checkable
class HasLayers(Codec, Protocol):
    """A codec whose payload comes in layers: the first ones alone are a picture.

    A layer improves or enlarges the picture of those before it. In a file each has a section of its own.
    """

    def cut(self, payload: bytes) -> list[bytes]:
        """The layers, one at least and none empty; joined they are ``payload``.

        A payload may end after any layer: ``decode`` then gives the best picture of ``frame.shape`` that the layers
        allow. Raises CorruptFile if the payload does not say where they end.
        """

    def decode_layers(self, layers: Sequence[bytes], frame: Frame, device: str) -> Pixels:
        """The picture that the first ``len(layers)`` layers hold, in its own size; raises as ``decode`` does.

        Its sides are those of ``frame``, halved some number of times (`nncodec.image.scaling.halved`) or none.
        """


@runtime_checkable
class DecodesReduced(Codec, Protocol):
    """A codec that decodes a smaller picture with less work than the whole."""

    def decode_reduced(self, payload: bytes, frame: Frame, halvings: int) -> Pixels:
        """The picture with the sides of ``frame`` halved up to ``halvings`` times, as often as the codec can.

        Sides round up (`nncodec.image.scaling.halved`). Raises as ``decode`` does.
        """


@runtime_checkable
class HasBases(Codec, Protocol):
    """A codec that builds on another one, which the caller may choose. It decodes files on any base."""

    bases: tuple[str, ...]
    """Names of the codecs it can build on, its own choice first; some with more on how, as ``avif/4``."""
    base: str
    """The codec it encodes with."""

    def on(self, base: str) -> Codec:
        """This codec on one of ``bases``."""

    def base_of(self, payload: bytes) -> int:
        """Wire number of the codec that a payload is built on, and whose artefacts its picture shows."""

    def halvings_of(self, payload: bytes) -> int:
        """Number of times that the sides of the picture were halved before the base codec coded it."""


@runtime_checkable
class HasForms(Codec, Protocol):
    """A codec with other encoders for the same payload, which the caller may choose. It decodes files of each alike."""

    forms: tuple[str, ...]
    """Names of the other encoders."""

    def formed(self, form: str) -> Codec:
        """This codec with the encoder called so, one of ``forms``."""


@runtime_checkable
class Paints(Codec, Protocol):
    """A codec whose decoder invents detail: likely, and not what was there.

    That fidelity grows with quality it promises for strength 0 alone.
    """

    def perceptual_of(self, payload: bytes) -> float:
        """The strength of the painting that a payload states, 0 (the least squared error) to 1.

        Raises CorruptFile if its head is damaged.
        """

    def with_perceptual(self, payload: bytes, perceptual: float) -> bytes:
        """The payload with another strength, 0 to 1; raises as :meth:`perceptual_of`."""


@runtime_checkable
class HasSlopes(Codec, Protocol):
    """A codec whose rate-distortion slopes were measured, so that others can build on it."""

    slopes: tuple[float, ...]
    """Qualities by log2 of the slope, from ``FIRST_SLOPE`` down in steps of one.

    The slope is the squared error per sample that one more bit per pixel saves, as measured on photographs at effort 5.
    """


@runtime_checkable
class ReadsOlderPayloads(Codec, Protocol):
    """A codec whose payload was laid out differently in an earlier version of the format."""

    def modern(self, payload: bytes, version: int) -> bytes:
        """Convert a payload of a file of this format version to what ``decode`` reads; CorruptFile if it is none."""


def holds(codec: Codec, depth: int, side: int) -> bool:
    """Test whether a codec can code samples of this many bits and a longer side of this many pixels."""
    return depth in codec.depths and side <= codec.max_side


def is_lossless(codec: Codec, quality: float) -> bool:
    """Test whether a codec is lossless at a quality of 0 to 100."""
    return codec.lossless is Lossless.ALWAYS or (codec.lossless is Lossless.AT_100 and quality >= LOSSLESS_QUALITY)
