"""Bytes and pixels on several instruction sets: encode and decode a picture by several settings, and print checksums.

    python experiments/instruction_sets.py

Each set is a process of its own, whose libraries are told to use no more. Lines of one setting that differ in their
first checksum have other bytes; the second is that of the pixels, all decoded from the file of the first set.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

import nncodec

_NO_AVX2 = "X86_V4 AVX512_ICL AVX512_SPR X86_V3"
SETS = {
    "AVX-512": {"OPENBLAS_CORETYPE": "SkylakeX", "ATEN_CPU_CAPABILITY": "avx512"},
    "AVX2": {"OPENBLAS_CORETYPE": "Haswell", "ATEN_CPU_CAPABILITY": "avx2"},
    "SSE4": {"OPENBLAS_CORETYPE": "Nehalem", "ATEN_CPU_CAPABILITY": "default", "NPY_DISABLE_CPU_FEATURES": _NO_AVX2},
}
"""Environments by the largest set that OpenBLAS, PyTorch and NumPy then use."""
SETTINGS = (
    ("avif", 5, "none"), ("webp", 5, "tuned"), ("webp", 3, "luma"), ("learned", 1, "none"), ("learned", 4, "none"),
    ("ccnn", 3, "none"), ("compact", 1, "none"), ("recurrent", 1, "none"),
)  # fmt: skip
"""Codec, effort, restorers."""
_HEIGHT, _WIDTH = 256, 384


def picture() -> np.ndarray:
    """Waves, an edge and a little noise, (256, 384, 3) uint8."""
    y, x = np.mgrid[:_HEIGHT, :_WIDTH]
    waves = 120 + 60 * np.sin(y / 9 + x / 31) + 40 * (x > 240) * np.cos(y / 3)
    noise = np.random.default_rng(1).normal(0, 4, (_HEIGHT, _WIDTH, 3))
    return (waves[..., None] * [1.0, 0.9, 0.7] + noise).clip(0, 255).astype(np.uint8)


def _hash(data: bytes) -> str:
    """The start of a checksum; a CRC-32 of a file that ends in one would be the same for each."""
    return hashlib.sha256(data).hexdigest()[:8]


def measure(folder: Path) -> None:
    """Print, for each setting, bytes and checksum of the file, and the checksum of the first set's, decoded."""
    found = []
    for number, (codec, effort, restore) in enumerate(SETTINGS):
        data = nncodec.encode(picture(), codec, 40, effort=effort, restore=restore)
        shared = folder / str(number)
        if not shared.exists():
            shared.write_bytes(data)
        found.append((len(data), _hash(data), _hash(nncodec.decode(shared).pixels.tobytes())))
    print(json.dumps(found))


def main() -> None:
    """Run a process for each set."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, environment in SETS.items():
            command = [sys.executable, "-W", "ignore", __file__, folder]
            ran = subprocess.run(command, env=os.environ | environment, stdout=subprocess.PIPE, text=True, check=True)
            found[name] = json.loads(ran.stdout)
    for number, setting in enumerate(SETTINGS):
        for name in SETS:
            size, file, pixels = found[name][number]
            print(f"{' '.join(map(str, setting)):20} {name:8} {size:6} bytes {file}  pixels {pixels}")


if __name__ == "__main__":
    measure(Path(sys.argv[1])) if len(sys.argv) > 1 else main()
