"""Layered: a small picture by a base codec, and what it lacks, in full size, as a second picture by the same codec.

Multi-scale residual coding, after "Combine Traditional Compression Method With Convolutional Neural Networks" (CLIC
2018), but without its networks. Scale, qualities, and whether there is a second layer at all are chosen by
rate and distortion. `nncodec.image.scaling` scales the small picture up; the payload is in docs/format/layered.md.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
import numpy.typing as npt

from nncodec.codec import LOSSLESS, Codec, Frame, Options, Pixels
from nncodec.codecs import all_codecs, by_name
from nncodec.errors import CorruptFile, EncodeError
from nncodec.image.metrics import mse
from nncodec.image.scaling import downscale, halved, upscale
from nncodec.leb128 import read_number, write_number

_SCALES = ("/2", "/4", "/8")
"""How names say how often the sides are halved: once, twice, thrice."""
_OFFSET = 128
"""What a difference of zero is coded as."""
_STRIP_ROWS = 64


@dataclass(frozen=True)
class _Rates:
    """What a base codec's qualities mean."""

    qualities: tuple[float, ...]
    """By log2 of the slope, from ``_FIRST_SLOPE`` down in ones: the quality at which a bit per pixel of it buys so
    much squared error, as measured on photographs at effort 5."""
    lossless: bool = True
    """Whether ``LOSSLESS`` is, with the same result on every machine."""

    def quality(self, slope: float) -> float:
        """The quality for a slope, from the table."""
        return float(np.interp(_FIRST_SLOPE - slope, range(len(self.qualities)), self.qualities))


_FIRST_SLOPE = 13
_SMALL_SLOPE = 8
"""Least log2 of the slope at which the small picture is coded under a residual."""
_RESIDUAL_SLOPE = 10.5
"""Above this, a second layer has not been seen to pay."""
_SHIFT = 3
"""By how much that slope is varied at high effort."""
_RATES = {
    "avif": _Rates((0, 0, 4, 8.5, 16, 24, 33, 41.5, 50.5, 59.5, 70, 81, 86, 90, 94, 96, 99)),
    "webp": _Rates((0, 0, 0, 1, 5, 14, 30, 49, 73, 81, 88, 91, 95, 98, 99.5)),
    "jpeg2000": _Rates((0, 8, 20, 28, 35, 43, 52, 60, 69, 78, 88, 95, 99.9)),
    "jpeg": _Rates((1, 3, 6, 9, 12.5, 17, 29, 44, 64, 81, 89, 92, 95, 96.5, 98, 99, 100), lossless=False),
}


@dataclass(frozen=True)
class _Plan:
    """One way to encode."""

    times: int
    """How often the small picture's sides are halved."""
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
    """Whether differences are taken modulo 256 (lossless) or cut to 8 bits."""
    small: bytes
    residual: bytes = b""
    """Empty if there is no second layer, or it was lost."""

    def serialize(self) -> bytes:
        """To bytes."""
        return self.first_layer() + self.residual

    def first_layer(self) -> bytes:
        """The bytes of the small picture and of what must be known of it."""
        return bytes([self.base.id << 3 | self.wraps << 2 | self.times]) + write_number(len(self.small)) + self.small

    @classmethod
    def parse(cls, payload: bytes) -> "_Parts":
        """From bytes; CorruptFile if they contradict themselves."""
        if not payload:
            raise CorruptFile("the layered payload is empty")
        number, wraps, times = payload[0] >> 3, bool(payload[0] & 4), payload[0] & 3
        base = next((codec for name, codec in all_codecs().items() if name in _RATES and codec.id == number), None)
        if base is None or not times:
            raise CorruptFile(f"a layered payload with codec {number} scaled by 2^{times}")
        length, at = read_number(payload, 1)
        if not 0 < length <= len(payload) - at:
            raise CorruptFile(f"a first layer of {length} bytes in a layered payload of {len(payload)}")
        return cls(base, times, wraps, payload[at : at + length], payload[at + length :])

    def small_frame(self, frame: Frame) -> Frame:
        """The frame of the small picture."""
        return replace(frame, width=halved(frame.width, self.times), height=halved(frame.height, self.times))


class Layered:
    """See the module's docstring."""

    id = 8
    summary = "a small picture, then its residual; on avif, or layered:webp, :jpeg2000, :jpeg; :avif/4 sets the scale"
    quality_step = 1.0
    depths = frozenset({8})
    bases = tuple(f"{name}{scale}" for scale in ("", *_SCALES) for name in ("avif", "webp", "jpeg2000", "jpeg"))

    def __init__(self, base: str = bases[0]) -> None:
        self.base, slash, scale = base.partition("/")
        self._scales = (_SCALES.index(slash + scale) + 1,) if slash else None
        self.name = "layered" if base == self.bases[0] else f"layered:{base}"

    @property
    def max_side(self) -> int:
        """The base codec's."""
        return by_name(self.base).max_side

    def on(self, base: str) -> "Layered":
        """This codec on another base, or with small pictures of a given scale alone."""
        return Layered(base)

    def base_of(self, payload: bytes) -> int:
        """The number in the payload's head."""
        return _Parts.parse(payload).base.id

    def halvings_of(self, payload: bytes) -> int:
        """The scale in the payload's head."""
        return _Parts.parse(payload).times

    def missing(self) -> str | None:
        """What the base codec lacks."""
        return by_name(self.base).missing()

    def encode(self, pixels: Pixels, options: Options) -> bytes:
        """Encode in the way of least cost, squared error plus rate times the slope that ``options.quality`` stands for.

        The residual is lossless at quality 100 on every base but JPEG. Effort is the base codec's; from 7 on three
        qualities of each picture are tried. If no scale is given, up to effort 3 that is a half, and then the best.
        Size and fidelity jump where the second layer sets in: nothing in between is of least cost.
        """
        if pixels.dtype != np.uint8:
            raise EncodeError("layered takes 8 bits per sample", "encode it with jpeg2000")
        encoder, best, least = _Encoder(by_name(self.base), pixels, options), b"", math.inf
        scales = self._scales or ((1,) if options.effort <= 3 else range(1, len(_SCALES) + 1))
        for plan in _plans(_RATES[self.base], options, scales):
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


class _Encoder:
    """Carries out plans for one picture."""

    def __init__(self, base: Codec, pixels: Pixels, options: Options) -> None:
        self._base, self._pixels, self._options = base, pixels, options
        self.lossless = options.quality >= LOSSLESS and _RATES[base.name].lossless

    def run(self, plan: _Plan) -> tuple[bytes, Pixels]:
        """The payload, and what it decodes to."""
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


def _plans(rates: _Rates, options: Options, scales: Iterable[int]) -> Iterator[_Plan]:
    """What is worth trying: for each scale, as halvings, the small picture alone, and a plainer one with a residual.

    Of a picture with 1 / 4^n of the pixels, a bit per pixel of the full size buys as much if its own slope is 4^n
    times less. With a residual, error is best left to the second layer, down to the coarsest small picture; the
    slope of ``_SMALL_SLOPE`` keeps the first layer worth looking at, for some percent of the file.
    """
    if options.quality >= LOSSLESS:
        yield from (_Plan(times, LOSSLESS, LOSSLESS) for times in scales)
        return
    slope = _slope(options)
    shifts = (0,) if options.effort <= 6 else (0, -_SHIFT, _SHIFT)
    for times, shift in product(scales, shifts):
        alone = slope - 2 * times
        yield _Plan(times, rates.quality(alone + shift / 3), None)
        if slope <= _RESIDUAL_SLOPE:
            yield _Plan(times, rates.quality(max(alone, _SMALL_SLOPE + shift)), rates.quality(slope))


def _slope(options: Options) -> float:
    """Log2 of the squared error that a bit per pixel has to save, by quality: from 2^13 to a half."""
    return _FIRST_SLOPE - 14 * options.quality / 100


def _subtract(pixels: Pixels, prediction: npt.NDArray[np.uint8], wraps: bool) -> npt.NDArray[np.uint8]:
    """What the prediction lacks, plus 128, modulo 256 or cut to 8 bits."""
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
