"""What `nnc decode --perceptual` trades: a table of docs/results.md, of files that were encoded once.

python experiments/painting_strengths.py kodak 6 0,0.5,1 ssimulacra2,haarpsi superres:17 generative:17 > strengths.tsv

Every sixth picture is taken here, in the order of their names, and codecs at qualities on scales of their own. The
bytes do not depend on the strength, as a reader may replace it.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

import nncodec
from nncodec.bench.perceptual import MEASURES, compute
from nncodec.image import Picture, read
from nncodec.image.metrics import psnr


def pictures(folder: Path, step: int) -> list[Picture]:
    """Every ``step``-th PNG file of a folder."""
    return [read(path.read_bytes()) for path in sorted(folder.glob("*.png"))[::step]]


def figures(
    picture: Picture, codec: str, quality: float, strengths: Sequence[float], names: Sequence[str]
) -> list[list[float]]:
    """For each strength: bits per pixel, PSNR in dB, and the measures."""
    data = nncodec.encode(picture, codec, codec_quality=quality, restore="none", threads=1)
    bpp = 8 * len(data) / (picture.width * picture.height)
    found = []
    for strength in strengths:
        seen = nncodec.decode(data, perceptual=strength, threads=1).pixels
        found.append([bpp, psnr(picture.pixels, seen), *compute(picture.pixels, seen, names).values()])
    return found


def rows(
    images: Sequence[Picture], codec: str, quality: float, strengths: Sequence[float], names: Sequence[str]
) -> Iterator[list[str]]:
    """One row for each strength, of means over the pictures."""
    means = np.mean([figures(image, codec, quality, strengths, names) for image in images], axis=0)
    decimals = (4, 2, *(1 if MEASURES[name].kind == "score" else 3 for name in names))
    for strength, values in zip(strengths, means, strict=True):
        cells = [f"{value:.{places}f}" for value, places in zip(values, decimals, strict=True)]
        yield [codec, f"{strength:g}", *cells]


def main(folder: Path, step: int, strengths: Sequence[float], names: Sequence[str], codecs: Sequence[str]) -> None:
    """Print the table; codecs are named with their qualities, as ``superres:17``."""
    images = pictures(folder, step)
    named = [name.rpartition(":") for name in codecs]
    qualities = ", ".join(f"{codec} at quality {quality}" for codec, _, quality in named)
    print(f"# Means over {len(images)} pictures of {folder.name}: {qualities}")
    print("\t".join(["codec", "strength", "bpp", "PSNR, dB", *(MEASURES[name].title for name in names)]))
    for codec, _, quality in named:
        for row in rows(images, codec, float(quality), strengths, names):
            print("\t".join(row), flush=True)


if __name__ == "__main__":
    chosen = [float(strength) for strength in sys.argv[3].split(",")]
    main(Path(sys.argv[1]), int(sys.argv[2]), chosen, sys.argv[4].split(","), sys.argv[5:])
