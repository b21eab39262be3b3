"""Files and pipes: which sources there are, where their results go, and reading them."""

import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import click

from nncodec.cli.walking import OURS, LeftOut, walk
from nncodec.errors import EncodeError, NncError

__all__ = ["OURS", "PIPE", "Found", "Job", "LeftOut", "Sources", "clashes", "files_in", "named", "plan"]
__all__ += ["read_list", "read_source"]

PIPE = "-"


@dataclass(frozen=True)
class Job:
    """One source and where its result goes; ``-`` is standard input or output."""

    source: str
    output: str
    """Empty for verbs that write no file, and for a folder that cannot be read: the job fails."""


@dataclass(frozen=True)
class Sources:
    """The arguments of the user, before folders are walked."""

    paths: tuple[str, ...]
    output: str | None
    recursive: bool
    suffixes: frozenset[str]
    """Suffixes, lower case with the dot, that a walk through a folder picks up."""
    out_suffix: str
    keep_suffix: bool = False
    """Name results ``photo.jpg.nnc`` instead of ``photo.nnc``."""
    listed: bool = False
    """The paths come from a list, however long it is: ``output`` is a folder."""


class Found(NamedTuple):
    """Work, and what lies beside it in folders and is left out."""

    jobs: list[Job]
    left_out: list[LeftOut]


def named(paths: tuple[str, ...], options: dict[str, Any], suffixes: frozenset[str], out_suffix: str) -> Sources:
    """The sources that arguments and --filelist name; click.UsageError for none at all."""
    listed = read_list(options["filelist"]) if options["filelist"] else []
    if not paths and not listed:
        raise click.UsageError("no SOURCE given; - is standard input")
    if "" in (*paths, options["output"]):
        raise click.UsageError("a name is empty")
    if len(paths) == 2 and not (options["output"] or options["filelist"]):
        _refuse_output_as_source(paths[1], suffixes)
    return Sources(
        (*paths, *listed),
        options["output"],
        options["recursive"],
        suffixes,
        out_suffix,
        options["keep_suffix"],
        listed=bool(listed),
    )


def _refuse_output_as_source(path: str, suffixes: frozenset[str]) -> None:
    """Refuse ``nnc encode a.png b.nnc``, as other encoders are called, before any work; raises UsageError."""
    if path != PIPE and Path(path).suffix.lower() not in suffixes and not Path(path).exists():
        raise click.UsageError(f"{path} does not exist; if the output is meant: -o {path}")


def plan(sources: Sources) -> Found:
    """The jobs for what the user named, folders walked and their trees mirrored.

    Raises click.UsageError for combinations that make no sense, and EncodeError if there is nothing to do.
    """
    named = list(sources.paths)
    folders = _folders(named, sources.recursive)
    many = len(named) > 1 or bool(folders) or sources.listed
    if many and (PIPE in named or sources.output == PIPE):
        raise click.UsageError("a pipe carries one picture, and there is more than one source")
    output = Path(sources.output or "")
    if many and output.suffix.lower() == sources.out_suffix and not output.is_dir():
        raise click.UsageError(f"{output} would be a folder, since there may be more than one source")
    return _sorted((found for path in named for found in _jobs(path, sources, into_folder=many)), folders)


def files_in(paths: Iterable[str], recursive: bool, suffixes: frozenset[str]) -> Found:
    """The files that the arguments of a verb without output stand for, folders walked. Raises as :func:`plan`."""
    named = list(paths)
    folders = _folders(named, recursive)
    walked = (found for path in named for found in (walk(Path(path), suffixes) if path in folders else [Path(path)]))
    return _sorted((found if isinstance(found, LeftOut) else Job(str(found), "") for found in walked), folders)


def _sorted(found: Iterable[Job | LeftOut], folders: list[str]) -> Found:
    """Work and what is left out, each once; EncodeError if there is neither."""
    once = list(dict.fromkeys(found))
    work = [job for job in once if isinstance(job, Job)]
    left_out = [file for file in once if isinstance(file, LeftOut)]
    if not any(file.code for file in left_out) and not work:
        raise EncodeError("nothing to do: no file found" + (f" in {folders[0]}" if folders else ""))
    return Found(work, left_out)


def _folders(paths: list[str], recursive: bool) -> list[str]:
    """The folders among the paths; UsageError if there are any and ``recursive`` is false."""
    folders = [path for path in paths if path != PIPE and _is_folder(path)]
    if folders and not recursive:
        raise click.UsageError(f"{folders[0]} is a folder; -r walks folders")
    return folders


def _is_folder(path: str) -> bool:
    """True if a path is seen to be a folder; what may not be looked at is a file, whose job fails."""
    try:
        return Path(path).is_dir()
    except OSError:
        return False


def clashes(jobs: Iterable[Job]) -> dict[Job, str]:
    """Jobs whose output another, earlier job already claims, with that job's source."""
    taken: dict[str, str] = {}
    found = {}
    for job in jobs:
        if not job.output:
            continue
        first = taken.setdefault(os.path.normcase(job.output), job.source)
        if first != job.source:
            found[job] = first
    return found


def _jobs(path: str, sources: Sources, into_folder: bool) -> Iterator[Job | LeftOut]:
    if path == PIPE:
        yield Job(PIPE, sources.output or PIPE)
    elif _is_folder(path):
        base = Path(sources.output) if sources.output else Path(path)
        for file in walk(Path(path), sources.suffixes):
            if isinstance(file, LeftOut):
                yield file
            elif file == Path(path):  # the folder itself cannot be read
                yield Job(path, "")
            else:
                yield Job(str(file), str(base / _renamed(file.relative_to(path), sources)))
    else:
        yield Job(path, _beside_or_under(Path(path), sources, into_folder))


def _beside_or_under(path: Path, sources: Sources, into_folder: bool) -> str:
    output = sources.output
    if output is None:
        return str(_renamed(path, sources))
    if output != PIPE and (into_folder or output.endswith(("/", os.sep)) or Path(output).is_dir()):
        return str(Path(output) / _renamed(Path(path.name), sources))
    return output


def _renamed(path: Path, sources: Sources) -> Path:
    if sources.keep_suffix:
        return path.with_name(path.name + sources.out_suffix)
    return path.with_suffix(sources.out_suffix)


def read_list(path: str) -> list[str]:
    """The paths in a list file (``-`` is standard input), one a line, or separated by NUL bytes if there are any."""
    data = read_source(path)
    separator = b"\0" if b"\0" in data else b"\n"
    return [os.fsdecode(line.rstrip(b"\r")) for line in data.split(separator) if line.strip()]


def read_source(source: str) -> bytes:
    """All bytes of a file or of standard input. Raises OSError, and NncError if standard input is closed."""
    if source != PIPE:
        return Path(source).read_bytes()
    if sys.stdin is None:
        raise NncError("standard input is closed")
    return sys.stdin.buffer.read()
