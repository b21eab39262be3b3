"""What thinner networks and shorter numbers change in what is painted: rows of results/training/slim-painting.tsv.

    python experiments/slim_painting.py kodak 6 superres 15,40 shipped=weights/120-superres.npz 8-bit=runs/x/weights.npz

Every N-th picture of a folder is painted at strength 1, at qualities on the codec's own scale, by each of some files of
weights from the same small picture. ``ssimulacra2`` is the mean of SSIMULACRA 2, ``change`` the mean difference to the
first file, ``worst`` that of the picture which loses most. ``alike_db`` is the PSNR between what the two painted, of
the picture in which they differ most.
"""

import sys
from pathlib import Path

import numpy as np
from painting_strengths import pictures
from slim_table import Variant, named, of_synthesis
from threadpoolctl import threadpool_limits

import nncodec
from nncodec.bench.perceptual import compute
from nncodec.codec import Options
from nncodec.image import Picture
from nncodec.image.metrics import psnr

COLUMNS = ("codec", "quality", "weights", "psnr", "ssimulacra2", "change", "worst", "alike_db")


def figures(codec: str, quality: float, variants: list[Variant], image: Picture) -> list[tuple[float, float, float]]:
    """For all weights: PSNR, SSIMULACRA 2, and PSNR against what the first ones painted."""
    make = of_synthesis(codec, Options(quality, threads=1, perceptual=1.0), image, variants[0])
    painted = [nncodec.decode(make(each), weights=each.file, threads=1).pixels for each in variants]
    return [
        (
            psnr(image.pixels, seen),
            compute(image.pixels, seen, ["ssimulacra2"])["ssimulacra2"],
            psnr(painted[0], seen),
        )
        for seen in painted
    ]


def main(folder: Path, step: int, codec: str, qualities: list[float], variants: list[Variant]) -> None:
    """Print rows."""
    images = pictures(folder, step)
    print(f"# python {' '.join(sys.argv)}; {len(images)} pictures")
    print("\t".join(COLUMNS))
    for quality in qualities:
        found = np.array([figures(codec, quality, variants, image) for image in images])  # pictures, weights, 3
        for at, variant in enumerate(variants):
            change = found[:, at, 1] - found[:, 0, 1]
            means = found[:, at, :2].mean(0)
            cells = f"{means[0]:.3f}", f"{means[1]:.2f}", f"{change.mean():+.2f}", f"{change.min():+.2f}"
            alike = f"{found[:, at, 2].min():.1f}" if at else "-"
            print("\t".join([codec, f"{quality:g}", variant.label, *cells, alike]), flush=True)


if __name__ == "__main__":
    with threadpool_limits(1):
        main(
            Path(sys.argv[1]),
            int(sys.argv[2]),
            sys.argv[3],
            [float(q) for q in sys.argv[4].split(",")],
            named(sys.argv[5:]),
        )
