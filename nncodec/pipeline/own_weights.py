"""Weights of the user's own, and light ones: which a file needs, where own ones are found, and which encode it.

Most files need none. What tells so imports neither codecs nor networks, since `nnc info` and decoding of base codecs
ask, too.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from nncodec.container import Container, Kind
from nncodec.errors import EncodeError, UnsupportedFile
from nncodec.names import CODECS, LIGHT_WEIGHTS, OWN_WEIGHTS, RESTORERS

if TYPE_CHECKING:
    from nncodec.nets.arrays import Layout
    from nncodec.nets.weights import OwnWeights

FOLDERS = "NNC_WEIGHTS"
"""Environment variable: folders of weights, joined as in PATH."""
_RESTORER_HEAD = 5
"""Bytes of a restorer section before its parameters."""


@dataclass(frozen=True)
class OwnModel:
    """Weights of the user's own that a file needs."""

    codec: str
    """Name of the codec or restorer that they belong to."""
    model: bytes
    """Their name in the file; see `nncodec.nets.weights.Model`."""

    @property
    def digest(self) -> str:
        """The hash, the first 16 bytes of the SHA-256 of the file of weights, in hexadecimal digits."""
        return self.model[1:].hex()


def needed(container: Container, restore: bool = True) -> list[OwnModel]:
    """The own weights that payload and restorers of a file name; CorruptFile if a hash is cut short."""
    sections = container.all(Kind.RESTORER) if restore else []
    firsts = container.payload[:1] + b"".join(section[_RESTORER_HEAD:][:1] for section in sections)
    if OWN_WEIGHTS.isdisjoint(firsts):
        return []
    from nncodec.codecs import by_id
    from nncodec.nets import weights
    from nncodec.restorers import name_of, parameters_of

    parts = [(by_id(container.header.codec).name, container.payload)]
    parts += [(name_of(section), parameters_of(section)) for section in sections]
    found = []
    for name, data in parts:
        if data and data[0] == weights.OWN.get(name):
            model, _ = weights.split_model(data, name)
            assert isinstance(model, bytes)
            found.append(OwnModel(name, model))
    return found


def light_in(container: Container) -> list[str]:
    """The codec and the restorers whose light weights a file names."""
    sections = container.all(Kind.RESTORER)
    if LIGHT_WEIGHTS.isdisjoint(container.payload[:1] + b"".join(section[_RESTORER_HEAD:][:1] for section in sections)):
        return []
    from nncodec.nets.weights import NUMBERS

    parts = [(CODECS.get(container.header.codec, ""), container.payload)]
    parts += [(RESTORERS.get(section[0], ""), section[_RESTORER_HEAD:]) for section in sections]
    return [name for name, data in parts if data[:1] and data[0] in LIGHT_WEIGHTS and data[0] in NUMBERS.get(name, ())]


def located(own: OwnModel, given: Sequence[Path] = ()) -> Path | None:
    """The file of weights that the user named, or has in a folder of NNC_WEIGHTS; None if there is none."""
    from nncodec.nets.own_file import digest_of, files_in

    for path in _all(given, files_in(os.environ.get(FOLDERS, ""))):
        try:
            if digest_of(path) == own.model[1:]:
                return path
        except OSError:  # of the many in a folder; those that were named have been read before
            continue
    return None


def _all(given: Sequence[Path], others: Iterator[Path]) -> Iterator[Path]:
    yield from given
    yield from others


def for_decoding(models: Sequence[OwnModel], given: Sequence[Path]) -> AbstractContextManager[None]:
    """A block in which a file can be decoded that needs these weights.

    Raises UnsupportedFile if they are not found or are not what they should be, or a given file is no file of weights.
    """
    if not models and not given:
        return nullcontext()
    from nncodec.nets import weights

    opened(given)
    found = []
    for own in models:
        path = located(own, given)
        if path is None:
            raise weights.not_at_hand(own.model, own.codec)
        read = open_file(path)
        if (read.codec, read.model) != (own.codec, own.model):
            raise UnsupportedFile(f"{path} holds weights of {read.codec}, where {own.codec} is needed")
        found.append(read)
    return weights.at_hand(found)


def for_encoding(
    given: Sequence[Path], codec: str, restorers: Sequence[str], light: bool = False
) -> AbstractContextManager[None]:
    """A block in which pictures are encoded with the weights of these files, one for each codec or restorer.

    With ``light`` all others have their light weights, as far as there are some. Raises UnsupportedFile for a file that
    is no file of weights, EncodeError for one that would not be used, and where no light weights would.
    """
    if not given and not light:
        return nullcontext()
    from nncodec.nets import weights

    found: dict[str, OwnWeights] = {}
    for path, own in zip(given, opened(given), strict=True):
        if own.codec in found and found[own.codec].model != own.model:
            raise EncodeError(f"{path} is a second file of weights for {own.codec}")
        if own.codec != codec.partition(":")[0] and own.codec not in restorers:
            raise EncodeError(f"{path} holds weights of {own.codec}, which is not used", _hint(own.codec))
        found[own.codec] = own
    others = {codec.partition(":")[0], *restorers} - found.keys()
    if light and not any(map(weights.newest_light, others)):
        raise EncodeError("nothing that has light weights is used", _light_hint())
    return weights.at_hand(list(found.values()), light)


def _light_hint() -> str:
    from nncodec.nets.weights import NUMBERS, newest_light

    return f"{', '.join(name for name in NUMBERS if newest_light(name)) or 'nothing'} has some"


def _hint(name: str) -> str:
    from nncodec.codecs import by_name

    try:
        by_name(name)
    except EncodeError:
        return f"--restore {name} uses it"
    return f"-c {name} uses it"


def opened(paths: Sequence[Path]) -> "list[OwnWeights]":
    """The weights in files, in their order; raises as :func:`open_file`."""
    return [open_file(path) for path in paths]


def open_file(path: Path) -> "OwnWeights":
    """The weights in a file, checked to be whole.

    Raises UnsupportedFile if it is no file of weights of a codec or restorer, OSError if it cannot be read.
    """
    from nncodec.nets import weights
    from nncodec.nets.own_file import read_file

    digest, arrays = read_file(path)
    for name in weights.OWN:
        layout = layout_of(name)
        if layout.known_by <= arrays.keys():
            try:
                layout.check(arrays)
            except UnsupportedFile as error:
                raise UnsupportedFile(f"{path} holds no weights of {name} that can be used: {error}") from error
            return weights.OwnWeights(name, bytes([weights.OWN[name]]) + digest, arrays)
    raise UnsupportedFile(f"{path} holds no weights of a codec or restorer", "'nnc train' makes them")


@cache
def layout_of(name: str) -> "Layout":
    """The layout that a codec or restorer states for its weights."""
    package = f"nncodec.codecs.{name}"
    if find_spec(package) is None:
        package = f"nncodec.restorers.{name}"
    layout: Layout = import_module(f"{package}.arrays").LAYOUT
    return layout
