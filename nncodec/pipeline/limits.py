"""The limit of the memory that decoding takes, compared before a codec sees its payload."""

from nncodec.codec import Codec
from nncodec.codecs import by_name
from nncodec.container import Container, Kind
from nncodec.errors import LimitExceeded
from nncodec.pipeline.painting import ENLARGER

_ALPHA, _RESTORER = 8, 12
"""Bytes per pixel that decoding takes besides for an alpha plane, and at most for restorers."""
_FIXED = 96 << 20
"""Bytes that it takes whatever the size: tiles that threads work in."""


def decoding_memory(container: Container, codec: Codec, scale: int = 1) -> int:
    """Bytes that decoding a file takes at most, besides the file itself, libraries and weights.

    An upper bound for the codec's worst content, by measurement: docs/reliability.md. To enlarge the decoded picture
    ``scale`` times takes what decoding one of that size by the enlarging codec would, after the decoder is done.
    """
    alpha = _ALPHA if container.get(Kind.ALPHA) is not None else 0
    per_pixel = codec.decoding_memory + alpha + (_RESTORER if container.all(Kind.RESTORER) else 0)
    if scale > 1:
        per_pixel = max(per_pixel, scale**2 * (by_name(ENLARGER).decoding_memory + alpha))
    return container.header.width * container.header.height * per_pixel + _FIXED


def check_memory(container: Container, codec: Codec, max_memory: int | None, scale: int = 1) -> None:
    """Raise LimitExceeded if decoding a file may take more than ``max_memory`` bytes; None is no limit."""
    if max_memory is None:
        return
    need = decoding_memory(container, codec, scale)
    if need > max_memory:
        size = f"{container.header.width} x {container.header.height}"
        enlarged = f", enlarged {scale} times," if scale > 1 else ""
        needs = f"{size} pixels by {codec.name}{enlarged} may take {-(-need // 10**6)} MB of memory"
        raise LimitExceeded(f"{needs}, more than {max_memory // 10**6} MB", "--max-memory raises the limit")
