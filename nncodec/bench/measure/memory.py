"""Run as a program by the timing pass: encode or decode once, and print the largest memory this process had.

The memory of a process that measures many things one after the other says nothing of any one of them.
"""

import sys
from pathlib import Path

from nncodec.bench.results_tsv import without_light
from nncodec.codec import Options
from nncodec.image import read
from nncodec.pipeline import Settings, decode, encode


def peak_bytes() -> int | None:
    """Largest resident memory of this process so far, None on systems that do not tell.

    On Linux from ``VmHWM``: the figure of ``getrusage`` also counts the process this one was started from.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    if sys.platform == "darwin":
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return None


def main(arguments: list[str]) -> None:
    """``encode|decode FILE CODEC QUALITY EFFORT DEVICE THREADS RESTORE``; prints bytes, or nothing."""
    verb, path, codec, quality, effort, device, threads, restore = arguments
    data = Path(path).read_bytes()
    if verb == "encode":
        options = Options(quality=float(quality), effort=int(effort), device=device, threads=int(threads))
        name, light = without_light(restore)
        encode(read(data).without_metadata(), Settings(codec, options, restore=name, light=light))
    else:
        decode(data, device=device)
    peak = peak_bytes()
    sys.stdout.write("" if peak is None else str(peak))


if __name__ == "__main__":
    main(sys.argv[1:])
