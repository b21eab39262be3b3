"""Measure when a run over a large folder begins, and the memory it takes (Linux).

    python experiments/planning.py N [OPTION...]

Makes N pictures of 8 x 8 samples, hard links to one file, 1,000 in a folder, and runs `nnc encode -r` on them twice:
until its first result is told, and to the end with --dry-run. OPTIONs go to both runs.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import PIL.Image

PER_FOLDER = 1000
LINKS = 30_000
"""Links to one file: file systems allow some 65,000."""


def make_tree(root: Path, n_files: int) -> None:
    """Fill a folder with pictures."""
    for index in range(n_files):
        if index % LINKS == 0:
            first = root / f"picture{index}"
            PIL.Image.new("RGB", (8, 8)).save(first, "PNG")
        folder = root / "in" / f"{index // PER_FOLDER:05}"
        if index % PER_FOLDER == 0:
            folder.mkdir(parents=True)
        os.link(first, folder / f"{index:08}.png")


def peak(pid: int) -> float:
    """The most memory that a process has had resident so far, in MB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1000


def first_result(command: list[str]) -> tuple[float, float]:
    """Seconds until a command tells its first result, and its peak memory then in MB. The command is then ended."""
    start = time.perf_counter()
    process = subprocess.Popen([*command, "--json"], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    seconds, memory = time.perf_counter() - start, peak(process.pid)
    process.terminate()
    process.communicate()
    return seconds, memory


def main() -> None:
    """Print the figures."""
    n_files, options = int(sys.argv[1]), sys.argv[2:]
    with tempfile.TemporaryDirectory() as made:
        root = Path(made)
        make_tree(root, n_files)
        verb = [sys.executable, "-m", "nncodec", "encode", "-r", str(root / "in"), "-o", str(root / "out"), *options]
        seconds, memory = first_result([*verb, "-c", "webp", "--restore", "none"])
        print(f"{n_files} files: first result after {seconds:.2f} s, {memory:.0f} MB")
        start = time.perf_counter()
        subprocess.run([*verb, "--force", "--dry-run", "--quiet"], check=True)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        print(f"all planned after {time.perf_counter() - start:.2f} s", end=", ")
        print(f"{used.ru_utime + used.ru_stime:.2f} s of processor time in both, {used.ru_maxrss / 1000:.0f} MB")


if __name__ == "__main__":
    main()
