"""From a source to an .nnc file: a JPEG file is kept, or a picture is coded losslessly or normally.

The decision is made here, once, for the shell, for Python and for Pillow.
"""

from dataclasses import dataclass, replace

from nncodec.codec import KeepsFiles
from nncodec.codecs import by_name
from nncodec.container import MAGIC, Container, Header, Kind, Section, serialize
from nncodec.errors import EncodeError
from nncodec.image import Picture, read
from nncodec.image.jpeg import check_jpeg, jpeg_notes
from nncodec.image.jpeg_markers import JPEG_SIGNATURE
from nncodec.image.stills import MAX_PIXELS, check_pixels
from nncodec.pipeline.decoding import decode
from nncodec.pipeline.encoding import Encoded, Settings, encode
from nncodec.pipeline.lossless import encode_lossless

_KEEPER = "jpegfile"


@dataclass(frozen=True)
class SourceOptions:
    """Options of an encode that concern its source. Frozen and picklable."""

    codec: str | None = None
    """Name of the codec that the user asked for; None lets ``lossless`` choose among several."""
    lossless: bool = False
    keep_jpeg: bool = False
    """Keep the bytes of a source that is a JPEG file; encode other sources."""
    depth: int | None = None
    """8 allows deeper samples to be cut to 8 bits."""
    frame: int | None = None
    """Number of the picture to take of an animation, from 0."""

    def check(self, settings: Settings) -> None:
        """Raise EncodeError for settings that a kept JPEG cannot follow."""
        if self.keep_jpeg and (settings.strip or settings.strip_icc):
            raise EncodeError("a kept JPEG keeps its metadata: it cannot be stripped")
        if self.keep_jpeg and settings.target is not None:
            raise EncodeError("a kept JPEG does not change, so it can meet no target")


def encode_source(data: bytes, settings: Settings, options: SourceOptions) -> Encoded:
    """Encode the bytes of a file in any format that Pillow reads, or .nnc.

    Raises EncodeError for options that contradict each other and for pictures that cannot be encoded as asked,
    CorruptFile and UnsupportedFile for sources that cannot be read, LimitExceeded for pictures that are too large.
    """
    options.check(settings)
    if options.keep_jpeg and data.startswith(JPEG_SIGNATURE):
        return keep_file(data, settings)
    picture = read_any(data, max_pixels=settings.max_pixels, depth=options.depth, frame=options.frame)
    notes = picture.notes
    if data.startswith(MAGIC):
        notes += ("an .nnc file was encoded again: its loss adds to the new one",)
    return replace(encode_picture(replace(picture, notes=()), settings, options), notes=notes)


def encode_picture(picture: Picture, settings: Settings, options: SourceOptions) -> Encoded:
    """Encode a picture, losslessly if ``options`` say so. Raises as :func:`encode_source`, but for reading."""
    options.check(settings)
    if options.lossless:
        return encode_lossless(picture, settings, options.codec)
    return encode(picture, settings)


def keep_file(data: bytes, settings: Settings) -> Encoded:
    """Wrap a JPEG file, bit for bit, after checking that it decodes. Raises EncodeError if it is none."""
    keeper = by_name(_KEEPER)
    assert isinstance(keeper, KeepsFiles)
    frame = keeper.wrap(data)
    check_pixels(frame.width, frame.height, settings.max_pixels)
    check_jpeg(data, "the JPEG file")
    keeper.metadata(data)
    header = Header(keeper.id, frame.width, frame.height, colour=frame.channels == 3)
    container = Container(header, (Section(Kind.PAYLOAD, data),))
    notes = jpeg_notes(data, has_profile=True)  # a part that is missing of the profile is kept as it is
    return Encoded(serialize(container), container, keeper.name, 100.0, float("inf"), kept=True, notes=notes)


def read_any(
    data: bytes,
    *,
    max_pixels: int = MAX_PIXELS,
    max_memory: int | None = None,
    depth: int | None = None,
    frame: int | None = None,
) -> Picture:
    """Read a picture in any format, .nnc included (whose loss a second encoding adds to, and ``max_memory`` limits)."""
    if not data.startswith(MAGIC):
        return read(data, max_pixels=max_pixels, depth=depth, frame=frame)
    return decode(data, max_pixels=max_pixels, max_memory=max_memory).picture
