"""Results: where they must not go, and writing them whole or not at all."""

import contextlib
import hashlib
import os
import secrets
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

from nncodec.cli.files import PIPE, Job
from nncodec.cli.streams import ClosedOutput
from nncodec.cli.walking import OURS
from nncodec.errors import EncodeError, NncError

KEY = secrets.token_bytes(16)
"""Makes the names of temporary files unique to a run. Workers get their parent's, who can then clean up after them."""

_unfinished: set[Path] = set()
"""Temporary files that this process is writing."""


def check_output(job: Job, force: bool) -> None:
    """Refuse to overwrite without ``force``, to write onto the source, and to send data to a terminal or nowhere."""
    if not job.output:
        return
    if job.output == PIPE:
        if isinstance(sys.stdout, ClosedOutput):
            raise NncError("standard output is closed")
        if sys.stdout.isatty() and not force:
            raise EncodeError("standard output is a terminal", "-o FILE writes to a file; --force insists")
        return
    target = Path(job.output)
    if not target.exists():
        if target.is_symlink() and not force:
            raise EncodeError(f"{job.output} is a link to nothing", "--force replaces the link")
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
    folder = next((folder for folder in target.parents if folder.exists()), target.parent)
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
    """Name the output, not its temporary file, in errors of writing; a broken pipe passes unchanged."""
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise NncError(f"cannot write {name}: {(error.strerror or str(error)).lower()}") from error


def write_output(job: Job, data: bytes, *, make_folders: bool) -> None:
    """Write a result: to a temporary file beside it, then renamed.

    A file gets its source's modification time, and is readable by nobody who could not read the source, where the
    file system lets it.
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
    temporary = _temporary_of(target)
    _unfinished.add(temporary)
    try:
        with temporary.open("xb") as file:
            file.write(data)
        if job.source != PIPE:
            _take_after(Path(job.source).stat(), temporary)
        temporary.replace(target)
    finally:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()
        _unfinished.discard(temporary)


def _temporary_of(target: Path) -> Path:
    """The temporary file of a result, hidden beside it; nobody outside the run can foretell its name."""
    name = hashlib.blake2b(os.fsencode(target.name), key=KEY, digest_size=8).hexdigest()
    return target.with_name(f".nnc.{name}.tmp")


def remove_temporary(job: Job) -> None:
    """Remove what a worker process that was killed, or died, may have left of a job's result."""
    if job.output not in ("", PIPE):
        with contextlib.suppress(OSError):
            _temporary_of(Path(job.output)).unlink()


def remove_temporaries() -> None:
    """Remove what this process is writing, before it ends without its own clean-up."""
    for temporary in tuple(_unfinished):
        with contextlib.suppress(OSError):
            temporary.unlink()


def _take_after(source: os.stat_result, file: Path) -> None:
    """Give a file the permissions and the time of its source, as far as the file system has such things.

    CIFS, exFAT and some containers refuse either; the picture is worth more than its date.
    """
    with contextlib.suppress(OSError):
        file.chmod(file.stat().st_mode & (source.st_mode | stat.S_IWUSR))
    with contextlib.suppress(OSError):
        os.utime(file, ns=(source.st_atime_ns, source.st_mtime_ns))
