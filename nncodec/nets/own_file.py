"""Files of the user's own weights: found by their hash, and bounded before anything of them is unpacked."""

import hashlib
import math
import os
import stat
import zipfile
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import IO

import numpy as np

from nncodec.errors import UnsupportedFile
from nncodec.nets.weights import DIGEST, NPZ_ERRORS, Arrays, read

MOST_BYTES, MOST_UNPACKED = 1 << 26, 1 << 28
"""Largest file of weights, and largest sum of its arrays, in bytes: some thirty times those that ship."""
MOST_ARRAYS = 4096
_ZIP = b"PK\3\4"
_HASHES, _FILES = 4096, 4
"""Hashes and files that are kept in memory."""
_HEADERS = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def digest_of(path: Path) -> bytes | None:
    """The hash of a file, its first DIGEST bytes; None for what cannot be a file of weights: folder, size, first bytes.

    Raises OSError if it cannot be read.
    """
    about = path.stat()
    if not stat.S_ISREG(about.st_mode) or about.st_size > MOST_BYTES:
        return None
    return _digest(path, about.st_mtime_ns, about.st_size, about.st_ino)


@lru_cache(_HASHES)
def _digest(path: Path, *_: int) -> bytes | None:
    """The hash of a file in this state, or None."""
    with path.open("rb") as file:
        if file.read(len(_ZIP)) != _ZIP:
            return None
        file.seek(0)
        return hashlib.sha256(file.read(MOST_BYTES)).digest()[:DIGEST]


def files_in(folders: str) -> Iterator[Path]:
    """The files of folders, whose names are joined as in PATH, without their subfolders; in order of name."""
    for folder in filter(None, folders.split(os.pathsep)):
        try:
            yield from sorted(Path(folder).iterdir())
        except OSError:  # no folder, or not ours to read: then the weights are not in it
            continue


def read_file(path: Path) -> tuple[bytes, Arrays]:
    """Hash and arrays of a file of weights, the arrays read-only.

    Raises UnsupportedFile if it is none, or too large, before its arrays are unpacked; OSError if it cannot be read.
    """
    about = path.stat()
    if not stat.S_ISREG(about.st_mode):
        raise UnsupportedFile(f"{path} is not a file")
    if about.st_size > MOST_BYTES:
        raise UnsupportedFile(f"{path} has {about.st_size} bytes; files of weights have at most {MOST_BYTES}")
    return _read(path, about.st_mtime_ns, about.st_size, about.st_ino)


@lru_cache(_FILES)
def _read(path: Path, *_: int) -> tuple[bytes, Arrays]:
    with path.open("rb") as file:
        data = file.read(MOST_BYTES)
        try:
            _check(file)
        except NPZ_ERRORS as error:
            raise UnsupportedFile(f"{path} is no file of weights: {error}", "'nnc train' makes them") from error
    return hashlib.sha256(data).digest()[:DIGEST], read(data)


def _check(file: IO[bytes]) -> None:
    """Raise an error, of `NPZ_ERRORS`, unless the archive holds plain arrays of plausible size."""
    with zipfile.ZipFile(file) as archive:
        entries = archive.infolist()
        if len(entries) > MOST_ARRAYS or len({entry.filename for entry in entries}) < len(entries):
            raise ValueError(f"{len(entries)} arrays")
        if sum(entry.file_size for entry in entries) > MOST_UNPACKED:
            raise ValueError(f"its arrays have more than {MOST_UNPACKED} bytes")
        for entry in entries:
            with archive.open(entry) as array:
                _check_array(entry, array)


def _check_array(entry: zipfile.ZipInfo, array: IO[bytes]) -> None:
    """Raise ValueError unless an entry is an array of numbers that has as many bytes as its header says."""
    version = np.lib.format.read_magic(array)
    if version not in _HEADERS:
        raise ValueError(f"{entry.filename} is of a version that is not known")
    shape, _, dtype = _HEADERS[version](array)
    if dtype.kind not in "biuf" or dtype.itemsize > 8:
        raise ValueError(f"{entry.filename} holds {dtype}, not numbers")
    if array.tell() + math.prod(shape) * dtype.itemsize != entry.file_size:
        raise ValueError(f"{entry.filename} is not as long as it says")
