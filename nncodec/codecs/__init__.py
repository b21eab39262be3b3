"""The registry of codecs. Adding a codec is adding a file or folder here that has its name and defines ``CODEC``.

Most calls import many of these modules, so they import networks, entropy coders and large libraries inside functions.
"""

import importlib
import pkgutil
from functools import cache

from nncodec.codec import Codec, HasBases, HasForms, HasSlopes
from nncodec.errors import EncodeError, UnsupportedFile


@cache
def _names() -> list[str]:
    """The names of all codecs, which are those of the modules; none is imported."""
    return [module.name for module in pkgutil.iter_modules(__path__)]


@cache
def _load(name: str) -> Codec:
    """The codec of a module."""
    found: Codec = importlib.import_module(f"{__name__}.{name}").CODEC
    if found.name != name:
        raise RuntimeError(f"the module {name} defines the codec {found.name}")
    return found


@cache
def all_codecs() -> dict[str, Codec]:
    """Every codec in this folder by name, in order of wire number."""
    found = sorted(map(_load, _names()), key=lambda codec: codec.id)
    if len({codec.id for codec in found}) < len(found):
        raise RuntimeError("two codecs share a number")
    return {codec.name: codec for codec in found}


def by_name(name: str) -> Codec:
    """The codec called ``name``, ``name:base`` for one that builds on another, or ``name:form``.

    Raises EncodeError if there is none.
    """
    own, colon, base = name.partition(":")
    if own not in _names():
        raise EncodeError(f"no codec is called {own!r}", f"one of: {', '.join(all_codecs())}")
    codec = _load(own)
    if not colon:
        return codec
    if isinstance(codec, HasForms):
        if base not in codec.forms:
            raise EncodeError(f"{own} has no form {base!r}", f"one of: {', '.join(codec.forms)}")
        return codec.formed(base)
    if not isinstance(codec, HasBases):
        raise EncodeError(f"{own} builds on no other codec", f"use -c {own}")
    if base not in codec.bases:
        raise EncodeError(f"{own} cannot build on {base!r}", f"one of: {', '.join(codec.bases)}")
    return codec.on(base)


def base_codecs(first: str) -> list[HasSlopes]:
    """The codecs that others can build on: the one of this name first, the rest by falling wire number."""
    found = [codec for codec in all_codecs().values() if isinstance(codec, HasSlopes)]
    return sorted(found, key=lambda codec: (codec.name != first, -codec.id))


def by_id(number: int) -> Codec:
    """The codec with this wire number; UnsupportedFile if there is none."""
    for name in _names():
        codec = _load(name)
        if codec.id == number:
            return codec
    raise UnsupportedFile(f"codec number {number} is unknown", "the file may need a newer nnc")
