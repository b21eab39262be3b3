"""From a source to an .nnc file: a JPEG file is kept, or a picture is coded losslessly or normally.

The decision is made here, once, for the shell, for Python and for Pillow.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from nncodec import progress
from nncodec.codec import LOSSLESS_QUALITY, KeepsFiles
from nncodec.codecs import by_name
from nncodec.container import MAGIC, Container, Header, Kind, Section, serialize
from nncodec.errors import EncodeError, UnsupportedFile
from nncodec.image import Picture, read
from nncodec.image.jpeg import check_jpeg, jpeg_notes
from nncodec.image.jpeg_markers import JPEG_SIGNATURE
from nncodec.image.stills import MAX_PIXELS, check_pixels
from nncodec.pipeline.choosing import encode_automatically
from nncodec.pipeline.decoding import decode
from nncodec.pipeline.encoding import Encoded, Settings, encode
from nncodec.pipeline.lossless import encode_lossless

_PLAIN, _PACKED = "jpegfile", "lepton"
"""The codecs that keep a JPEG file: as it is, and arithmetic-coded."""


@dataclass(frozen=True)
class SourceOptions:
    """Options of an encode that concern its source. Frozen and picklable."""

    codec: str | None = None
    """Name of the codec that the user asked for; None chooses one for the picture."""
    lossless: bool = False
    """Keep every pixel, and without ``codec`` every bit of a source that is a JPEG file, if it may stay as it is."""
    keep_jpeg: bool = False
    """Keep every bit of a source that is a JPEG file; encode other sources."""
    depth: int | None = None
    """8 allows deeper samples to be cut to 8 bits."""
    frame: int | None = None
    """Number of the picture to take of an animation, from 0."""
    plain_jpeg: bool = False
    """Keep them as ``keep_jpeg`` does, but store them as they are, without coding them in fewer bytes."""

    def check(self, settings: Settings) -> None:
        """Raise EncodeError for settings that a kept JPEG cannot follow."""
        kept = self.keep_jpeg or self.plain_jpeg
        if kept and (settings.strip or settings.strip_icc):
            raise EncodeError("a kept JPEG keeps its metadata: it cannot be stripped")
        if kept and settings.target is not None:
            raise EncodeError("a kept JPEG does not change, so it can meet no target")
        if kept and settings.options.perceptual is not None:
            raise EncodeError("a kept JPEG does not change: nothing is painted into it")

    def wants_lossless(self, settings: Settings) -> bool:
        """True if every pixel is to be kept: on request, or at quality 100 where no codec is named."""
        highest = settings.target is None and settings.options.quality >= LOSSLESS_QUALITY
        return self.lossless or (highest and self.codec is None)

    def keeps_jpeg(self, settings: Settings) -> bool:
        """True if a JPEG file is to be kept: on request, or as the smallest that is lossless."""
        changed = settings.strip or settings.strip_icc or settings.target is not None or self.frame is not None
        changed = changed or settings.options.perceptual is not None
        by_default = self.wants_lossless(settings) and self.codec is None and not changed
        return self.keep_jpeg or self.plain_jpeg or by_default


def encode_source(data: bytes, settings: Settings, options: SourceOptions) -> Encoded:
    """Encode the bytes of a file in any format that Pillow reads, or .nnc.

    Raises EncodeError for options that contradict each other and for pictures that cannot be encoded as asked,
    CorruptFile and UnsupportedFile for sources that cannot be read, LimitExceeded for pictures that are too large.
    """
    options.check(settings)
    if data.startswith(JPEG_SIGNATURE) and options.keeps_jpeg(settings):
        return keep_file(data, settings, plain=options.plain_jpeg)
    picture = read_any(
        data,
        max_pixels=settings.max_pixels,
        depth=options.depth,
        frame=options.frame,
        weights=settings.weights,
    )
    notes = picture.notes
    if data.startswith(MAGIC):
        notes += ("an .nnc file was encoded again: its loss adds to the new one",)
    done = encode_picture(replace(picture, notes=()), settings, options)
    return replace(done, notes=notes + done.notes)


def encode_picture(picture: Picture, settings: Settings, options: SourceOptions) -> Encoded:
    """Encode a picture, losslessly if ``options`` say so, or if the quality is 100 and no codec was named.

    Raises as :func:`encode_source`, but for reading.
    """
    options.check(settings)
    if options.wants_lossless(settings):
        return encode_lossless(picture, settings, options.codec)
    if options.codec is None:
        return encode_automatically(picture, settings)
    return encode(picture, settings)


def keep_file(data: bytes, settings: Settings, *, plain: bool = False) -> Encoded:
    """Keep every bit of a JPEG file, after checking that it decodes: in fewer bytes if possible, unless ``plain``.

    Raises EncodeError if it is no JPEG, CorruptFile if it is damaged, LimitExceeded if it is too large.
    """
    keeper = _keeper(_PLAIN)
    frame = keeper.frame(data)
    check_pixels(frame.width, frame.height, settings.max_pixels)
    check_jpeg(data, "the JPEG file")
    keeper.metadata(data)
    packed, details = (None, ()) if plain else _packed(data)
    keeper, payload = (keeper, keeper.pack(data)) if packed is None else (_keeper(_PACKED), packed)
    header = Header(keeper.id, frame.width, frame.height, colour=frame.channels == 3)
    container = Container(header, (Section(Kind.PAYLOAD, payload),))
    notes = jpeg_notes(data, has_profile=True)  # a part that is missing of the profile is kept as it is
    file = serialize(container)
    return Encoded(file, container, keeper.name, 100.0, float("inf"), kept=True, notes=notes, details=details)


def _keeper(name: str) -> KeepsFiles:
    """The codec of this name."""
    keeper = by_name(name)
    assert isinstance(keeper, KeepsFiles)
    return keeper


def _packed(data: bytes) -> tuple[bytes | None, tuple[str, ...]]:
    """The payload of a JPEG in fewer bytes; else None, and the reason."""
    progress.stage(f"packing by {_PACKED}")
    try:
        payload = _keeper(_PACKED).pack(data)
    except (EncodeError, UnsupportedFile) as error:
        return None, (f"stored as it is: {error}",)
    return (payload, ()) if len(payload) < len(data) else (None, ("stored as it is: Lepton does not shrink it",))


def read_any(
    data: bytes,
    *,
    max_pixels: int = MAX_PIXELS,
    max_memory: int | None = None,
    depth: int | None = None,
    frame: int | None = None,
    weights: Sequence[Path] = (),
) -> Picture:
    """Read a picture in any format, .nnc included (whose loss a second encoding adds to, and ``max_memory`` limits)."""
    if not data.startswith(MAGIC):
        return read(data, max_pixels=max_pixels, depth=depth, frame=frame)
    return decode(data, max_pixels=max_pixels, max_memory=max_memory, weights=weights).picture
