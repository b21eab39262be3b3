"""The names in the file of --filelist, read as they are needed: a list may be longer than memory."""

import os
import shutil
import sys
import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from nncodec.cli.files import PIPE
from nncodec.errors import NncError

_CHUNK = 1 << 16
"""Bytes read at once. More than any path has, so that the first of them hold a separator."""


class ListFile:
    """Names of files, one a line, or separated by NUL bytes if there are any in the first 64 KiB.

    Can be iterated several times, but not at once. What cannot be read twice, such as a pipe, is copied to a temporary
    file. Raises OSError for a list that cannot be read, and NncError if standard input is closed.

    Args:
        path: the list's file; ``-`` is standard input.
    """

    def __init__(self, path: str) -> None:
        self._file = _opened(path)
        weakref.finalize(self, self._file.close)
        self._separator = b"\0" if b"\0" in self._file.read(_CHUNK) else b"\n"

    def __iter__(self) -> Iterator[str]:
        """The names in the order of the list, without empty ones."""
        self._file.seek(0)
        rest = b""
        while chunk := self._file.read(_CHUNK):
            *lines, rest = (rest + chunk).split(self._separator)
            yield from _names(lines)
        yield from _names([rest])


def _opened(path: str) -> BinaryIO:
    """A list as a file that can be read twice, with nobody else to read it."""
    if path == PIPE:
        if sys.stdin is None:
            raise NncError("standard input is closed")
        return _copy(sys.stdin.buffer)
    file = Path(path).open("rb")  # noqa: SIM115 (it lives as long as the list)
    if file.seekable():
        return file
    with file:
        return _copy(file)


def _copy(file: BinaryIO) -> BinaryIO:
    copy = tempfile.TemporaryFile()  # noqa: SIM115
    shutil.copyfileobj(file, copy)
    copy.seek(0)
    return copy


def _names(lines: list[bytes]) -> Iterator[str]:
    return (os.fsdecode(line.rstrip(b"\r")) for line in lines if line.strip())
