"""The registry of restorers. A restorer is a module or a folder here that defines ``RESTORER``.

A restorer corrects the picture that a decoder returns, behind any codec. Its parameters travel in a section of the
file, which is bound to the payload they were made for.
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
"""Bytes of a restorer section beside its parameters: tag, length and checksum, number and binding."""

_WORTH = 1.25
"""Relative fall of the squared error that bytes must bring, per relative growth of the file.

Along the base codecs' own curves (about 3.3 dB for twice the bytes) it is 1.1; the rest is a margin.
"""


@dataclass(frozen=True)
class Task:
    """The picture to which a restorer is to be fitted, and the file it is in."""

    seen: Pixels
    """(H, W) or (H, W, 3) uint8 or uint16, as the decoder will return it."""
    original: Pixels
    """The original, of the same shape and dtype."""
    codec: int
    """Wire number of the codec that made ``seen``."""
    n_bytes: int
    """Size of the file without the restorer."""
    effort: int
    """1 (fastest) to 9."""

    def price(self, n_parameters: int) -> float:
        """The share of the squared error that a section with ``n_parameters`` bytes must remove to pay for itself."""
        return _WORTH * (n_parameters + _SECTION_BYTES) / self.n_bytes


class Restorer(Protocol):
    """A method that corrects decoded pictures by parameters fitted to each."""

    id: int
    """Wire number, 1 to 255. It names one parameter format for ever; never reuse it."""
    name: str
    """Name on the command line."""

    def fit(self, task: Task) -> bytes | None:
        """Fit parameters that bring the decoded picture closer to the original; None if there are none.

        The caller checks that they pay for their bytes on the whole picture.
        """

    def apply(self, seen: Pixels, parameters: bytes, device: str) -> Pixels:
        """Correct pixels, which keep their shape and dtype.

        Raises CorruptFile for impossible parameters, UnsupportedFile if weights or device (``cpu``, ``cuda``, ``auto``)
        are missing.
        """


@cache
def all_restorers() -> dict[int, Restorer]:
    """All restorers in this folder, by wire number."""
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
    """Apply restorer sections, see `make_section`, in their order.

    Raises CorruptFile if one was made for another payload or a restorer comes twice, UnsupportedFile if one is unknown,
    before any is applied.
    """
    steps: dict[int, tuple[Restorer, bytes]] = {}
    for section in sections:
        number, restorer = _restorer_of(section, binding)
        if number in steps:  # a file could otherwise ask for any amount of work
            raise CorruptFile(f"restorer number {number} comes twice")
        steps[number] = restorer, parameters_of(section)
    for restorer, parameters in steps.values():
        seen = restorer.apply(seen, parameters, device)
    return seen


def _restorer_of(section: bytes, binding: int) -> tuple[int, Restorer]:
    """Wire number and restorer of a section, whose binding is checked."""
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
    """The name of a section's restorer; ``unknown-N`` if this version does not know it."""
    number = section[0] if section else 0
    restorer = all_restorers().get(number)
    return f"unknown-{number}" if restorer is None else restorer.name


def parameters_of(section: bytes) -> bytes:
    """The parameters in a section; empty for one that is cut short."""
    return section[_HEAD.size :]


def make_section(number: int, binding: int, parameters: bytes) -> bytes:
    """The bytes of a restorer section: wire number, binding (CRC-32 of payload and layers), parameters."""
    return _HEAD.pack(number, binding) + parameters
