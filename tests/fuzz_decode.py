"""Fuzzer of decode: damaged files may raise only our own errors, within seconds and without much memory.

    python -m tests.fuzz_decode --files 60000 --seed 1

Valid files of every codec are damaged inside and out and their checksums set right again, since otherwise only the
checksums would be tested. Each is decoded in a worker process, so that a crash or a hang of a C library is seen and
survived. A file that does harm is kept, and belongs into tests/reject/ once its cause is fixed.
"""

import argparse
import collections
import itertools
import multiprocessing
import random
import resource
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import PIL.Image

from nncodec.codec import KeepsFiles, Options
from nncodec.codecs import all_codecs
from nncodec.errors import InternalError, NncError
from nncodec.pipeline import Settings, decode, encode, inspect, keep_file, peek
from tests import pictures
from tests.fuzz_damage import damaged

MAX_PIXELS = 10**6


# --- valid files ----------------------------------------------------------------------------------------------------


def seeds() -> list[bytes]:
    """A few valid files of every codec that works here."""
    found = []
    for codec in all_codecs().values():
        if isinstance(codec, KeepsFiles):
            found += [keep_file(data, Settings(), plain=codec.name == "jpegfile").data for data in _jpegs()]
            continue
        modes = ["L", "RGB", "LA", "RGBA"] + (["I;16"] if 16 in codec.depths else [])
        for mode, quality in itertools.product(modes, (20, 85, 100)):
            meta = pictures.metadata() if quality == 85 else None
            picture = pictures.picture(mode, 40, 56, meta=meta)
            try:
                found.append(encode(picture, Settings(codec.name, Options(quality, effort=2))).data)
            except (NncError, ImportError) as error:
                print(f"{codec.name} {mode} q{quality} left out: {error}", file=sys.stderr)
    return found


def _jpegs() -> list[bytes]:
    photo, parameters = pictures.photograph(40, 56), {"icc_profile": pictures.icc(), "xmp": pictures.XMP}
    exif = b"Exif\0\0" + pictures.exif(6)
    cmyk = PIL.Image.fromarray(np.dstack([photo, photo[:, :, 0] // 2]), "CMYK")
    return [
        pictures.file_of(photo, "JPEG", exif=exif, **parameters),
        pictures.file_of(photo, "JPEG", progressive=True, subsampling="4:2:0"),
        pictures.file_of(photo[:, :, 0], "JPEG", restart_marker_blocks=2),
        pictures.file_of(cmyk, "JPEG", icc_profile=pictures.icc()),
    ]


# --- trying ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Result:
    """The outcome of one file."""

    index: int
    outcome: str
    """``decoded``, or the name of the error."""
    seconds: float
    memory: int
    """The worker's peak so far, in MB."""
    harm: str = ""
    """The fault that it showed, if any."""


@dataclass(frozen=True)
class Limits:
    """Time and memory that one file may take."""

    seconds: float = 5.0
    megabytes: int = 400
    """By how much it may raise the worker's peak."""


def attempt(index: int, data: bytes, limits: Limits) -> Result:
    """Inspect, peek at and decode one file; any exception but an NncError is a bug, and so is InternalError."""
    start, before, outcome, harm = time.perf_counter(), _peak(), "decoded", ""
    uses: tuple[Callable[[], object], ...] = (
        lambda: inspect(data),
        lambda: peek(data),
        lambda: decode(data, max_pixels=MAX_PIXELS, partial=index % 4 == 0, restore=index % 5 > 0, device="cpu"),
    )
    for use in uses:
        try:
            use()
        except InternalError as error:
            outcome, harm = type(error).__name__, "\n".join(error.trace())
            break
        except NncError as error:
            outcome = type(error).__name__
        except BaseException as error:
            outcome, harm = type(error).__name__, traceback.format_exc()
            break
    if _peak() - before > limits.megabytes:
        harm = harm or f"took {_peak() - before} MB"
    return Result(index, outcome, time.perf_counter() - start, _peak(), harm)


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def work(pipe: Connection, seed: int, indices: range, limits: Limits, keep: Path) -> None:
    """Worker process: damage and decode one file after the other; ``keep/current.nnc`` is the one at hand."""
    valid = seeds()
    pipe.send(Result(-1, "ready", 0.0, _peak()))
    for index in indices:
        data = damaged(random.Random(f"{seed}/{index}"), valid)
        (keep / "current.nnc").write_bytes(data)
        result = attempt(index, data, limits)
        if result.harm:
            (keep / f"{seed}-{index}.nnc").write_bytes(data)
        pipe.send(result)
    pipe.close()


@dataclass
class Tally:
    """The outcomes of all files."""

    counts: collections.Counter[str] = field(default_factory=collections.Counter)
    slowest: Result = field(default_factory=lambda: Result(-1, "", 0.0, 0))
    memory: tuple[int, int] = (0, 0)
    """A worker's peak before its first file, and the highest of all, in MB."""
    harm: list[str] = field(default_factory=list)

    def add(self, result: Result) -> None:
        """Count one result."""
        self.counts[result.outcome] += 1
        self.slowest = max(self.slowest, result, key=lambda r: r.seconds)
        self.memory = (self.memory[0], max(self.memory[1], result.memory))
        if result.harm:
            self.harm.append(f"file {result.index}: {result.harm}")


def run(files: int, seed: int, limits: Limits, keep: Path) -> Tally:
    """Try ``files`` damaged files and keep those that do harm in ``keep``."""
    tally, context, todo = Tally(), multiprocessing.get_context("spawn"), 0
    keep.mkdir(parents=True, exist_ok=True)
    while todo < files:
        ours, theirs = context.Pipe(duplex=False)
        worker = context.Process(target=work, args=(theirs, seed, range(todo, files), limits, keep))
        worker.start()
        theirs.close()
        tally.memory = (ours.recv().memory, tally.memory[1])
        todo, ending = _follow(ours, todo, files, limits, tally)
        if ending:
            (keep / "current.nnc").replace(keep / f"{seed}-{todo}.nnc")
            tally.counts[ending] += 1
            tally.harm.append(f"file {todo}: {ending}")
            todo += 1
        worker.kill()
        worker.join()
        ours.close()
    (keep / "current.nnc").unlink(missing_ok=True)
    return tally


def _follow(pipe: Connection, todo: int, files: int, limits: Limits, tally: Tally) -> tuple[int, str]:
    """Count a worker's results until it is done or has come to an end: the file it was at, and what ended it."""
    while todo < files:
        if not pipe.poll(limits.seconds):
            return todo, "hang"
        try:
            tally.add(pipe.recv())
        except EOFError:
            return todo, "crash"
        todo += 1
    return todo, ""


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line; 1 if any file did harm."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--limit", type=float, default=5.0, help="seconds a file may take")
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()) / "nnc-fuzz")
    options = parser.parse_args(arguments)
    start = time.perf_counter()
    tally = run(options.files, options.seed, Limits(options.limit), options.keep)
    print(f"{options.files} files, seed {options.seed}, {time.perf_counter() - start:.0f} s")
    for outcome, n in tally.counts.most_common():
        print(f"  {n:>8}  {outcome}")
    print(f"  slowest: {tally.slowest.seconds:.2f} s (file {tally.slowest.index})")
    print(f"  memory: {tally.memory[0]} MB before, {tally.memory[1]} MB at most")
    print("\n".join(tally.harm), end="\n" if tally.harm else "")
    return 1 if tally.harm else 0


if __name__ == "__main__":
    sys.exit(main())
