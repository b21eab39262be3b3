"""Trying one file: what it raises, the time and memory that it takes, and if it gives the same answer twice."""

import contextlib
import hashlib
import re
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import nncodec
from nncodec.codecs import by_id
from nncodec.container import parse
from nncodec.errors import InternalError, NncError
from nncodec.pipeline import decode, extract, inspect, peek
from nncodec.pipeline.limits import decoding_memory
from tests.decoding_memory import status

MAX_PIXELS = 2**18
"""Larger pictures are refused, so that a run ends."""
_CLEAR = Path("/proc/self/clear_refs")
_MEASURES = _CLEAR.exists()
_BASE = 64 << 20
"""Bytes that any file may take, whatever it says of its size."""
_READING = 400
"""Bytes per pixel that reading and encoding a source may take."""
_NUMBER = re.compile("[0-9a-f]*[0-9][0-9a-f]*")
_SHAPE = 70
"""Letters of an error's message that tell it from others."""


@dataclass(frozen=True)
class Trial:
    """What is tried: the bytes, and what is done with them."""

    index: int
    """Number in the run; options of the verb are drawn by it."""
    verb: str
    """``decode`` or ``encode``."""
    data: bytes


@dataclass(frozen=True)
class Result:
    """The outcome of one trial."""

    index: int
    verb: str
    outcome: str
    """``done``, or the name of the error."""
    shape: str = ""
    """The error's message, without what differs between files."""
    size: int = 0
    """Bytes of the file."""
    seconds: float = 0.0
    """Processor time of the first time."""
    memory: int = 0
    """Bytes that the first time took at most; 0 where this cannot be measured."""
    harm: str = ""
    """The fault that it showed, if any."""


class Harm(Exception):
    """A fault of ours."""


def load_libraries(files: Iterable[bytes]) -> None:
    """Decode sound files, so that what they load (libraries, weights) does not count as the memory of later ones."""
    for data in files:
        with contextlib.suppress(NncError):  # a library may not be installed
            decode(data, device="cpu")


def attempt(trial: Trial) -> Result:
    """Try a file twice. Harm is any exception but an NncError, InternalError, too much memory, or another answer."""
    before, start = _reset_peak(), time.process_time()
    try:
        first = answers(trial)
        seconds, memory = time.process_time() - start, _peak() - before
        if memory > _allowed(trial):
            raise Harm(f"took {memory >> 20} MB, and may take {_allowed(trial) >> 20}")
        if (again := answers(trial)) != first:
            raise Harm(f"another answer the second time: {first}, {again}")
    except Harm as fault:
        return Result(trial.index, trial.verb, "harm", size=len(trial.data), harm=str(fault))
    outcome, shape, _ = first[-1]
    return Result(trial.index, trial.verb, outcome, shape, len(trial.data), seconds, memory)


def answers(trial: Trial) -> list[tuple[str, str, str]]:
    """The outcome of each use of the file: name and shape of the error, and a digest of the result.

    Raises Harm for any exception but an NncError, and for InternalError.
    """
    return [_answer(use) for use in _uses(trial)]


def _answer(use: Callable[[], bytes]) -> tuple[str, str, str]:
    try:
        return "done", "", hashlib.sha256(use()).hexdigest()
    except InternalError as error:
        raise Harm("\n".join(error.trace())) from error
    except NncError as error:
        return type(error).__name__, _NUMBER.sub("#", str(error))[:_SHAPE], ""
    except BaseException as error:
        raise Harm(traceback.format_exc()) from error


def _uses(trial: Trial) -> list[Callable[[], bytes]]:
    """What is done with a file, the main thing last."""
    data, index = trial.data, trial.index

    def decoded() -> bytes:
        layers = 1 if index % 7 == 6 else None
        options = {"partial": index % 4 == 0, "restore": index % 5 > 0, "layers": layers}
        options["max_side"] = 12 if index % 6 == 5 else None
        found = decode(data, max_pixels=MAX_PIXELS, device="cpu", **options)
        return found.pixels.tobytes() + repr(found.picture.notes).encode()

    def encoded() -> bytes:
        options = {"depth": 8 if index % 2 else None, "frame": None if index % 3 else 0, "keep_jpeg": index % 5 == 0}
        return nncodec.encode(data, "jpeg", 50, effort=1, restore="none", max_pixels=MAX_PIXELS, **options)

    if trial.verb == "encode":
        return [encoded]
    looks = [lambda: repr(inspect(data)).encode(), lambda: repr(peek(data)).encode()]
    files = [lambda: extract(data, max_pixels=MAX_PIXELS).data] if index % 3 == 1 else []
    return [*looks, *files, decoded]


def _allowed(trial: Trial) -> int:
    """Bytes that a file may take: for decode what its codec states, docs/reliability.md."""
    if trial.verb == "encode":
        return _BASE + MAX_PIXELS * _READING
    try:
        container = parse(trial.data)
        if container.header.width * container.header.height <= MAX_PIXELS:
            return _BASE + decoding_memory(container, by_id(container.header.codec))
    except NncError:
        pass
    return _BASE + MAX_PIXELS * 128


def _reset_peak() -> int:
    """Let the peak of this process be what it holds now, and return that in bytes."""
    if not _MEASURES:
        return 0
    _CLEAR.write_text("5")
    return status("VmRSS")


def _peak() -> int:
    return status("VmHWM") if _MEASURES else 0
