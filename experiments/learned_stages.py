"""Time and memory of the learned codec by stage and size of picture: writes results/learned/stages.tsv.

    python experiments/make_large.py kodak 4000 3000 large/12mp.png
    python experiments/learned_stages.py large            # encoding at effort 1, and decoding
    python experiments/learned_stages.py large 1 5        # and encoding at effort 5

Every picture of the folder is encoded and decoded, each in a fresh process of one thread. Times are processor time in
milliseconds per megapixel; memory is the most that the process held, Python and the source picture included. Encoding
is the codec's alone, without the check of the finished file. What the table has is not measured again: delete it to
start anew.
"""

import json
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import PIL.Image

from nncodec.bench.measure.machine import machine, versions
from nncodec.bench.measure.memory import peak_bytes
from nncodec.codec import Frame, Options
from nncodec.codecs.learned import CODEC, latent_encoder, synthesis
from nncodec.codecs.learned import encoder as learned_encoder
from nncodec.codecs.learned.context import GroupContext
from nncodec.codecs.learned.mean_context import MeanContext
from nncodec.entropy.coder import Decoder, Encoder
from nncodec.image import read
from nncodec.lapped import coded
from nncodec.lapped.rdoq import Quantiser
from nncodec.nets.resnet import ArtifactNet
from nncodec.threads import threads_of_children

TABLE = Path(__file__).resolve().parent.parent / "results" / "learned" / "stages.tsv"
QUALITY = 50
REFINEMENT = "refinement"
STAGES: dict[str, tuple[tuple[Any, str], ...]] = {
    "analysis": ((coded, "analyse"),),
    "contexts": ((GroupContext, "predict"), (MeanContext, "predict")),
    "choice": ((Quantiser, "__call__"), (latent_encoder, "choose")),
    "range coder": ((Encoder, "code"), (Decoder, "code")),
    "painting": ((synthesis, "synthesise"),),
    "network": ((ArtifactNet, "correction"),),
    REFINEMENT: (),
}
"""Functions whose time each stage is; refinement is added where there is one."""
MIB = 1 << 20


def timed(
    seconds: dict[str, float], stage: str, call: Callable[..., Any], clock: Callable[[], float] = time.thread_time
) -> Callable[..., Any]:
    """The same function, whose processor time is added to its stage's."""

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        start = clock()
        try:
            return call(*args, **kwargs)
        finally:
            seconds[stage] += clock() - start

    return wrapper


def measure_once(source: str, payload: str, effort: int) -> None:
    """Encode a picture to ``payload``, or decode that if the effort is 0; print what it took as JSON."""
    seconds: dict[str, float] = defaultdict(float)
    stages = dict(STAGES)
    if effort >= learned_encoder.REFINED_FROM:
        from nncodec.codecs.learned.refine import Refiner

        stages[REFINEMENT] = ((Refiner, "targets"),)
    for stage, functions in stages.items():
        for owner, name in functions:
            setattr(owner, name, timed(seconds, stage, getattr(owner, name)))
    if effort:
        pixels = read(Path(source).read_bytes()).pixels
        whole = timed(seconds, "all", CODEC.encode, time.process_time)
        Path(payload).write_bytes(whole(pixels, Options(QUALITY, effort=effort, device="cpu", threads=1)))
    else:
        frame = Frame(*size_of(Path(source)), 3)
        timed(seconds, "all", CODEC.decode, time.process_time)(Path(payload).read_bytes(), frame, "cpu")
    print(json.dumps({"seconds": seconds, "bytes": peak_bytes()}))


def row(source: Path, effort: int) -> list[str]:
    """One line of the table, from a process of its own; the payload is kept beside the picture."""
    command = [sys.executable, __file__, "--once", str(source), str(source.with_suffix(".payload")), str(effort)]
    with threads_of_children(1):
        done = subprocess.run(command, check=True, capture_output=True, text=True)
    found = json.loads(done.stdout)
    width, height = size_of(source)
    each = {stage: 1e9 * found["seconds"].get(stage, 0) / (width * height) for stage in [*STAGES, "all"]}
    other = each["all"] - sum(each[stage] for stage in STAGES)
    times = [*(each[stage] for stage in STAGES), other, each["all"]]
    cells = [work(effort), f"{width} x {height}", f"{width * height / 1e6:.0f}", *(f"{ms:.0f}" for ms in times)]
    return [*cells, f"{found['bytes'] / MIB:.0f}"]


def work(effort: int) -> str:
    """The name of the work at an effort, 0 for decoding."""
    return f"encode -e {effort}" if effort else "decode"


def size_of(source: Path) -> tuple[int, int]:
    """Width and height of a picture."""
    PIL.Image.MAX_IMAGE_PIXELS = None
    with PIL.Image.open(source) as picture:
        return picture.size


def kept_rows() -> list[list[str]]:
    """The rows that the table has."""
    lines = TABLE.read_text("utf-8").splitlines() if TABLE.exists() else []
    return [line.split("\t") for line in lines if not line.startswith("#")][1:]


def keep(rows: list[list[str]]) -> None:
    """Write the table, ordered by work and size."""
    names = ["work", "size", "MP", *STAGES, "other", "all, ms/MP", "MiB"]
    head = [f"# {versions()}", f"# {machine()}, 1 thread; quality {QUALITY}", "\t".join(names)]
    lines = ["\t".join(row) for row in sorted(rows, key=lambda row: (row[0], float(row[2])))]
    TABLE.parent.mkdir(parents=True, exist_ok=True)
    TABLE.write_text("\n".join([*head, *lines]) + "\n", encoding="utf-8")


def main(folder: str, efforts: list[int]) -> None:
    """Measure what the table does not have yet, for every picture of the folder, smallest first."""
    rows = kept_rows()
    for source in sorted(Path(folder).glob("*.png"), key=lambda path: path.stat().st_size):
        for effort in (*efforts, 0):  # decoding takes what was written last
            if [work(effort), "{} x {}".format(*size_of(source))] not in [row[:2] for row in rows]:
                rows.append(row(source, effort))
                print(*rows[-1], sep="\t", flush=True)
                keep(rows)


if __name__ == "__main__":
    if sys.argv[1] == "--once":
        measure_once(sys.argv[2], sys.argv[3], int(sys.argv[4]))
    else:
        main(sys.argv[1], [int(effort) for effort in sys.argv[2:]] or [1])
