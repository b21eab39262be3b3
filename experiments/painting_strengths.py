"""What the strength of the painting costs and gains: rows of a table of docs/results.md.

    python experiments/painting_strengths.py kodak 4 superres:28 generative:30 > results/perceptual/strengths.tsv

Every N-th picture of a folder is encoded once by each codec, at its own quality, and decoded at five strengths.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from nncodec.bench.perceptual import MEASURES, compute
from nncodec.codec import Options
from nncodec.image import read
from nncodec.image.metrics import psnr
from nncodec.pipeline import Settings, decode, encode

STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
NAMES = ("ssimulacra2", "st_lpips", "haarpsi", "vgg_patch_mmd")


def values(codec: str, quality: float, file: Path) -> Iterator[list[float]]:
    """For each strength: bits per pixel, PSNR and the measures of one picture."""
    picture = read(file.read_bytes()).without_metadata()
    data = encode(picture, Settings(codec, Options(quality, threads=1))).data
    for strength in STRENGTHS:
        shown = decode(data, perceptual=strength).picture.pixels
        found = compute(picture.pixels, shown, NAMES)
        rate = 8 * len(data) / (picture.width * picture.height)
        yield [rate, psnr(picture.pixels, shown), *(found[name] for name in NAMES)]


def main(folder: Path, step: int, codecs: list[str]) -> None:
    """Print the table, with the command that made it."""
    files = sorted(file for file in folder.iterdir() if file.suffix == ".png")[::step]
    print(
        f"# Means over {len(files)} pictures: python experiments/painting_strengths.py kodak {step} {' '.join(codecs)}"
    )
    print("\t".join(["codec, quality", "strength", "bpp", "PSNR, dB", *(MEASURES[name].title for name in NAMES)]))
    for codec, _, quality in (name.rpartition(":") for name in codecs):
        means = np.mean([list(values(codec, float(quality), file)) for file in files], 0)
        for strength, (rate, fidelity, *rest) in zip(STRENGTHS, means, strict=True):
            cells = [
                f"{value:.{1 if MEASURES[n].kind == 'score' else 3}f}" for n, value in zip(NAMES, rest, strict=True)
            ]
            print(
                "\t".join([f"{codec}, {quality}", f"{strength:g}", f"{rate:.3f}", f"{fidelity:.2f}", *cells]),
                flush=True,
            )


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
