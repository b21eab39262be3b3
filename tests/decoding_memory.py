"""Run as a program by tests: decode a small file, then a large one, and print the bytes that the second took at most.

The small file loads the libraries and weights, which do not count. Linux only.
"""

import sys
from pathlib import Path

from nncodec.pipeline import decode

_RESET_PEAK = "5"
"""Written to clear_refs, it makes the largest resident memory so far that of now (proc(5))."""


def status(name: str) -> int:
    """Bytes of a field of this process's status."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:")) * 1024


def main(small: str, large: str, scale: str = "1") -> None:
    """Decode both, enlarged by a factor, and print the difference."""
    decode(Path(small).read_bytes(), scale=int(scale))
    data = Path(large).read_bytes()
    Path("/proc/self/clear_refs").write_text(_RESET_PEAK)
    before = status("VmRSS")
    decode(data, scale=int(scale))
    sys.stdout.write(str(status("VmHWM") - before))


if __name__ == "__main__":
    main(*sys.argv[1:])
