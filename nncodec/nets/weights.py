"""Shared weights by number: looked up in a manifest, checked by SHA-256, loaded without pickle.

A number names one set of weights for ever: a file that was written with it needs exactly these. The weights ship
as the data package ``nncodec.weights``; in a checkout they lie in ``weights/`` beside the package. Weights of the
user's own are named by their hash, and are at hand where `nncodec.pipeline` provides them. The archives are described
in docs/format/container.md, *Weights*.
"""

import hashlib
import importlib.util
import io
import sys
import tokenize
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import numpy.typing as npt
from numpy.lib.npyio import NpzFile

from nncodec.errors import CorruptFile, UnsupportedFile
from nncodec.memory import check_address_space
from nncodec.names import LIGHT_WEIGHTS

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

Arrays = dict[str, npt.NDArray[Any]]

NUMBERS = {
    "learned": range(1, 32),
    "tuned": range(32, 48),
    "luma": range(48, 64),
    "compact": range(80, 96),
    "recurrent": range(96, 112),
    "superres": range(120, 124),
    "generative": range(124, 128),
}
"""Numbers that the weights of a codec or restorer may have, by its name: no two families share one.

A payload that begins with a number is refused by every other codec.
"""
OWN = {
    "learned": 112,
    "tuned": 113,
    "luma": 114,
    "compact": 116,
    "recurrent": 117,
    "superres": 118,
    "generative": 119,
}
"""Numbers that say, by codec or restorer, that weights of the user's own are meant: the file's hash follows."""
DIGEST = 16
"""Bytes of the hash: the first ones of the SHA-256 of a file of weights."""
Model = int | bytes
"""A set of weights, as files name it: a number of the manifest; or a number of `OWN` and the hash, 1 + DIGEST bytes."""
KEPT = 4
"""Sets of weights of one codec or restorer that are kept in memory, ready to use."""
MANIFEST = "manifest.toml"
PLANES = ".planes"
"""Suffix of arrays that hold 16-bit integers as a plane of low and one of high bytes (docs/format/container.md)."""
NPZ_ERRORS = (
    OSError,
    EOFError,
    ValueError,
    TypeError,
    LookupError,
    RuntimeError,
    SyntaxError,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)
"""Errors that NumPy raises on damaged .npz files, as found by damaging some."""
_TORCH = 768 << 20
"""Bytes that torch maps when it is imported and used first, by measurement with two threads, and some more."""
_REINSTALL = "reinstall the package, or upgrade it if the file is newer"


@dataclass(frozen=True)
class WeightsFile:
    """One row of the manifest: a file of weights, and the number that names it."""

    number: int
    """Number in payloads and restorer parameters, 1 to 127."""
    codec: str
    """Name of the codec or restorer that the weights belong to."""
    file: str
    """File name in the folder of weights; it begins with the number in three digits."""
    sha256: str
    """Checksum of the file, in hexadecimal digits."""
    trained: str
    """One line on the training: recipe, time, pictures."""


def folder() -> "Traversable":
    """The folder of the weights: the data package, else the folder of the checkout."""
    try:
        found = resources.files("nncodec.weights")
    except ModuleNotFoundError:
        found = Path(__file__).resolve().parents[2] / "weights"
    return found


@cache
def manifest() -> dict[int, WeightsFile]:
    """All rows by number; UnsupportedFile if the manifest is missing or damaged."""
    try:
        rows = tomllib.loads(folder().joinpath(MANIFEST).read_text("utf-8"))["model"]
        return {row["number"]: WeightsFile(**row) for row in rows}
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise UnsupportedFile(f"the list of weights cannot be read: {error}", _REINSTALL) from error


def all_of(codec: str) -> list[WeightsFile]:
    """The weights of a codec or restorer, in order of number; UnsupportedFile as :func:`manifest`."""
    return sorted((row for row in manifest().values() if row.codec == codec), key=lambda row: row.number)


def newest(codec: str) -> int:
    """The highest number among the weights of a codec or restorer, but for light ones; UnsupportedFile without any."""
    found = [row.number for row in all_of(codec) if row.number not in LIGHT_WEIGHTS]
    if not found:
        raise UnsupportedFile(f"there are no weights for {codec}", _REINSTALL)
    return found[-1]


def newest_light(codec: str) -> int | None:
    """The highest number among the light weights of a codec or restorer, None if it has none; raises as `manifest`."""
    return max((row.number for row in all_of(codec) if row.number in LIGHT_WEIGHTS), default=None)


def size(weights_file: WeightsFile) -> int | None:
    """The size of a file in bytes, None if it is missing."""
    try:
        return len(folder().joinpath(weights_file.file).read_bytes())
    except OSError:
        return None


def installed(library: str) -> bool:
    """True if a package can be imported. It is not imported: some take seconds."""
    return importlib.util.find_spec(library) is not None


def missing(codec: str, *libraries: str) -> str | None:
    """The package or weights that this installation lacks to run a codec, in a few words; None if it has all."""
    for library in libraries:
        if not installed(library):
            return f"the package {library}"
    try:
        newest(codec)
    except UnsupportedFile:
        return "its weights"
    return None


def require(library: str, purpose: str, hint: str) -> None:
    """Raise UnsupportedFile, with a hint, if the package ``library``, which ``purpose`` needs, is not installed.

    MemoryError if it is torch, not imported yet, and more than the address space that is left: it would abort.
    """
    if not installed(library):
        raise UnsupportedFile(f"{purpose} needs the package {library}", hint)
    if library == "torch" and library not in sys.modules:
        check_address_space(_TORCH)


@cache
def load(number: int, codec: str) -> Arrays:
    """The arrays of the weights with a number, read-only.

    Raises UnsupportedFile if the number is unknown or another codec's, or the file is missing or altered.
    """
    row = manifest().get(number)
    if row is None or row.codec != codec:
        raise UnsupportedFile(f"model {number} of {codec} is unknown", _REINSTALL)
    try:
        data = folder().joinpath(row.file).read_bytes()
    except OSError as error:
        raise UnsupportedFile(f"the weights {row.file} cannot be read: {error}", _REINSTALL) from error
    if hashlib.sha256(data).hexdigest() != row.sha256:
        raise UnsupportedFile(f"the weights {row.file} are not those that model {number} names", _REINSTALL)
    return read(data)


@dataclass(frozen=True)
class OwnWeights:
    """Weights of the user's own: read, and checked to be whole."""

    codec: str
    """Name of the codec or restorer that they belong to."""
    model: bytes
    """Their name in files; see `Model`."""
    arrays: Arrays


_own: ContextVar[tuple[OwnWeights, ...]] = ContextVar("nncodec.weights", default=())
_light: ContextVar[bool] = ContextVar("nncodec.weights.light", default=False)


@contextmanager
def at_hand(own: Sequence[OwnWeights], light: bool = False) -> Iterator[None]:
    """Let a block encode and decode with weights of the user's own, and with no others of the kind.

    With ``light`` it encodes with light weights where there are some.
    """
    tokens = _own.set(tuple(own)), _light.set(light)
    try:
        yield
    finally:
        _own.reset(tokens[0])
        _light.reset(tokens[1])


def selected(codec: str) -> Model:
    """The weights to encode with; raises as :func:`newest`.

    They are the user's own if they are at hand, light ones if these are wanted and there are some, else the newest.
    """
    found = [own.model for own in _own.get() if own.codec == codec]
    light = newest_light(codec) if _light.get() else None
    return found[0] if found else light or newest(codec)


def arrays_of(model: Model, codec: str) -> Arrays:
    """The arrays of a set of weights, read-only; UnsupportedFile as :func:`load`, and for own ones not at hand."""
    if isinstance(model, int):
        return load(model, codec)
    for own in _own.get():
        if own.model == model and own.codec == codec:
            return own.arrays
    raise not_at_hand(model, codec)


def not_at_hand(model: bytes, codec: str) -> UnsupportedFile:
    """The error for weights of the user's own that are nowhere to be found."""
    what = f"own weights of {codec} are needed, whose SHA-256 begins with {model[1:].hex()}"
    return UnsupportedFile(what, "name the file by --weights (weights= in Python), or its folder by NNC_WEIGHTS")


def model_field(model: Model) -> bytes:
    """The bytes by which a payload or the parameters of a restorer name their weights."""
    return bytes([model]) if isinstance(model, int) else model


def split_model(data: bytes, codec: str) -> tuple[Model, bytes]:
    """The weights that payload or parameters begin with, and the rest.

    Raises CorruptFile if there is no number, or no whole hash after one of `OWN`.
    """
    if not data:
        raise CorruptFile(f"0 bytes of {codec}, without the number of its weights")
    if data[0] != OWN.get(codec):
        return data[0], data[1:]
    if len(data) < 1 + DIGEST:
        raise CorruptFile(f"{len(data)} bytes of {codec}, too few for the hash of its weights")
    return data[: 1 + DIGEST], data[1 + DIGEST :]


def check_model(model: Model, codec: str) -> None:
    """Raise CorruptFile for a number that is not one of the codec's; the hash of own weights is always possible."""
    models = NUMBERS[codec]
    if isinstance(model, int) and model not in models:
        raise CorruptFile(f"model number {model} of {codec} is not between {models[0]} and {models[-1]}")


def write(path: Path, arrays: Arrays) -> None:
    """Write arrays as a compressed .npz file, the same bytes for the same arrays.

    16-bit integers of shape (...) become bytes of shape (2, ...), the low bytes of all, then the high bytes: these
    compress better.
    """
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, array in arrays.items():
            split = array.dtype == np.int16
            data = io.BytesIO()
            planes = np.ascontiguousarray(array, "<i2")[..., None].view(np.uint8) if split else array
            np.lib.format.write_array(data, np.moveaxis(planes, -1, 0).copy() if split else planes, allow_pickle=False)
            archive.writestr(_entry(f"{name}{PLANES if split else ''}.npy"), data.getvalue(), compresslevel=9)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.compress_type = zipfile.ZIP_DEFLATED
    return entry


@contextmanager
def opened_npz(source: Path | BinaryIO) -> Iterator[NpzFile]:
    """Open an .npz file for a block that reads its arrays; ValueError for every error of NumPy on damaged files."""
    try:
        archive = np.load(source, allow_pickle=False)
        if not isinstance(archive, NpzFile):
            raise ValueError("not an .npz file")
        with archive:
            yield archive
    except NPZ_ERRORS as error:
        raise ValueError(str(error)) from error


def read(data: bytes) -> Arrays:
    """The arrays in the bytes of a file that :func:`write` made, read-only; UnsupportedFile if they are damaged."""
    try:
        with opened_npz(io.BytesIO(data)) as archive:
            arrays = {name: archive[name] for name in archive.files}
        for name in [name for name in arrays if name.endswith(PLANES)]:
            low, high = arrays.pop(name)
            arrays[name.removesuffix(PLANES)] = low.astype(np.int16) | high.view(np.int8).astype(np.int16) << 8
    except ValueError as error:
        raise UnsupportedFile(f"the weights cannot be read: {error}", _REINSTALL) from error
    for array in arrays.values():
        array.setflags(write=False)
    return arrays
