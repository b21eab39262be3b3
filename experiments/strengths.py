"""What the strength of the painting changes: PSNR and perceptual measures of superres, for docs/results.md.

python experiments/strengths.py kodak 17 > results/perceptual/strength.tsv
"""

import sys
from pathlib import Path

import numpy as np

from nncodec.bench.perceptual import MEASURES, compute
from nncodec.codec import Options
from nncodec.image import read
from nncodec.image.metrics import psnr
from nncodec.pipeline import Settings, decode, encode

STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
PICTURES = ("kodim04", "kodim05", "kodim13", "kodim15", "kodim19", "kodim23")
NAMES = ("ssimulacra2", "st_lpips", "vgg_patch_mmd")


def measured(path: Path, quality: float) -> list[list[float]]:
    """PSNR and the measures of a picture, by strength."""
    picture = read(path.read_bytes()).without_metadata()
    data = encode(picture, Settings("superres", Options(quality))).data
    found = []
    for strength in STRENGTHS:
        seen = decode(data, perceptual=strength).picture.pixels
        measures = compute(picture.pixels, seen, NAMES)
        found.append([psnr(seen, picture.pixels), *(measures[name] for name in NAMES)])
    return found


def main(folder: Path, quality: float) -> None:
    """Print the table."""
    means = np.mean([measured(folder / f"{name}.png", quality) for name in PICTURES], axis=0)
    print(f"# superres at quality {quality:g}, means over {', '.join(PICTURES)}")
    print("\t".join(["strength", "PSNR, dB", *(MEASURES[name].title for name in NAMES)]))
    for strength, row in zip(STRENGTHS, means, strict=True):
        print("\t".join([f"{strength:g}", f"{row[0]:.2f}", f"{row[1]:.1f}", *(f"{value:.3f}" for value in row[2:])]))


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]))
