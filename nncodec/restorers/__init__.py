"""The restorers, one file each. Adding a restorer is adding a file here that defines ``RESTORER``.

A restorer repairs what the decoder will see, on top of any codec. Its parameters travel in a section of the file
that is bound to the payload they were made for.
"""

import importlib
import pkgutil
import struct
from functools import cache
from typing import Protocol

from nncodec.errors import CorruptFile, UnsupportedFile
from nncodec.image import Pixels

_HEAD = struct.Struct("<BI")


class Restorer(Protocol):
    """Parameters fitted to one picture, and what they do to it."""

    id: int
    """Wire number, 1 to 255. It names one parameter format for ever; never reuse it."""
    name: str
    """Name on the command line."""

    def fit(self, seen: Pixels, original: Pixels, effort: int) -> bytes | None:
        """Parameters that bring ``seen``, as decoded, closer to ``original``; None if they do not pay."""

    def apply(self, seen: Pixels, parameters: bytes, device: str) -> Pixels:
        """The repaired pixels, of the same shape and dtype. Raises CorruptFile for impossible parameters."""


@cache
def all_restorers() -> dict[int, Restorer]:
    """Every restorer in this folder, by wire number."""
    found: list[Restorer] = [
        importlib.import_module(f"{__name__}.{module.name}").RESTORER for module in pkgutil.iter_modules(__path__)
    ]
    return {restorer.id: restorer for restorer in found}


def apply_section(seen: Pixels, section: bytes, binding: int, device: str) -> Pixels:
    """Apply one restorer section: wire number, binding (CRC-32 of payload and layers), parameters.

    Raises CorruptFile if it was made for another payload, UnsupportedFile if the restorer is unknown.
    """
    if len(section) < _HEAD.size:
        raise CorruptFile(f"restorer section of {len(section)} bytes")
    number, bound_to = _HEAD.unpack_from(section)
    if bound_to != binding:
        raise CorruptFile(f"restorer made for another payload ({bound_to:08x}, this one is {binding:08x})")
    restorer = all_restorers().get(number)
    if restorer is None:
        raise UnsupportedFile(f"restorer number {number} is unknown", "--no-restore decodes without it")
    return restorer.apply(seen, section[_HEAD.size :], device)


def make_section(number: int, binding: int, parameters: bytes) -> bytes:
    """The bytes of a restorer section."""
    return _HEAD.pack(number, binding) + parameters
