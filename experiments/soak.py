"""Memory of a long process: encode and decode small pictures in turn by many settings, and print the growth.

    python experiments/soak.py 5000
    python experiments/soak.py 1000 --only learned:4

One operation is an encode and a decode. The first tenth of the operations loads libraries and weights; the growth is
counted from its end. Exits with 1 if the process grew by more than 10 % from there.
"""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

import nncodec
from nncodec.threads import available

SETTINGS = (
    "avif:1", "jpeg:1", "jpeg2000:1", "webp:1", "layered:1", "compact:1", "learned:1", "ccnn:1", "recurrent:1",
    "jpeg:5", "learned:4", "ccnn:3",
)  # fmt: skip
"""Codecs, each with an effort."""
HEIGHT, WIDTH = 48, 64
_GROWTH = 1.1


def operation(setting: str, rng: np.random.Generator) -> Callable[[], None]:
    """An encode and a decode of a picture of noise and a slope, at a random quality, by a setting."""
    codec, _, effort = setting.rpartition(":")
    slope = np.linspace(0, 160, WIDTH)[None, :, None] + rng.normal(0, 12, (HEIGHT, WIDTH, 3))
    pixels = slope.clip(0, 255).astype(np.uint8)
    quality = float(rng.uniform(0, 100))

    def run() -> None:
        nncodec.decode(nncodec.encode(pixels, codec, quality, effort=int(effort), threads=1), threads=1)

    return run


def resident() -> int:
    """Bytes of memory that this process holds now, as Linux counts them."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


def main() -> None:
    """Run the operations; print what the process holds after each tenth of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("operations", type=int)
    parser.add_argument("--only", action="append", metavar="CODEC:EFFORT", help="instead of the twelve settings")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    settings, rng = options.only or SETTINGS, np.random.default_rng(options.seed)
    print(f"{len(settings)} settings, {available()} threads in the process, one in a call")
    held = []
    for done in range(1, options.operations + 1):
        operation(settings[done % len(settings)], rng)()
        if done % max(1, options.operations // 10) == 0:
            held.append(resident())
            print(f"{done:>7} operations  {held[-1] / 1e6:7.1f} MB", flush=True)
    growth = held[-1] / held[0]
    print(f"growth after the first tenth: {100 * (growth - 1):+.1f} %")
    sys.exit(growth > _GROWTH)


if __name__ == "__main__":
    main()
