"""Cost of decoding with restorers, as weights, multiplications and time: writes results/restorers/speed.tsv.

    python experiments/restorer_speed.py

The picture is examples/harbour.png, repeated, as JPEG of quality 50 returns it. Restorers run one thread on each core;
the median of the repetitions, after a warm-up. Processor time, over all threads, suffers little on a busy machine; the
time that passes does.
"""

import os
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from nncodec.codec import Frame, Options
from nncodec.codecs import by_name
from nncodec.image import Pixels, read
from nncodec.nets import weights
from nncodec.nets.quantised import restored
from nncodec.restorers import Restorer, Task, all_restorers
from nncodec.restorers.tuned.network import N_PARAMETERS

ROOT = Path(__file__).resolve().parent.parent
SIZES = ((256, 256), (768, 512))
REPS = 9


def main() -> None:
    """Measure and write."""
    lines = [f"# python experiments/restorer_speed.py; {os.cpu_count()} cores, median of {REPS}"]
    lines.append("restorer\tweights\tmultiplications per pixel\tpicture\tCPU ms\tms that passed")
    for restorer in all_restorers().values():
        n_weights, per_pixel = _network(restorer.name)
        for width, height in SIZES:
            used, passed = _milliseconds(restorer, width, height)
            size = f"{width} x {height}"
            lines.append(f"{restorer.name}\t{n_weights:,}\t{per_pixel:,.0f}\t{size}\t{used:.1f}\t{passed:.1f}")
            print(lines[-1], flush=True)
    target = ROOT / "results" / "restorers" / "speed.tsv"
    target.parent.mkdir(exist_ok=True)
    target.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _network(name: str) -> tuple[int, float]:
    """Weights, and multiplications with them per pixel, of the newest model."""
    if name == "tuned":
        return N_PARAMETERS, N_PARAMETERS  # each at every pixel
    values = restored(weights.load(weights.newest(name), name), "net")
    n_weights = sum(value.size for value in values.values())
    packed = max(1, values["leave.bias"].size // 3)  # pixels that stand at one place; luma alone is not packed
    kernels = sum(value.size for key, value in values.items() if key.endswith(".weight"))
    return n_weights, kernels / packed


def _milliseconds(restorer: Restorer, width: int, height: int) -> tuple[float, float]:
    original, seen = pictures(width, height)
    parameters = restorer.fit(Task(seen, original, by_name("jpeg").id, 10**6, 1))
    assert parameters is not None
    with threadpool_limits(1):
        found = list(_runs(restorer, seen, parameters))[1:]
    used, passed = (1000 * statistics.median(column) for column in zip(*found, strict=True))
    return used, passed


def _runs(restorer: Restorer, seen: Pixels, parameters: bytes) -> Iterator[tuple[float, float]]:
    for _ in range(REPS + 1):
        begun, begun_cpu = time.perf_counter(), time.process_time()
        restorer.apply(seen, parameters, "cpu")
        yield time.process_time() - begun_cpu, time.perf_counter() - begun


def pictures(width: int, height: int) -> tuple[Pixels, Pixels]:
    """The original, and the picture decoded from its JPEG."""
    sample = read((ROOT / "examples" / "harbour.png").read_bytes()).pixels
    times = (-(-height // sample.shape[0]), -(-width // sample.shape[1]), 1)
    original = np.ascontiguousarray(np.tile(sample, times)[:height, :width])
    jpeg = by_name("jpeg")
    return original, jpeg.decode(jpeg.encode(original, Options(50, threads=1)), Frame(width, height, 3), "cpu")


if __name__ == "__main__":
    main()
