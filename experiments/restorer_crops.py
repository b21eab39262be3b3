"""The picture of docs/results.md: parts of Kodak pictures without and with restorers, at equal quality of the codec.

python experiments/restorer_crops.py kodak docs/img/restorers.webp
"""

import sys
from pathlib import Path

from crop_sheet import Shown, write_sheet

from nncodec.codec import Options
from nncodec.image import Picture, read
from nncodec.pipeline import Settings, decode, encode

QUALITY = 15
PARTS = (("kodim19", 60, 240), ("kodim21", 190, 330), ("kodim24", 260, 90))
"""Picture, top and left of the part shown."""
COLUMNS = ("none", "tuned", "luma", "luma+tuned")


def main(folder: Path, target: Path) -> None:
    """Encode, cut, and put side by side, the original at the right."""
    pictures = [
        (read((folder / f"{name}.png").read_bytes()).without_metadata(), top, left) for name, top, left in PARTS
    ]
    write_sheet([(_shown(picture), top, left) for picture, top, left in pictures], target)


def _shown(picture: Picture) -> Shown:
    shown: Shown = []
    for restore in COLUMNS:
        done = encode(picture, Settings("jpeg", Options(QUALITY), restore=restore))
        name = "JPEG" if restore == "none" else restore
        shown.append((f"{name}: {len(done.data)} bytes, {done.psnr:.2f} dB", decode(done.data).picture.pixels))
    return [*shown, ("original", picture.pixels)]


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
