"""Measure when a run over a large folder begins, and the memory it takes (Linux).

    python experiments/planning.py N [OPTION...]

Prints files; seconds by the clock and of the processor until the first result, and MiB then; processor seconds of a
dry run over all, and its MiB.

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


def used(pid: int) -> tuple[float, float]:
    """The processor seconds that a process has used so far, and the most memory it has had resident, in MiB."""
    ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    kib = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK"), kib / 1024


def first_result(command: list[str]) -> tuple[float, float, float]:
    """Wall-clock and processor seconds until a command tells its first result, and its peak memory then, in MiB.

    The command is then ended.
    """
    start = time.perf_counter()
    process = subprocess.Popen([*command, "--json"], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    wall = time.perf_counter() - start
    cpu, memory = used(process.pid)
    process.terminate()
    process.communicate()
    return wall, cpu, memory


def dry_run(command: list[str]) -> tuple[float, float]:
    """Processor seconds of a dry run, and its peak memory in MiB."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([*command, "--force", "--dry-run", "--quiet"], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, after.ru_maxrss / 1024


def main() -> None:
    """Print a row of the table."""
    n_files, options = int(sys.argv[1]), sys.argv[2:]
    with tempfile.TemporaryDirectory() as made:
        root = Path(made)
        make_tree(root, n_files)
        verb = [sys.executable, "-m", "nncodec", "encode", "-r", str(root / "in"), "-o", str(root / "out"), *options]
        wall, cpu, memory = first_result([*verb, "-c", "webp", "--restore", "none"])
        print(f"{n_files}\t{wall:.1f}\t{cpu:.1f}\t{memory:.0f}", end="\t")
        cpu, memory = dry_run(verb)
        print(f"{cpu:.1f}\t{memory:.0f}")


if __name__ == "__main__":
    main()
