"""Damaged files through decode: only our own errors may come out, soon, and without much memory.

    python -m tests.fuzz_decode --files 60000 --seed 1

Valid files of every codec are damaged inside and out and their checksums set right again, since otherwise only the
checksums would be tested. Each is decoded in a worker process, so that a crash or a hang of a C library is seen and
survived. A file that does harm is kept, and belongs into tests/reject/ once its cause is mended.
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
from nncodec.errors import NncError
from nncodec.pipeline import Settings, decode, encode, inspect, keep_file, peek
from tests import pictures
from tests.damage import Part, build, leb128, repair, take_apart

MAX_PIXELS = 10**6
INTERESTING = (0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 63, 64, 127, 128, 254, 255)
WIDE = (0, 1, 0x7F, 0xFF, 0x100, 0x3FFF, 0x4000, 0x7FFF, 0x8000, 0xFFFF, 2**24, 2**31 - 1, 2**31, 2**32 - 1)

Mutation = Callable[[random.Random, bytes], bytes]


# --- valid files ----------------------------------------------------------------------------------------------------


def seeds() -> list[bytes]:
    """A few valid files of every codec that works here."""
    found = []
    for codec in all_codecs().values():
        if isinstance(codec, KeepsFiles):
            found += [keep_file(data, Settings()).data for data in _jpegs()]
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


# --- damage ---------------------------------------------------------------------------------------------------------


def flip_bits(rng: random.Random, data: bytes) -> bytes:
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 4, 16)) if out else 0):
        out[rng.randrange(len(out))] ^= 1 << rng.randrange(8)
    return bytes(out)


def set_bytes(rng: random.Random, data: bytes) -> bytes:
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 3)) if out else 0):
        out[rng.randrange(len(out))] = rng.choice(INTERESTING)
    return bytes(out)


def set_number(rng: random.Random, data: bytes) -> bytes:
    """A 16 or 32 bit field, of either byte order, to a value at some border."""
    size = rng.choice((2, 4))
    at = rng.randrange(min(len(data), 400) or 1)  # most fields lie near the start
    value = (rng.choice(WIDE) + rng.choice((0, 0, 1, -1))) % 2 ** (8 * size)
    return data[:at] + value.to_bytes(size, rng.choice(("big", "little"))) + data[at + size :]


def cut(rng: random.Random, data: bytes) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def drop(rng: random.Random, data: bytes) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + data[at + rng.choice((1, 2, 4, 16, 64)) :]


def insert(rng: random.Random, data: bytes) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.randbytes(rng.choice((1, 2, 4, 16, 300))) + data[at:]


def repeat(rng: random.Random, data: bytes) -> bytes:
    at, n = rng.randrange(len(data) + 1), rng.choice((4, 16, 64, 256))
    return data[: at + n] + data[at : at + n] * rng.choice((1, 2, 50)) + data[at + n :]


def blank(rng: random.Random, data: bytes) -> bytes:
    at, n = rng.randrange(len(data) + 1), rng.choice((4, 16, 64))
    return data[:at] + rng.choice((b"\0", b"\xff")) * n + data[at + n :]


ON_BYTES: tuple[Mutation, ...] = (flip_bits, flip_bits, set_bytes, set_number, cut, drop, insert, repeat, blank)


def damaged(rng: random.Random, valid: list[bytes]) -> bytes:
    """One damaged file."""
    data = rng.choice(valid)
    way = rng.random()
    if way < 0.6:
        return _damage_content(rng, data)
    if way < 0.75:
        return _damage_fields(rng, data)
    if way < 0.85:
        return _splice(rng, data, rng.choice(valid))
    out = rng.choice(ON_BYTES)(rng, data)
    return repair(out) if way < 0.97 else out


def _damage_content(rng: random.Random, data: bytes) -> bytes:
    header, parts = take_apart(data)
    at = rng.choice([i for i, part in enumerate(parts) if part.tag & 0x7F in (0x10, 0x12)] * 3 + [0])
    content = parts[at].data
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        content = rng.choice(ON_BYTES)(rng, content)
    parts[at] = parts[at]._replace(data=content)
    return build(header, parts)


def _damage_fields(rng: random.Random, data: bytes) -> bytes:
    """Codec, mode, size and tags that contradict the sound payload behind them."""
    header, parts = take_apart(data)
    fields = bytearray(header[:7])
    sizes = header[7:]
    for _ in range(rng.choice((1, 1, 2))):
        match rng.randrange(6):
            case 0:
                fields[5] = rng.choice((*range(12), *range(16, 20), 255))
            case 1:
                fields[6] = rng.randrange(8)
            case 2:
                sizes = b"".join(leb128(rng.choice((1, 40, 56, 57, 120, 1000, 999_999, 2**24 - 1))) for _ in range(2))
            case 3:
                at = rng.randrange(len(parts))
                parts[at] = parts[at]._replace(tag=parts[at].tag & 0x80 | rng.choice((3, 0x10, 0x12, 0x14, 0x16, 0x21)))
            case 4:
                parts.insert(rng.randrange(len(parts)), Part(rng.choice((0x12, 0x14, 0x16)), rng.randbytes(9)))
            case _:
                rng.shuffle(parts)
    return build(bytes(fields) + sizes, parts)


def _splice(rng: random.Random, data: bytes, other: bytes) -> bytes:
    """The front of one payload and the back of another, or the whole of another."""
    header, parts = take_apart(data)
    index = next(i for i, part in enumerate(parts) if part.tag & 0x7F == 0x10)
    foreign = rng.choice(take_apart(other)[1]).data
    mine = parts[index].data
    at = rng.choice((0, rng.randrange(len(mine) + 1)))
    parts[index] = parts[index]._replace(data=mine[:at] + foreign[rng.choice((0, at)) :])
    return build(header, parts)


# --- trying ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Result:
    """What became of one file."""

    index: int
    outcome: str
    """``decoded``, or the name of the error."""
    seconds: float
    memory: int
    """The worker's peak so far, in MB."""
    harm: str = ""
    """What should not have happened, if anything."""


@dataclass(frozen=True)
class Limits:
    """What one file may cost."""

    seconds: float = 5.0
    megabytes: int = 400
    """By how much it may raise the worker's peak."""


def attempt(index: int, data: bytes, limits: Limits) -> Result:
    """Decode one file in every way; anything but an NncError is somebody's bug."""
    start, before, outcome, harm = time.perf_counter(), _peak(), "decoded", ""
    ways: tuple[Callable[[], object], ...] = (
        lambda: inspect(data),
        lambda: peek(data),
        lambda: decode(data, max_pixels=MAX_PIXELS, partial=index % 4 == 0, restore=index % 5 > 0, device="cpu"),
    )
    for way in ways:
        try:
            way()
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
    """What became of all files."""

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
    wish = parser.parse_args(arguments)
    start = time.perf_counter()
    tally = run(wish.files, wish.seed, Limits(wish.limit), wish.keep)
    print(f"{wish.files} files, seed {wish.seed}, {time.perf_counter() - start:.0f} s")
    for outcome, n in tally.counts.most_common():
        print(f"  {n:>8}  {outcome}")
    print(f"  slowest: {tally.slowest.seconds:.2f} s (file {tally.slowest.index})")
    print(f"  memory: {tally.memory[0]} MB before, {tally.memory[1]} MB at most")
    print("\n".join(tally.harm), end="\n" if tally.harm else "")
    return 1 if tally.harm else 0


if __name__ == "__main__":
    sys.exit(main())
