"""Lossless coding of the alpha plane: one byte if it is constant, else the smaller of a PNG and a WebP file."""

import numpy as np
import numpy.typing as npt

from nncodec.errors import CorruptFile
from nncodec.image.stills import decode_still, encode_still, pillow_errors

_WEBP_SIDE = 16383
"""Largest side of a WebP picture."""
_PNG_HEADER = b"\0\0\0\rIHDR"
"""Start of the first chunk of a PNG; bits per sample are its ninth byte (PNG, third edition, 11.2.1)."""
_SIGNATURES = {b"\x89PNG": "PNG", b"RIFF": "WEBP"}

Alpha = npt.NDArray[np.uint8]
"""(H, W) opacity, 255 is opaque."""


def encode_alpha(alpha: Alpha) -> bytes:
    """Encode a plane (H, W) as the bytes of a section."""
    if (alpha == alpha.flat[0]).all():
        return bytes([alpha.flat[0]])
    candidates = [encode_still(alpha, "PNG", optimize=True)]
    if max(alpha.shape) <= _WEBP_SIDE:
        rgb = np.repeat(alpha[:, :, np.newaxis], 3, axis=2)
        candidates.append(encode_still(rgb, "WEBP", lossless=True, method=4, quality=80))
    return min(candidates, key=len)


def decode_alpha(data: bytes, height: int, width: int) -> Alpha:
    """Decode the bytes of a section to a plane (height, width); CorruptFile if they hold none of that size."""
    if len(data) == 1:
        return np.full((height, width), data[0], np.uint8)
    pillow_format = _SIGNATURES.get(data[:4])
    if pillow_format is None:
        raise CorruptFile("the alpha section is neither one byte, PNG nor WebP")
    if pillow_format == "PNG" and (data[8:16] != _PNG_HEADER or data[24:25] != b"\x08"):
        raise CorruptFile("the alpha section is a PNG without a header, or not of 8 bits per sample")
    still = decode_still(data, "the alpha section", pillow_format, (height, width))
    if still.mode != {"PNG": "L", "WEBP": "RGB"}[pillow_format] or getattr(still, "n_frames", 1) > 1:
        raise CorruptFile(f"the alpha section is a {pillow_format} of mode {still.mode}, or animated")
    with pillow_errors("the alpha section"):
        return np.array(still.getchannel(0))
