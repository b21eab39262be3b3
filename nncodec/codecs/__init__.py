"""The registry of codecs. Adding a codec is adding a file here, or a folder, that defines ``CODEC``."""

import importlib
import pkgutil
from functools import cache

from nncodec.codec import Codec, HasBases
from nncodec.errors import EncodeError, UnsupportedFile


@cache
def all_codecs() -> dict[str, Codec]:
    """Every codec in this folder by name, in order of wire number."""
    found: list[Codec] = [
        importlib.import_module(f"{__name__}.{module.name}").CODEC for module in pkgutil.iter_modules(__path__)
    ]
    found.sort(key=lambda codec: codec.id)
    if not len({c.id for c in found}) == len({c.name for c in found}) == len(found):
        raise RuntimeError("two codecs share a number or a name")
    return {codec.name: codec for codec in found}


def by_name(name: str) -> Codec:
    """The codec called ``name``, or ``name:base`` for one that builds on another; EncodeError if there is none."""
    own, colon, base = name.partition(":")
    if own not in all_codecs():
        raise EncodeError(f"no codec is called {own!r}", f"one of: {', '.join(all_codecs())}")
    codec = all_codecs()[own]
    if not colon:
        return codec
    if not isinstance(codec, HasBases):
        raise EncodeError(f"{own} builds on no other codec", f"use -c {own}")
    if base not in codec.bases:
        raise EncodeError(f"{own} cannot build on {base!r}", f"one of: {', '.join(codec.bases)}")
    return codec.on(base)


def by_id(number: int) -> Codec:
    """The codec with this wire number; UnsupportedFile if there is none."""
    for codec in all_codecs().values():
        if codec.id == number:
            return codec
    raise UnsupportedFile(f"codec number {number} is unknown", "the file may need a newer nnc")
