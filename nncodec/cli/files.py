"""Files and pipes: one job, and reading its source."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from nncodec.errors import NncError

PIPE = "-"


@dataclass(frozen=True)
class Job:
    """One source and where its result goes; ``-`` is standard input or output."""

    source: str
    output: str
    """Empty for verbs that write no file, and for a folder that cannot be read: the job fails."""


class Refused(NamedTuple):
    """A job that fails without being tried."""

    job: Job
    error: NncError


def read_source(source: str) -> bytes:
    """All bytes of a file or of standard input. Raises OSError, and NncError if standard input is closed."""
    if source != PIPE:
        return Path(source).read_bytes()
    if sys.stdin is None:
        raise NncError("standard input is closed")
    return sys.stdin.buffer.read()
