"""Lay the pictures of a folder side by side into one large picture, for measuring time and memory.

python experiments/make_large.py FOLDER 6000 4000 large/mosaic.png
"""

import itertools
import sys
from pathlib import Path

import PIL.Image


def mosaic(folder: Path, width: int, height: int) -> PIL.Image.Image:
    """An RGB picture of this size, filled row by row with the folder's pictures, again and again."""
    sources = itertools.cycle(sorted(folder.glob("*.png")))
    canvas = PIL.Image.new("RGB", (width, height))
    top = 0
    while top < height:
        left, tallest = 0, 0
        while left < width:
            with PIL.Image.open(next(sources)) as picture:
                canvas.paste(picture, (left, top))
                left, tallest = left + picture.width, max(tallest, picture.height)
        top += tallest
    return canvas


if __name__ == "__main__":
    source, columns, rows, target = sys.argv[1:]
    Path(target).parent.mkdir(parents=True, exist_ok=True)
    mosaic(Path(source), int(columns), int(rows)).save(target, compress_level=1)
