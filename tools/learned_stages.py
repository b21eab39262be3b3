"""Where the learned codec's time and memory go, by size of picture: writes results/learned/stages.tsv.

    python tools/make_large.py kodak 4000 3000 large/12mp.png
    python tools/learned_stages.py large

Every picture of the folder is encoded at efforts 1 and 5 and decoded, each in a fresh process with one thread.
Times are processor time in milliseconds per megapixel; memory is the most that the process held, Python, PyTorch and
the source picture included. Encoding is the codec's alone, without the check of the finished file.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import PIL.Image
import torch

from nncodec.bench.machine import machine, versions
from nncodec.bench.memory import peak_bytes
from nncodec.codecs import Frame, Options
from nncodec.codecs.learned import CODEC
from nncodec.entropy.choose import Rounder
from nncodec.entropy.coder import Decoder, Encoder
from nncodec.entropy.prior import Prior
from nncodec.image import read
from nncodec.nets.painter import Painter

TABLE = Path(__file__).resolve().parent.parent / "results" / "learned" / "stages.tsv"
QUALITY = 50
STAGES: dict[str, tuple[tuple[type, str], ...]] = {
    "analysis": ((Painter, "analyse"), (Painter, "hyper")),
    "prior": ((Prior, "features"), (Prior, "step"), (Prior, "seen")),
    "choice": ((Rounder, "__call__"),),
    "range coder": ((Encoder, "code"), (Decoder, "code")),
    "synthesis": ((Painter, "paint"),),
}


def timed(seconds: dict[str, float], stage: str, call: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, whose processor time is added to its stage's."""

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        start = time.process_time()
        try:
            return call(*args, **kwargs)
        finally:
            seconds[stage] += time.process_time() - start

    return wrapper


def measure_once(source: str, payload: str, effort: int) -> None:
    """Encode a picture to ``payload``, or decode that if the effort is 0; print what it took as JSON."""
    torch.set_num_threads(1)
    seconds: dict[str, float] = defaultdict(float)
    for stage, functions in STAGES.items():
        for owner, name in functions:
            setattr(owner, name, timed(seconds, stage, getattr(owner, name)))
    if effort:
        pixels = read(Path(source).read_bytes()).pixels
        whole = timed(seconds, "all", CODEC.encode)
        Path(payload).write_bytes(whole(pixels, Options(QUALITY, effort=effort, device="cpu", threads=1)))
    else:
        with PIL.Image.open(source) as picture:
            frame = Frame(picture.width, picture.height, 3)
        timed(seconds, "all", CODEC.decode)(Path(payload).read_bytes(), frame, "cpu")
    print(json.dumps({"seconds": seconds, "bytes": peak_bytes()}))


def row(source: Path, payload: Path, effort: int) -> str:
    """One line of the table, from a process of its own."""
    command = [sys.executable, __file__, "--once", str(source), str(payload), str(effort)]
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    found = json.loads(done.stdout)
    with PIL.Image.open(source) as picture:
        width, height = picture.size
    each = {stage: 1e9 * found["seconds"].get(stage, 0) / (width * height) for stage in [*STAGES, "all"]}
    other = each["all"] - sum(each[stage] for stage in STAGES)
    times = [*(each[stage] for stage in STAGES), other, each["all"]]
    what = f"encode -e {effort}" if effort else "decode"
    cells = [what, f"{width} x {height}", f"{width * height / 1e6:.0f}", *(f"{ms:.0f}" for ms in times)]
    return "\t".join([*cells, f"{found['bytes'] / (1 << 20):.0f}"])


def main(folder: str) -> None:
    """Measure every picture of the folder, smallest first."""
    names = ["work", "size", "MP", *STAGES, "other", "all, ms/MP", "MiB"]
    lines = [f"# {versions()}", f"# {machine()}, 1 thread; quality {QUALITY}", "\t".join(names)]
    pictures = sorted(Path(folder).glob("*.png"), key=lambda path: path.stat().st_size)
    with tempfile.TemporaryDirectory() as scratch:
        payload = Path(scratch) / "payload"
        for effort in (5, 0, 1):
            for source in pictures:
                kept = payload.with_suffix(f".{source.stem}")
                lines.append(row(source, kept, effort))
                print(lines[-1], flush=True)
    TABLE.parent.mkdir(parents=True, exist_ok=True)
    TABLE.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1] == "--once":
        measure_once(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    else:
        main(sys.argv[1])
