"""Files and pipes: which sources there are, where their results go, and writing them whole or not at all."""

import contextlib
import os
import secrets
import stat
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from nncodec.errors import EncodeError, NncError

PIPE = "-"


@dataclass(frozen=True)
class Job:
    """One source and where its result goes; ``-`` is standard input or output."""

    source: str
    output: str
    """Empty if there is no result but the outcome."""


@dataclass(frozen=True)
class Sources:
    """What the user named, before folders are walked."""

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


OURS = frozenset({".nnc"})
"""What a walk through a folder picks up for verbs that read .nnc files."""


def named(paths: tuple[str, ...], options: dict[str, Any], suffixes: frozenset[str], out_suffix: str) -> Sources:
    """What arguments, --filelist and the other batch options name; click.UsageError for nothing at all."""
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
    """Stop who calls ``nnc encode a.png b.nnc``, as other encoders are called, before anything is done."""
    if path != PIPE and Path(path).suffix.lower() not in suffixes and not Path(path).exists():
        raise click.UsageError(f"{path} does not exist; if the output is meant: -o {path}")


def plan(sources: Sources) -> list[Job]:
    """The jobs for what the user named, folders walked and their trees mirrored.

    Raises click.UsageError for combinations that make no sense, and EncodeError if there is nothing to do.
    """
    named = list(sources.paths)
    folders = _folders(named, sources.recursive)
    many = len(named) > 1 or bool(folders) or sources.listed
    if many and (PIPE in named or sources.output == PIPE):
        raise click.UsageError("a pipe carries one picture, and there is more than one source")
    jobs = list(dict.fromkeys(job for path in named for job in _jobs(path, sources, into_folder=many)))
    if not jobs:
        raise _nothing(folders)
    return jobs


def files_in(paths: Iterable[str], recursive: bool, suffixes: frozenset[str]) -> list[str]:
    """The files that the arguments of a verb without output stand for, folders walked. Raises as :func:`plan`."""
    named = list(paths)
    folders = _folders(named, recursive)
    files = [file for path in named for file in (map(str, _walk(Path(path), suffixes)) if path in folders else [path])]
    if not files:
        raise _nothing(folders)
    return list(dict.fromkeys(files))


def _folders(paths: list[str], recursive: bool) -> list[str]:
    """Those that are folders, which must be walked by leave only."""
    folders = [path for path in paths if path != PIPE and Path(path).is_dir()]
    if folders and not recursive:
        raise click.UsageError(f"{folders[0]} is a folder; -r walks folders")
    return folders


def _nothing(folders: list[str]) -> EncodeError:
    return EncodeError("nothing to do: no file found" + (f" in {folders[0]}" if folders else ""))


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


def _jobs(path: str, sources: Sources, into_folder: bool) -> Iterator[Job]:
    if path == PIPE:
        yield Job(PIPE, sources.output or PIPE)
    elif Path(path).is_dir():
        for file in _walk(Path(path), sources.suffixes):
            base = Path(sources.output) if sources.output else Path(path)
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


def _walk(folder: Path, suffixes: frozenset[str]) -> Iterator[Path]:
    """The files with these suffixes, in order, nothing hidden; and folders that cannot be read, to fail on later."""
    unreadable: list[OSError] = []
    for root, folders, names in os.walk(folder, onerror=unreadable.append):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if Path(name).suffix.lower() in suffixes and not name.startswith("."):
                yield Path(root) / name
    yield from (Path(error.filename) for error in unreadable)


def read_list(path: str) -> list[str]:
    """The paths in a list file (``-`` is standard input), one a line, or separated by NUL bytes if there are any."""
    data = read_source(path)
    separator = b"\0" if b"\0" in data else b"\n"
    return [os.fsdecode(line.rstrip(b"\r")) for line in data.split(separator) if line.strip()]


def read_source(source: str) -> bytes:
    """All bytes of a file or of standard input. Raises OSError."""
    return sys.stdin.buffer.read() if source == PIPE else Path(source).read_bytes()


def check_output(job: Job, force: bool) -> None:
    """Refuse to overwrite without leave, to write onto the source, and to send binary data to a terminal."""
    if not job.output:
        return
    if job.output == PIPE:
        if sys.stdout.isatty() and not force:
            raise EncodeError("standard output is a terminal", "-o FILE writes to a file; --force insists")
        return
    target = Path(job.output)
    if not target.exists():
        _check_folder(target)
        return
    if _is_special(target):
        return
    if job.source != PIPE and Path(job.source).exists() and target.samefile(job.source):
        decodes = Path(job.source).suffix.lower() not in OURS
        hint = "'nnc decode' takes .nnc files" if decodes else "choose another name with -o"
        raise EncodeError(f"the output {job.output} is the source", hint)
    if not force:
        raise EncodeError(f"{job.output} exists", "--force overwrites, --skip-existing goes on")


def _check_folder(target: Path) -> None:
    """Refuse a place that cannot be written to before the work is done that was to be written there."""
    folder = next(folder for folder in target.parents if folder.exists())
    if not folder.is_dir():
        raise NncError(f"cannot write {target}: {folder} is not a folder")
    if not os.access(folder, os.W_OK):
        raise NncError(f"cannot write {target}: no permission to write into {folder}")


def _is_special(path: Path) -> bool:
    """A device or a named pipe, which is written to: renaming a file onto /dev/null would end it."""
    return path.exists() and not path.is_file() and not path.is_dir()


def _write_to_pipe(data: bytes) -> None:
    """Write to standard output; what it refuses is not tried again at exit, with a message and a code of its own."""
    rest = memoryview(data)
    try:
        while rest:  # with PYTHONUNBUFFERED, a write to a pipe takes 64 KiB and says so
            rest = rest[sys.stdout.buffer.write(rest) :]
        sys.stdout.buffer.flush()
    except OSError:
        with Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
        raise


@contextlib.contextmanager
def _writing(name: str) -> Iterator[None]:
    """Errors of writing name what could not be written, and not the temporary file; who hung up is told nothing."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise NncError(f"cannot write {name}: {(error.strerror or str(error)).lower()}") from error


def write_output(job: Job, data: bytes, *, make_folders: bool) -> None:
    """Write a result: to a temporary file beside it, then renamed.

    A file gets its source's modification time, and is readable by nobody who could not read the source.
    """
    if job.output == PIPE:
        with _writing("to standard output"):
            _write_to_pipe(data)
        return
    with _writing(job.output):
        _write_file(job, data, make_folders)


def _write_file(job: Job, data: bytes, make_folders: bool) -> None:
    target = Path(job.output)
    if _is_special(target):
        target.write_bytes(data)
        return
    if make_folders:
        target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".nnc.{secrets.token_hex(8)}.tmp")
    try:
        with temporary.open("xb") as file:
            file.write(data)
        if job.source != PIPE:
            status = Path(job.source).stat()
            temporary.chmod(temporary.stat().st_mode & (status.st_mode | stat.S_IWUSR))
            os.utime(temporary, ns=(status.st_atime_ns, status.st_mtime_ns))
        temporary.replace(target)
    finally:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()
