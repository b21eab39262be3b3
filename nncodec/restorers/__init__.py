"""The restorers, one file each. Adding a restorer is adding a file here that defines ``RESTORER``.

A restorer repairs what the decoder will see, on top of any codec. Its parameters travel in a section of the file
that is bound to the payload they were made for.
"""

import importlib
import pkgutil
import struct
from dataclasses import dataclass
from functools import cache
from typing import Protocol

from nncodec.errors import CorruptFile, EncodeError, UnsupportedFile
from nncodec.image import Pixels

_HEAD = struct.Struct("<BI")
_SECTION_BYTES = _HEAD.size + 7
"""What a restorer section costs beside its parameters: tag, length and checksum, number and binding."""


_WORTH = 1.25
"""Relative fall of the squared error that bytes must bring, per relative growth of the file.

Along the base codecs' own curves (about 3.3 dB for twice the bytes) it is 1.1; the rest is a margin.
"""


@dataclass(frozen=True)
class Task:
    """What a restorer is to be fitted to."""

    seen: Pixels
    """As the decoder will see it."""
    original: Pixels
    """As it should be, of the same shape and dtype."""
    codec: int
    """Wire number of the codec that made ``seen``."""
    n_bytes: int
    """Size of the file without restorer."""
    effort: int
    """1 to 9."""

    def price(self, n_parameters: int) -> float:
        """By what share the squared error must fall for a section with so many bytes of parameters to pay."""
        return _WORTH * (n_parameters + _SECTION_BYTES) / self.n_bytes


class Restorer(Protocol):
    """Parameters fitted to one picture, and what they do to it."""

    id: int
    """Wire number, 1 to 255. It names one parameter format for ever; never reuse it."""
    name: str
    """Name on the command line."""

    def fit(self, task: Task) -> bytes | None:
        """Parameters that bring the picture as decoded closer to the original; None if it has nothing to offer.

        Whether they pay for their bytes on the whole picture is checked by the caller.
        """

    def apply(self, seen: Pixels, parameters: bytes, device: str) -> Pixels:
        """The repaired pixels, of the same shape and dtype. Raises CorruptFile for impossible parameters."""


@cache
def all_restorers() -> dict[int, Restorer]:
    """Every restorer in this folder, by wire number."""
    found: list[Restorer] = [
        importlib.import_module(f"{__name__}.{module.name}").RESTORER for module in pkgutil.iter_modules(__path__)
    ]
    return {restorer.id: restorer for restorer in found}


def by_name(name: str) -> Restorer:
    """The restorer called ``name``; EncodeError if there is none."""
    for restorer in all_restorers().values():
        if restorer.name == name:
            return restorer
    names = ", ".join(restorer.name for restorer in all_restorers().values())
    raise EncodeError(f"no restorer is called {name!r}", f"one of: none, auto, {names}")


def apply_sections(seen: Pixels, sections: list[bytes], binding: int, device: str) -> Pixels:
    """Apply restorer sections in their order: wire number, binding (CRC-32 of payload and layers), parameters.

    Raises CorruptFile if one was made for another payload or a restorer comes twice, UnsupportedFile if one is unknown,
    before any is applied.
    """
    steps: dict[int, tuple[Restorer, bytes]] = {}
    for section in sections:
        number, restorer = _restorer_of(section, binding)
        if number in steps:  # a file could otherwise ask for any amount of work
            raise CorruptFile(f"restorer number {number} comes twice")
        steps[number] = restorer, section[_HEAD.size :]
    for restorer, parameters in steps.values():
        seen = restorer.apply(seen, parameters, device)
    return seen


def _restorer_of(section: bytes, binding: int) -> tuple[int, Restorer]:
    if len(section) < _HEAD.size:
        raise CorruptFile(f"restorer section of {len(section)} bytes")
    number, bound_to = _HEAD.unpack_from(section)
    if bound_to != binding:
        raise CorruptFile(f"restorer made for another payload ({bound_to:08x}, this one is {binding:08x})")
    restorer = all_restorers().get(number)
    if restorer is None:
        raise UnsupportedFile(f"restorer number {number} is unknown", "--no-restore decodes without it")
    return number, restorer


def name_of(section: bytes) -> str:
    """Name of the restorer that a section is for, ``unknown-N`` for one that this version does not know."""
    number = section[0] if section else 0
    restorer = all_restorers().get(number)
    return f"unknown-{number}" if restorer is None else restorer.name


def make_section(number: int, binding: int, parameters: bytes) -> bytes:
    """The bytes of a restorer section."""
    return _HEAD.pack(number, binding) + parameters
