"""The scale of quality that all codecs share: the same number means about the same error of a photograph.

It is libjpeg's scale: at quality 75 a codec's picture has the PSNR that a JPEG file of quality 75 has, on average over
the Kodak pictures. At 100 a picture is lossless where the codec can be. Each codec states what its own scale means
(`Codec.fidelity`); between the points that were measured, both scales are taken for straight lines.
"""

from bisect import bisect_right
from collections.abc import Sequence

from nncodec.codec import LOSSLESS_QUALITY, Codec
from nncodec.codecs import by_name
from nncodec.errors import EncodeError

DEFAULT_QUALITY = 85.0
"""Some 36.6 dB on photographs, which is near the default of avifenc."""

_BEST_LOSSY = 99.9
"""What a picture with an error, if better than any JPEG, is said to have."""

Point = tuple[float, float]
"""A quality and a PSNR in dB, or the reverse."""


def quality_for(codec: str, quality: float | None, codec_quality: float | None) -> float:
    """The quality on a codec's own scale for one on the shared scale, or on its own; the default if both are None.

    Raises EncodeError for two, for one that is not 0 to 100, and for an unknown codec.
    """
    if quality is not None and codec_quality is not None:
        raise EncodeError("quality and codec_quality are two ways to say one thing: give one")
    given = codec_quality if quality is None else quality
    if given is not None and not 0 <= given <= LOSSLESS_QUALITY:
        raise EncodeError(f"quality runs from 0 to 100, and {given:g} is not among it")
    if codec_quality is not None:
        return codec_quality
    return own_quality(by_name(codec), DEFAULT_QUALITY if quality is None else quality)


def _shared() -> tuple[Point, ...]:
    """Shared qualities, and the PSNR that they stand for."""
    return by_name("jpeg").fidelity


def own_quality(codec: Codec, quality: float) -> float:
    """The quality on a codec's own scale, 0 to 100, for a shared one of 0 to 100; the nearest that the codec has.

    The result is a multiple of `Codec.quality_step`, and 100 for 100 alone if the codec is lossless there.
    """
    if quality >= LOSSLESS_QUALITY or not codec.fidelity:
        return quality
    own = _between([(psnr, own) for own, psnr in codec.fidelity], _between(_shared(), quality))
    return round(own / codec.quality_step) * codec.quality_step


def shared_quality(codec: Codec, own: float) -> float:
    """The shared quality of 0 to 100 that a codec's own quality of 0 to 100 stands for; 100 for 100 alone."""
    if own >= LOSSLESS_QUALITY or not codec.fidelity:
        return own
    found = _between([(psnr, shared) for shared, psnr in _shared()], _between(codec.fidelity, own))
    return min(found, _BEST_LOSSY)


def _between(points: Sequence[Point], x: float) -> float:
    """Interpolate between points in ascending order of both coordinates; outside of them, the nearest one counts."""
    at = bisect_right(points, (x, float("inf")))
    if at in (0, len(points)):
        return points[max(0, at - 1)][1]
    (x0, y0), (x1, y1) = points[at - 1], points[at]
    return y0 + (y1 - y0) * (x - x0) / (x1 - x0)
