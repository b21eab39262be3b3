"""Pictures of docs/results.md: parts of Kodak pictures by several codecs, at equal bytes and without restorers.

python experiments/codec_crops.py kodak docs/img/learned-crops.webp 0.25 jpeg,webp,avif,learned
"""

import sys
from pathlib import Path

from crop_sheet import Shown, write_sheet

from nncodec.codec import Options
from nncodec.image import Picture, read
from nncodec.image.metrics import psnr
from nncodec.pipeline import Settings, Target, decode, encode

EFFORT = 3
PARTS = (("kodim19", 60, 240), ("kodim21", 190, 330), ("kodim24", 260, 90))
"""Picture, top and left of the part shown."""


def shown(picture: Picture, bpp: float, codecs: list[str]) -> Shown:
    """The picture by every codec, each at the largest rate up to a limit in bits per pixel, and the original."""
    n_bytes = round(bpp * picture.width * picture.height / 8)
    found: Shown = []
    for codec in codecs:
        settings = Settings(codec, Options(effort=EFFORT), Target(size=n_bytes), restore="none")
        data = encode(picture, settings).data
        pixels = decode(data).picture.pixels
        found.append((f"{codec}, {len(data):,} bytes, {psnr(pixels, picture.pixels):.2f} dB", pixels))
    return [*found, ("original", picture.pixels)]


def main(folder: Path, target: Path, bpp: float, codecs: list[str]) -> None:
    """Encode, cut, and put side by side."""
    pictures = [
        (read((folder / f"{name}.png").read_bytes()).without_metadata(), top, left) for name, top, left in PARTS
    ]
    write_sheet([(shown(picture, bpp, codecs), top, left) for picture, top, left in pictures], target)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]), sys.argv[4].split(","))
