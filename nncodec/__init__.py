"""nnc: a neural image codec with its own container, .nnc.

>>> import nncodec, numpy as np
>>> gray = np.tile(np.arange(64, dtype=np.uint8), (48, 1))
>>> data = nncodec.encode(gray, codec="webp", quality=100)
>>> bool((nncodec.decode(data).pixels == gray).all())
True
>>> nncodec.inspect(data).codec
'webp'

Importing this package imports neither torch nor, until a function is called, NumPy or Pillow.
"""

from typing import TYPE_CHECKING

from nncodec.errors import CorruptFile, EncodeError, InternalError, LimitExceeded, NncError, NotSmaller, UnsupportedFile
from nncodec.version import __version__

if TYPE_CHECKING:
    from nncodec.api import decode, encode, extract, inspect, register_pillow

__all__ = [
    "CorruptFile",
    "EncodeError",
    "InternalError",
    "LimitExceeded",
    "NncError",
    "NotSmaller",
    "UnsupportedFile",
    "__version__",
    "decode",
    "encode",
    "extract",
    "inspect",
    "register_pillow",
]

_LAZY = {"decode", "encode", "extract", "inspect", "register_pillow"}


def __getattr__(name: str) -> object:
    """Import the working parts on first use: ``nnc --help`` does not need them."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from nncodec import api

    return getattr(api, name)
