"""The picture of docs/results.md: parts of Kodak pictures without and with restorers, at equal quality of the codec.

python tools/restorer_crops.py kodak docs/img/restorers.webp
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from nncodec.codecs import Options
from nncodec.image import Picture, Pixels, read
from nncodec.pipeline import Settings, decode, encode

QUALITY, SIDE, ZOOM, LABEL = 15, 128, 2, 18
PARTS = (("kodim19", 60, 240), ("kodim21", 190, 330), ("kodim24", 260, 90))
"""Picture, top and left of the part shown."""
COLUMNS = ("none", "tuned", "luma", "luma+tuned")


def main(folder: Path, target: Path) -> None:
    """Encode, cut, and put side by side, the original at the right."""
    width = SIDE * ZOOM
    sheet = Image.new("RGB", ((len(COLUMNS) + 1) * width, len(PARTS) * (width + LABEL)), "white")
    draw = ImageDraw.Draw(sheet)
    for row, (name, top, left) in enumerate(PARTS):
        picture = read((folder / f"{name}.png").read_bytes()).without_metadata()
        for column, (label, pixels) in enumerate(_shown(picture)):
            place = (column * width, row * (width + LABEL))
            part = Image.fromarray(np.ascontiguousarray(pixels[top : top + SIDE, left : left + SIDE]))
            sheet.paste(part.resize((width, width), Image.Resampling.NEAREST), (place[0], place[1] + LABEL))
            draw.text((place[0] + 4, place[1] + 4), label, fill="black")
    sheet.save(target, quality=80, method=6)


def _shown(picture: Picture) -> list[tuple[str, Pixels]]:
    shown = []
    for restore in COLUMNS:
        done = encode(picture, Settings("jpeg", Options(QUALITY), restore=restore))
        name = "JPEG" if restore == "none" else restore
        shown.append((f"{name}: {len(done.data)} bytes, {done.psnr:.2f} dB", decode(done.data).picture.pixels))
    return [*shown, ("original", picture.pixels)]


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
