"""Measure the pictures a second that a folder is encoded with, by several ways to share the work (Linux).

    python experiments/folder_rate.py DIR [N] > results/folders/rate.tsv

Cuts N crops of 256 x 256 (default 200) out of the pictures in DIR, saved as JPEG, and encodes them by avif without
restorers. The examples for Python are those of docs/pipelines.md with that codec; those whose library is missing are
left out. Processor time is that of all processes, by making this one the parent of those that lose theirs.
"""

import contextlib
import ctypes
import importlib.util
import os
import re
import resource
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import PIL.Image

from nncodec.bench.measure.machine import machine, versions
from nncodec.image import picture_suffixes

SIDE = 256
FEW = 20
"""Pictures where each has a process of its own, which takes long."""
NNC = (sys.executable, "-m", "nncodec", "encode", "-c", "avif", "--restore", "none", "--quiet")
PAGE = Path(__file__).resolve().parent.parent / "docs" / "pipelines.md"
_PR_SET_CHILD_SUBREAPER = 36

LOOP = """
import pathlib
import nncodec

for path in pathlib.Path("photos").glob("*.jpg"):
    path.with_suffix(".out").write_bytes(nncodec.encode(path, threads=1))
"""


def make_pictures(source: Path, n_files: int) -> None:
    """Save crops in the folder ``photos``, and all of them in ``photos.tar``."""
    Path("photos").mkdir()
    paths = sorted(path for path in source.rglob("*") if path.suffix.lower() in picture_suffixes())
    for index in range(n_files):
        with PIL.Image.open(paths[index * len(paths) // n_files]) as picture:
            left, top = ((side - SIDE) // 2 for side in picture.size)
            crop = picture.convert("RGB").crop((left, top, left + SIDE, top + SIDE))
        crop.save(f"photos/{index:05}.jpg", quality=90)
    with tarfile.open("photos.tar", "w") as tar:
        for path in sorted(Path("photos").iterdir()):
            tar.add(path, path.name)


def example(title: str) -> list[str]:
    """The command that runs the first Python example of a section of the page, with the codec measured here."""
    code = re.search(rf"^## {title}$.*?^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)
    assert code is not None
    return script(title.replace(" ", "_"), code[1])


def script(name: str, code: str) -> list[str]:
    """The command that runs some code from a file, as processes that import their parent's main module need it."""
    quick = re.sub(r"(nncodec\.encode\(.*?)threads=1", r"\1threads=1, codec='avif', restore='none'", code)
    Path(f"{name}.py").write_text(quick, encoding="utf-8")
    return [sys.executable, f"{name}.py"]


def ways(n_files: int) -> Iterator[tuple[str, int, list[str]]]:
    """Names, numbers of pictures, and commands."""
    yield "loop in Python", n_files, script("loop", LOOP)
    for jobs in ("1", "2"):
        yield f"nnc encode -r -j {jobs}", n_files, [*NNC, "-r", "photos", "-o", f"out{jobs}", "-j", jobs]
    for title, module in (("WebDataset", "webdataset"), ("Hugging Face datasets", "datasets"), ("Ray Data", "ray")):
        if importlib.util.find_spec(module):
            yield title, n_files, example(title)
    shell = " ".join(NNC) + ' "$0" -o "one/$(basename "$0").nnc"'
    few = f"ls photos/*.jpg | head -n {FEW} | xargs -n 1 sh -c '{shell}'"
    yield "an nnc for each picture", FEW, ["sh", "-c", few]


def seconds_of(command: list[str]) -> tuple[float, float]:
    """Wall-clock and processor seconds of a command and of all processes that come from it.

    The system adds up the time of processes that somebody waited for. Nobody waits for Ray's, so what processes have
    used is also looked up while they run; the larger of the two counts.
    """
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    process = subprocess.Popen(command, stdout=sys.stderr)
    seen: dict[int, float] = {}
    while process.poll() is None:
        seen |= used_by_descendants()
        time.sleep(0.1)
    wall = time.perf_counter() - start
    if process.returncode:
        raise SystemExit(f"{command} failed")
    while True:
        seen |= used_by_descendants()
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            break
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    waited_for = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall, max(waited_for, sum(seen.values()))


def used_by_descendants() -> dict[int, float]:
    """Processor seconds so far of each process that comes from this one, by its number."""
    parents, used = {}, {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            fields = path.read_text().rpartition(")")[2].split()
            pid = int(path.parent.name)
            parents[pid], used[pid] = int(fields[1]), sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")
    found = {os.getpid()}
    while new := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= new
    return {pid: used[pid] for pid in found - {os.getpid()}}


def main() -> None:
    """Print the table."""
    source, n_files = Path(sys.argv[1]).absolute(), int(sys.argv[2]) if len(sys.argv) > 2 else 200
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    os.environ |= {"RAY_DATA_DISABLE_PROGRESS_BARS": "1", "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(PAGE.parent.parent)}
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        os.environ["HF_HOME"] = f"{folder}/cache"
        make_pictures(source, n_files)
        Path("one").mkdir()
        print(f"# {versions()}; {machine()}; pictures of {SIDE} x {SIDE}, avif, default quality, no restorers")
        print("way\tpictures\twall s\tCPU s\tpictures per s\tper CPU s")
        for name, n_done, command in ways(n_files):
            wall, cpu = seconds_of(command)
            print(f"{name}\t{n_done}\t{wall:.1f}\t{cpu:.1f}\t{n_done / wall:.1f}\t{n_done / cpu:.1f}", flush=True)
        os.chdir("/")


if __name__ == "__main__":
    main()
