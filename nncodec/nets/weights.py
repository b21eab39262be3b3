"""Shared weights by number: looked up in a manifest, checked by SHA-256, loaded without pickle.

A number names one set of weights for ever: a file that was written with it needs exactly these. The weights ship
as the data package ``nncodec.weights``; in a checkout they lie in ``weights/`` beside the package. The archives are
described in docs/format/container.md, *Weights*.
"""

import hashlib
import importlib.util
import io
import sys
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import numpy.typing as npt
from numpy.lib.npyio import NpzFile

from nncodec.errors import UnsupportedFile

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
    "ccnn": range(64, 80),
    "compact": range(80, 96),
    "recurrent": range(96, 112),
}
"""Numbers that the weights of a codec or restorer may have, by its name: no two families share one.

A payload that begins with a number is refused by every other codec.
"""
MANIFEST = "manifest.toml"
PLANES = ".planes"
"""Suffix of arrays that hold 16-bit integers as a plane of low and one of high bytes (docs/format/container.md)."""
_NPZ_ERRORS = (
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
    """The highest number among the weights of a codec or restorer; UnsupportedFile if there are none."""
    found = all_of(codec)
    if not found:
        raise UnsupportedFile(f"there are no weights for {codec}", _REINSTALL)
    return found[-1].number


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
    """Raise UnsupportedFile, with a hint, if the package ``library``, which ``purpose`` needs, is not installed."""
    if not installed(library):
        raise UnsupportedFile(f"{purpose} needs the package {library}", hint)


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
    except _NPZ_ERRORS as error:
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
