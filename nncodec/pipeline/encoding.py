"""From a picture to the bytes of an .nnc file."""

from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path

from nncodec import progress
from nncodec.codec import LOSSLESS_QUALITY, Codec, Frame, KeepsFiles, Lossless, Options, Paints, holds
from nncodec.codecs import all_codecs, by_name
from nncodec.container import MAX_METADATA, Container, Header, Kind, Section, serialize
from nncodec.errors import EncodeError
from nncodec.image import Picture, stripped
from nncodec.image.alpha import encode_alpha
from nncodec.image.metrics import psnr, ssim
from nncodec.image.stills import MAX_PIXELS, check_pixels
from nncodec.memory import as_memory_error
from nncodec.pipeline.inspecting import Info, describe
from nncodec.pipeline.layering import cut, joined
from nncodec.pipeline.own_weights import for_encoding
from nncodec.pipeline.painting import check_perceptual, note_of
from nncodec.pipeline.quality import shared_quality
from nncodec.pipeline.restoring import AUTO, NONE, Restoring, planned, restored
from nncodec.pipeline.targets import Attempt, Target, search

DEFAULT_CODEC = "avif"


@dataclass(frozen=True)
class Settings:
    """Settings of an encode. Frozen and picklable."""

    codec: str = DEFAULT_CODEC
    options: Options = field(default_factory=Options)
    target: Target | None = None
    """If set, the quality is searched for and ``options.quality`` ignored."""
    strip: bool = False
    """Leave Exif, XMP and IPTC out; the orientation that Exif states is applied to the pixels."""
    max_pixels: int = MAX_PIXELS
    restore: str = AUTO
    """``none``, ``auto`` (those that the effort allows), or names of restorers to try, with plus signs between."""
    strip_icc: bool = False
    """Leave the colour profile out: the picture will be taken for sRGB."""
    weights: tuple[Path, ...] = ()
    """Files of the user's own weights, at most one for each codec or restorer, to encode with."""
    light: bool = False
    """Encode with light weights, which take less time to decode, where there are some."""

    def check_weights(self) -> None:
        """Raise EncodeError or UnsupportedFile for own or light weights that cannot be used with these settings."""
        self.chosen_weights()

    def chosen_weights(self) -> AbstractContextManager[None]:
        """A block that encodes with the own and light weights; raises as :meth:`check_weights`."""
        restorers = planned(self.restore, self.options.effort).restorers
        return for_encoding(self.weights, self.codec, [restorer.name for restorer in restorers], self.light)


@dataclass(frozen=True)
class Encoded:
    """A finished file, its description and its quality."""

    data: bytes
    """Bytes of the file."""
    container: Container
    """Header and sections that ``data`` holds."""
    codec: str
    """Name of the codec."""
    quality: float
    """Quality that the codec was given, 0 to 100, on its own scale."""
    psnr: float
    """PSNR of the decoded colour channels against the source, in dB; infinite if lossless."""
    tries: int = 1
    """Number of encodes that were made: more than one for a target."""
    kept: bool = False
    """True if the file holds the bytes of the source, unchanged."""
    notes: tuple[str, ...] = ()
    """Facts about the source that the user should know, one sentence each."""
    details: tuple[str, ...] = ()
    """Facts for a user who asks for more."""

    @property
    def n_pixels(self) -> int:
        """Pixels of the picture."""
        return self.container.header.width * self.container.header.height

    @property
    def shared_quality(self) -> float:
        """Quality on the scale that all codecs share, 0 to 100."""
        return shared_quality(by_name(self.codec), self.quality)

    @property
    def info(self) -> Info:
        """Description of the file, as :func:`nncodec.pipeline.inspect` gives it."""
        return describe(self.container, len(self.data))

    @property
    def bpp(self) -> float:
        """Bits of the whole file per pixel."""
        return 8 * len(self.data) / self.n_pixels


@dataclass(frozen=True)
class _Trial(Attempt):
    """A trial encode, and the container that was serialized."""

    container: Container = field(kw_only=True)


@as_memory_error()
def encode(picture: Picture, settings: Settings | None = None) -> Encoded:
    """Encode a picture, decode the payload again and measure its PSNR.

    Raises EncodeError for what the codec cannot hold and for a target that cannot be met, UnsupportedFile for own
    weights that cannot be used, EncodeError where light ones cannot, LimitExceeded, MemoryError.
    """
    settings = settings or Settings()
    with settings.chosen_weights():
        return _encode(picture, settings)


def _encode(picture: Picture, settings: Settings) -> Encoded:
    codec = by_name(settings.codec)
    picture = stripped(picture, exif_and_xmp=settings.strip, icc=settings.strip_icc)
    _check(picture, codec, settings)
    n_pixels = picture.width * picture.height
    alpha = None if picture.alpha is None else encode_alpha(picture.alpha)
    # What a codec paints is not closer to the source than what it replaced: a restorer would take it out again.
    restoring = planned(NONE if isinstance(codec, Paints) else settings.restore, settings.options.effort)
    if settings.light:  # half the time to decode is worth half the gain
        restoring = replace(restoring, least_gain=restoring.least_gain / 2)
    quick = replace(restoring, effort=1)

    def attempt(quality: float, restoring: Restoring = quick) -> _Trial:
        progress.stage(f"encoding by {codec.name}")
        payload = codec.encode(picture.pixels, replace(settings.options, quality=quality))
        return complete(quality, payload, restoring)

    def complete(quality: float, payload: bytes, restoring: Restoring) -> _Trial:
        progress.stage("decoding, to check")
        seen = codec.decode(payload, _frame(picture), settings.options.device)
        plain = _container(picture, codec, payload, alpha)
        whole, seen = restored(plain, seen, picture.pixels, restoring)
        fidelity = psnr(picture.pixels, seen, peak=2**picture.depth - 1)
        likeness = ssim(picture.pixels, seen) if settings.target and settings.target.ssim is not None else None
        return _Trial(quality, serialize(whole), fidelity, likeness, container=whole)

    if settings.target is None:
        done, tries = attempt(settings.options.quality, restoring), 1
    else:
        step = codec.quality_step
        lossy = LOSSLESS_QUALITY - (step if codec.lossless is Lossless.AT_100 else 0)
        done, tries = search(settings.target, n_pixels, step, attempt, lossy)
        if restoring.restorers:
            # A restorer fitted at full effort differs by some hundred bytes from the quick one of the search.
            final = complete(done.quality, joined(done.container), restoring)
            done, tries = (final if settings.target.met_by(final, n_pixels) else done), tries + 1
    return Encoded(done.data, done.container, codec.name, done.quality, done.psnr, tries, notes=note_of(codec))


def _check(picture: Picture, codec: Codec, settings: Settings) -> None:
    """Raise EncodeError or LimitExceeded for settings and pictures that cannot be encoded, before any work."""
    planned(settings.restore, settings.options.effort)
    check_pixels(picture.width, picture.height, settings.max_pixels)
    if not (0 <= settings.options.quality <= 100 and 1 <= settings.options.effort <= 9):
        raise EncodeError("quality runs from 0 to 100, effort from 1 to 9")
    _check_painting(codec, settings)
    side = max(picture.width, picture.height)
    if picture.depth not in codec.depths:
        hint = f"use -c {_able(picture.depth, 1)}, or --depth 8"
        raise EncodeError(f"{codec.name} holds no {picture.depth}-bit samples", hint)
    if side > codec.max_side:
        hint = f"use -c {_able(picture.depth, side)}, or a smaller picture"
        raise EncodeError(f"{codec.name} holds at most {codec.max_side} pixels a side, not {side}", hint)
    for name, data in vars(picture.metadata).items():
        if data is not None and len(data) > MAX_METADATA:
            drops = "--strip-icc" if name == "icc" else "--strip"
            raise EncodeError(f"{name} of {len(data)} bytes is more than {MAX_METADATA}", f"{drops} drops it")


def _check_painting(codec: Codec, settings: Settings) -> None:
    """Raise EncodeError for a strength of the painting, or restorers, that do not go with the codec."""
    check_perceptual(settings.options.perceptual)
    if isinstance(codec, Paints):
        if settings.restore not in (AUTO, NONE):
            raise EncodeError(f"restorers would take out what {codec.name} paints", "leave --restore out")
    elif settings.options.perceptual is not None:
        raise EncodeError(f"{codec.name} invents no detail, strong or weak", "-c superres and -c generative do")


def _able(depth: int, side: int) -> str:
    """Names of the codecs that hold ``depth`` bits per sample and ``side`` pixels a side."""
    codecs = [codec for codec in all_codecs().values() if not isinstance(codec, KeepsFiles)]
    return ", ".join(codec.name for codec in codecs if holds(codec, depth, side)) or "none"


def _frame(picture: Picture) -> Frame:
    return Frame(picture.width, picture.height, picture.channels, picture.depth)


def _container(picture: Picture, codec: Codec, payload: bytes, alpha: bytes | None) -> Container:
    meta = picture.metadata
    first, *more = cut(codec, payload)
    parts = [
        (Kind.ICC, meta.icc),
        (Kind.PAYLOAD, first),
        (Kind.ALPHA, alpha),
        *((Kind.LAYER, layer) for layer in more),
        (Kind.EXIF, meta.exif),
        (Kind.XMP, meta.xmp),
        (Kind.IPTC, meta.iptc),
    ]
    header = Header(
        codec.id, picture.width, picture.height, picture.channels == 3, picture.alpha is not None, picture.depth
    )
    return Container(header, tuple(Section(kind, data) for kind, data in parts if data is not None))
