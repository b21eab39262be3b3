"""The contract of a codec: what every family offers, and what some can do besides.

A codec turns pixels into a payload and back. It knows nothing of files, containers or terminals. Its wire number names
one payload format for ever (see docs/format/container.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from nncodec.image import Metadata, Pixels

__all__ = [
    "LOSSLESS",
    "Codec",
    "Frame",
    "HasBases",
    "HasLayers",
    "KeepsFiles",
    "Options",
    "Pixels",
    "RefinesWithTorch",
    "holds",
]

LOSSLESS = 100
"""The quality at which a codec that can be lossless is lossless."""


@dataclass(frozen=True)
class Frame:
    """What the container says of the picture, and a payload must agree with."""

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
    """How to encode. Frozen and picklable, so that it can be handed to worker processes."""

    quality: float = 75.0
    """0 (smallest) to 100 (best; lossless where the codec can)."""
    effort: int = 5
    """1 (fastest) to 9 (smallest file)."""
    device: str = "cpu"
    """``auto``, ``cpu`` or ``cuda``, for codecs with networks."""
    threads: int = 0
    """Threads a codec may start; 0 leaves it to the library underneath."""


class Codec(Protocol):
    """Pixels to a payload and back. The payload's layout belongs to the codec."""

    id: int
    """Wire number, 1 to 255. It names one payload format for ever; never reuse it."""
    name: str
    """Name on the command line."""
    summary: str
    """One line for ``nnc codecs``."""
    quality_step: float
    """Smallest change of quality that can change the payload; the grid of a target search."""
    depths: frozenset[int]
    """Bit depths it can code: {8} or {8, 16}. Above 8, gray only."""
    max_side: int
    """Largest width or height."""

    def missing(self) -> str | None:
        """What this installation lacks to run the codec, in a few words; None if nothing."""

    def encode(self, pixels: Pixels, options: Options) -> bytes:
        """Encode pixels. Size and fidelity grow with ``options.quality``.

        Raises EncodeError for settings or pixels it cannot code, UnsupportedFile if :meth:`missing` says something.
        """

    def decode(self, payload: bytes, frame: Frame, device: str) -> Pixels:
        """Decode to exactly ``frame.shape`` in uint8 or uint16.

        Raises CorruptFile if the payload is damaged or disagrees with ``frame``, before it allocates pixels, and
        UnsupportedFile if :meth:`missing` says something.
        """


@runtime_checkable
class KeepsFiles(Codec, Protocol):
    """What a codec can also do whose payload is a whole file of another format, with metadata of its own."""

    suffix: str
    """Suffix of the file it keeps, with the dot."""

    def wrap(self, data: bytes) -> Frame:
        """The frame of a file that can be kept; EncodeError if it is not one."""

    def metadata(self, payload: bytes) -> Metadata:
        """ICC, Exif and XMP of the kept file."""


@runtime_checkable
class HasLayers(Codec, Protocol):
    """What a codec can also do whose payload comes in layers: the first ones alone are a picture.

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
class HasBases(Codec, Protocol):
    """What a codec can also do that builds on another one: be told which. Any such codec decodes files on any base."""

    bases: tuple[str, ...]
    """Names of the codecs it can build on, its own choice first; some with more on how, as ``avif/4``."""
    base: str
    """The codec it encodes with."""

    def on(self, base: str) -> Codec:
        """This codec on one of ``bases``."""

    def base_of(self, payload: bytes) -> int:
        """Wire number of the codec that a payload is built on, and whose artefacts its picture shows."""

    def halvings_of(self, payload: bytes) -> int:
        """How often the sides of the picture that the base codec coded were halved before."""


@runtime_checkable
class RefinesWithTorch(Codec, Protocol):
    """What a codec can also do that encodes without PyTorch, but not at every effort."""

    torch_from: int
    """Lowest effort that needs the package torch."""


def holds(codec: Codec, depth: int, side: int) -> bool:
    """Whether a codec can code so many bits per sample and pixels on the longer side."""
    return depth in codec.depths and side <= codec.max_side
