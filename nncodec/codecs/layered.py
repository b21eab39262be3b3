"""Layered: a small picture by a base codec, then the residual in full size as a second picture by the same codec.

Multi-scale residual coding, after "Combine Traditional Compression Method With Convolutional Neural Networks" (CLIC
2018), but without its networks. The encoder chooses the scale, both qualities and whether there is a second layer by
rate and distortion. `nncodec.image.scaling` scales the small picture up; the payload is in docs/format/layered.md.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import numpy.typing as npt

from nncodec.codec import (
    FIRST_SLOPE,
    LOSSLESS_QUALITY,
    Codec,
    Frame,
    HasFile,
    HasSlopes,
    Lossless,
    Options,
    PictureFile,
    Pixels,
    is_lossless,
)
from nncodec.codecs import base_codecs, by_name
from nncodec.errors import CorruptFile, EncodeError
from nncodec.image import Metadata
from nncodec.image.metrics import mse
from nncodec.image.scaling import downscale, halved, upscale
from nncodec.leb128 import read_number, write_number

_SCALES = ("/2", "/4", "/8")
"""Suffixes of a base's name that fix the scale: sides halved once, twice, three times."""
_OFFSET = 128
"""The sample that stands for a difference of zero."""
_STRIP_ROWS = 64
_SMALL_SLOPE = 8
"""Least log2 of the slope at which the small picture is coded under a residual."""
_RESIDUAL_SLOPE = 10.5
"""Above this, a second layer has not been seen to pay."""
_SHIFT = 3
"""The step in log2 of that slope between the variants of high effort."""
_DEFAULT_BASE = "avif"
_NUMBERS = 32
"""Wire numbers of bases are below this: the head has five bits for them."""


def _bases() -> list[HasSlopes]:
    """The codecs that can be a base: those that others can build on and whose number fits the head of a payload."""
    return [codec for codec in base_codecs(_DEFAULT_BASE) if codec.id < _NUMBERS]


@dataclass(frozen=True)
class _Plan:
    """One candidate encoding."""

    times: int
    """Times that the small picture's sides are halved."""
    small: float
    """Quality of the small picture."""
    residual: float | None
    """Quality of the second layer; None without one."""


@dataclass(frozen=True)
class _Parts:
    """A payload taken apart; :meth:`serialize` and :meth:`parse` are inverse."""

    base: Codec
    times: int
    wraps: bool
    """True if differences are taken modulo 256 (lossless), false if they are cut to 8 bits."""
    small: bytes
    residual: bytes = b""
    """Empty if there is no second layer, or it was lost."""

    def serialize(self) -> bytes:
        """Write the payload."""
        return self.first_layer() + self.residual

    def first_layer(self) -> bytes:
        """The head and the small picture, as bytes."""
        return bytes([self.base.id << 3 | self.wraps << 2 | self.times]) + write_number(len(self.small)) + self.small

    @classmethod
    def parse(cls, payload: bytes) -> "_Parts":
        """Read a payload; CorruptFile if its head is damaged or states more bytes than there are."""
        if not payload:
            raise CorruptFile("the layered payload is empty")
        number, wraps, times = payload[0] >> 3, bool(payload[0] & 4), payload[0] & 3
        base = next((codec for codec in _bases() if codec.id == number), None)
        if base is None or not times:
            raise CorruptFile(f"a layered payload with codec {number} scaled by 2^{times}")
        length, at = read_number(payload, 1)
        if not 0 < length <= len(payload) - at:
            raise CorruptFile(f"a first layer of {length} bytes in a layered payload of {len(payload)}")
        return cls(base, times, wraps, payload[at : at + length], payload[at + length :])

    def small_frame(self, frame: Frame) -> Frame:
        """The frame of the small picture."""
        return replace(frame, width=halved(frame.width, self.times), height=halved(frame.height, self.times))


_FIDELITY = {
    "avif": (
        (0, 23.23),
        (12, 24.94),
        (25, 27.16),
        (40, 30.42),
        (55, 34.45),
        (70, 38.47),
        (85, 42.08),
        (95, 43.62),
        (98, 44.89),
    ),
    "jpeg": (
        (0, 21.85),
        (12, 23.43),
        (25, 25.67),
        (40, 29.22),
        (55, 32.64),
        (70, 36.85),
        (85, 42.11),
        (95, 44.37),
        (100, 49.62),
    ),
    "webp": ((0, 22.69), (25, 26.53), (50, 32.99), (75, 39.18), (90, 42.32)),
    "jpeg2000": ((0, 23.3), (25, 27.38), (50, 34.97), (75, 41.64), (90, 43.33)),
}
"""What `Codec.fidelity` says, by the name of the base codec."""


class Layered:
    """The codec ``layered``; see the module's docstring."""

    id = 8
    summary = (
        "A small picture, then the rest: a preview from the first bytes. Mostly larger than its base codec: avif, or "
        "layered:webp, :jpeg2000, :jpeg. layered:avif/4 makes the preview a quarter as wide and high."
    )
    quality_step = 1.0
    depths = frozenset({8})
    decoding_memory = 48

    def __init__(self, base: str = _DEFAULT_BASE) -> None:
        self.base, slash, scale = base.partition("/")
        self._scales = (_SCALES.index(slash + scale) + 1,) if slash else None
        self.name = "layered" if base == _DEFAULT_BASE else f"layered:{base}"

    @property
    def bases(self) -> tuple[str, ...]:
        """The names of all base codecs, then the same with each scale."""
        return tuple(f"{codec.name}{scale}" for scale in ("", *_SCALES) for codec in _bases())

    @property
    def fidelity(self) -> tuple[tuple[float, float], ...]:
        """Own qualities and their PSNR on photographs; see `Codec.fidelity`."""
        return _FIDELITY[self.base]

    @property
    def lossless(self) -> Lossless:
        """At quality 100 if the base codec is then."""
        return Lossless.AT_100 if is_lossless(by_name(self.base), LOSSLESS_QUALITY) else Lossless.NEVER

    @property
    def max_side(self) -> int:
        """Largest width or height: that of the base codec."""
        return by_name(self.base).max_side

    def on(self, base: str) -> "Layered":
        """This codec on another base, and with one scale if the base's name ends in one."""
        return Layered(base)

    def base_of(self, payload: bytes) -> int:
        """The number in the payload's head."""
        return _Parts.parse(payload).base.id

    def halvings_of(self, payload: bytes) -> int:
        """The scale in the payload's head."""
        return _Parts.parse(payload).times

    def missing(self) -> str | None:
        """The library that the base codec lacks."""
        return by_name(self.base).missing()

    def encode(self, pixels: Pixels, options: Options) -> bytes:
        """Encode at least cost: squared error plus rate times the slope that ``options.quality`` stands for.

        The residual is lossless at quality 100 if the base codec is. Effort is the base codec's; from 7 on three
        qualities of each picture are tried. If no scale is given, up to effort 3 that is a half, and then the best.
        Size and fidelity jump where the second layer sets in: nothing in between is of least cost.
        """
        if pixels.dtype != np.uint8:
            raise EncodeError("layered takes 8 bits per sample", "encode it with jpeg2000")
        base = by_name(self.base)
        assert isinstance(base, HasSlopes)
        encoder, best, least = _Encoder(base, pixels, options), b"", math.inf
        scales = self._scales or ((1,) if options.effort <= 3 else range(1, len(_SCALES) + 1))
        for plan in _plans(base.slopes, options, scales):
            payload, seen = encoder.run(plan)
            cost = len(payload) if encoder.lossless else encoder.cost(payload, seen)
            if cost < least:
                best, least = payload, cost
        return best

    def decode(self, payload: bytes, frame: Frame, device: str) -> Pixels:
        """Decode to the full size, with the residual if it is there."""
        parts = _Parts.parse(payload)
        small = parts.base.decode(parts.small, parts.small_frame(frame), device)
        full = upscale(small.astype(np.uint8, copy=False), frame.height, frame.width, parts.times)
        if parts.residual:
            _add(full, parts.base.decode(parts.residual, frame, device), parts.wraps)
        return full

    def cut(self, payload: bytes) -> list[bytes]:
        """The small picture, and the residual if there is one."""
        parts = _Parts.parse(payload)
        return [layer for layer in (parts.first_layer(), parts.residual) if layer]

    def decode_layers(self, layers: Sequence[bytes], frame: Frame, device: str) -> Pixels:
        """One layer is the small picture as it is; two are the whole."""
        if len(layers) > 1:
            return self.decode(b"".join(layers), frame, device)
        parts = _Parts.parse(layers[0])
        return parts.base.decode(parts.small, parts.small_frame(frame), device)

    def file(self, payload: bytes, frame: Frame, metadata: Metadata) -> PictureFile:
        """The small picture as a file of its codec, with a note on its size."""
        parts = _Parts.parse(payload)
        small = parts.small_frame(frame)
        assert isinstance(parts.base, HasFile)
        file = parts.base.file(parts.small, small, metadata)
        note = f"it is the small picture, {small.width} x {small.height}: the rest is not in the file"
        return replace(file, notes=(note, *file.notes))


class _Encoder:
    """Carries out plans for one picture."""

    def __init__(self, base: Codec, pixels: Pixels, options: Options) -> None:
        self._base, self._pixels, self._options = base, pixels, options
        self.lossless = options.quality >= LOSSLESS_QUALITY and is_lossless(base, LOSSLESS_QUALITY)

    def run(self, plan: _Plan) -> tuple[bytes, Pixels]:
        """The payload, and the pixels that it decodes to."""
        height, width = self._pixels.shape[:2]
        small, seen = self._coded(downscale(self._pixels.astype(np.uint8, copy=False), plan.times), plan.small)
        parts = _Parts(self._base, plan.times, self.lossless, small)
        full = upscale(seen.astype(np.uint8, copy=False), height, width, plan.times)
        if plan.residual is not None:
            residual, seen = self._coded(_subtract(self._pixels, full, self.lossless), plan.residual)
            _add(full, seen, self.lossless)
            parts = replace(parts, residual=residual)
        return parts.serialize(), full

    def cost(self, payload: bytes, seen: Pixels) -> float:
        """Mean squared error, plus bits per pixel times the slope."""
        height, width = seen.shape[:2]
        return mse(self._pixels, seen) + math.pow(2, _slope(self._options)) * 8 * len(payload) / float(height * width)

    def _coded(self, pixels: Pixels, quality: float) -> tuple[bytes, Pixels]:
        payload = self._base.encode(pixels, replace(self._options, quality=quality))
        frame = Frame(pixels.shape[1], pixels.shape[0], 1 if pixels.ndim == 2 else 3)
        return payload, self._base.decode(payload, frame, "cpu")


def _plans(slopes: Sequence[float], options: Options, scales: Iterable[int]) -> Iterator[_Plan]:
    """The candidates: for each scale, as halvings, the small picture alone, and a coarser one with a residual.

    In a picture with 1 / 4^n of the pixels, a bit per pixel of the full size saves as much error if its own slope is
    4^n times less. With a residual, error is best left to the second layer, down to the coarsest small picture; the
    slope of ``_SMALL_SLOPE`` keeps the first layer worth looking at, for some percent of the file.
    """
    if options.quality >= LOSSLESS_QUALITY:
        yield from (_Plan(times, LOSSLESS_QUALITY, LOSSLESS_QUALITY) for times in scales)
        return
    slope = _slope(options)
    shifts = (0,) if options.effort <= 6 else (0, -_SHIFT, _SHIFT)
    for times, shift in product(scales, shifts):
        alone = slope - 2 * times
        yield _Plan(times, _quality(slopes, alone + shift / 3), None)
        if slope <= _RESIDUAL_SLOPE:
            small = _quality(slopes, max(alone, _SMALL_SLOPE + shift))
            yield _Plan(times, small, _quality(slopes, slope))


def _slope(options: Options) -> float:
    """Log2 of the squared error that a bit per pixel has to save, by quality: from 2^13 to a half."""
    return FIRST_SLOPE - 14 * options.quality / 100


def _quality(slopes: Sequence[float], slope: float) -> float:
    """The base codec's quality at log2 of a slope, between the entries of its ``slopes``."""
    return float(np.interp(FIRST_SLOPE - slope, range(len(slopes)), slopes))


def _subtract(pixels: Pixels, prediction: npt.NDArray[np.uint8], wraps: bool) -> npt.NDArray[np.uint8]:
    """The residual of a prediction, plus 128, modulo 256 or cut to 8 bits."""
    out = np.empty_like(prediction)
    for top in range(0, len(out), _STRIP_ROWS):
        here = slice(top, top + _STRIP_ROWS)
        difference = pixels[here].astype(np.int16) - prediction[here] + _OFFSET
        out[here] = difference & 255 if wraps else np.clip(difference, 0, 255)
    return out


def _add(prediction: npt.NDArray[np.uint8], residual: Pixels, wraps: bool) -> None:
    """Inverse of :func:`_subtract`, in place."""
    for top in range(0, len(prediction), _STRIP_ROWS):
        here = slice(top, top + _STRIP_ROWS)
        total = prediction[here].astype(np.int16) + residual[here] - _OFFSET
        prediction[here] = total & 255 if wraps else np.clip(total, 0, 255)


CODEC = Layered()
