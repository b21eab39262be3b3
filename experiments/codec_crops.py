"""Pictures of docs/results.md: parts of Kodak pictures by several codecs, at equal bytes and without restorers.

python experiments/codec_crops.py kodak docs/img/learned-crops.webp 0.25 jpeg,webp,avif,learned
python experiments/codec_crops.py kodak docs/img/painted-crops.webp 0.06 avif,superres kodim15:80:180,kodim05:100:200
"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from crop_sheet import Shown, write_sheet

from nncodec.codec import Options
from nncodec.errors import EncodeError
from nncodec.image import Picture, read
from nncodec.image.metrics import psnr
from nncodec.pipeline import Settings, Target, decode, encode

EFFORT = 3
PARTS = (("kodim19", 60, 240), ("kodim21", 190, 330), ("kodim24", 260, 90))
"""Picture, top and left of the part shown, unless others are named."""


def shown(picture: Picture, bpp: float, codecs: list[str]) -> Shown:
    """The picture by every codec, each at the largest rate up to a limit in bits per pixel, and the original.

    A codec that cannot meet the limit shows its smallest file.
    """
    n_bytes = round(bpp * picture.width * picture.height / 8)
    found: Shown = []
    for codec in codecs:
        settings = Settings(codec, Options(effort=EFFORT), Target(size=n_bytes), restore="none")
        try:
            data = encode(picture, settings).data
        except EncodeError:  # its smallest file is larger; the label tells
            data = encode(picture, replace(settings, options=Options(0, EFFORT), target=None)).data
        pixels = decode(data).picture.pixels
        found.append((f"{codec}, {len(data):,} bytes, {psnr(pixels, picture.pixels):.2f} dB", pixels))
    return [*found, ("original", picture.pixels)]


def named(parts: str) -> list[tuple[str, int, int]]:
    """Parts by ``picture:top:left``, with commas between."""
    fields = (part.split(":") for part in parts.split(","))
    return [(name, int(top), int(left)) for name, top, left in fields]


def main(folder: Path, target: Path, bpp: float, codecs: list[str], parts: Sequence[tuple[str, int, int]]) -> None:
    """Encode, cut, and put side by side."""
    pictures = [
        (read((folder / f"{name}.png").read_bytes()).without_metadata(), top, left) for name, top, left in parts
    ]
    write_sheet([(shown(picture, bpp, codecs), top, left) for picture, top, left in pictures], target)


if __name__ == "__main__":
    chosen = named(sys.argv[5]) if len(sys.argv) > 5 else PARTS
    main(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]), sys.argv[4].split(","), chosen)
