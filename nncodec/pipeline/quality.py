"""The scale of quality that all codecs share: the same number means about the same error of a photograph.

It is libjpeg's scale: at quality 75 a codec's picture has the PSNR that a JPEG file of quality 75 has, on average over
the Kodak pictures. At 100 a picture is lossless where the codec can be. Each codec states what its own scale means
(`Codec.fidelity`); between the points that were measured, both scales are taken for straight lines.
"""

import numpy as np

from nncodec.codec import LOSSLESS_QUALITY, Codec
from nncodec.codecs import by_name
from nncodec.errors import EncodeError

_SHARED = "jpeg"
"""The codec whose own scale is the shared one."""
DEFAULT_QUALITY = 85.0
"""Some 36.6 dB on photographs, which is near the default of avifenc."""

_BEST_LOSSY = 99.9
"""What a picture with an error, if better than any JPEG, is said to have."""


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


def own_quality(codec: Codec, quality: float) -> float:
    """The quality on a codec's own scale, 0 to 100, for a shared one of 0 to 100; the nearest that the codec has.

    The result is a multiple of `Codec.quality_step`, and 100 for 100 alone if the codec is lossless there.
    """
    if quality >= LOSSLESS_QUALITY or not codec.fidelity:
        return quality
    return round(_of_equal_error(quality, by_name(_SHARED), codec) / codec.quality_step) * codec.quality_step


def shared_quality(codec: Codec, own: float) -> float:
    """The shared quality of 0 to 100 that a codec's own quality of 0 to 100 stands for; 100 for 100 alone."""
    if own >= LOSSLESS_QUALITY or not codec.fidelity:
        return own
    return min(_of_equal_error(own, codec, by_name(_SHARED)), _BEST_LOSSY)


def _of_equal_error(quality: float, codec: Codec, other: Codec) -> float:
    """The other codec's own quality that means the PSNR of a codec's own quality, or the nearest to it."""
    (own, psnr), (others, their_psnr) = (tuple(zip(*each.fidelity, strict=True)) for each in (codec, other))
    return float(np.interp(np.interp(quality, own, psnr), their_psnr, others))
