"""Parts of pictures side by side, enlarged and labelled, for the crops of docs/results.md."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from nncodec.image import Pixels

SIDE, ZOOM, LABEL = 128, 2, 18
"""Side of a part in pixels, how much it is enlarged, and the height of a label."""

Shown = list[tuple[str, Pixels]]
"""Label and whole picture, from left to right."""


def write_sheet(rows: Iterable[tuple[Shown, int, int]], target: Path) -> None:
    """One row for each picture: what is shown of it, and top and left of the part."""
    strips = [_strip(shown, top, left) for shown, top, left in rows]
    sheet = Image.new("RGB", (strips[0].width, sum(strip.height for strip in strips)), "white")
    for number, strip in enumerate(strips):
        sheet.paste(strip, (0, number * strip.height))
    sheet.save(target, quality=80, method=6)


def _strip(shown: Shown, top: int, left: int) -> Image.Image:
    width = SIDE * ZOOM
    strip = Image.new("RGB", (len(shown) * width, width + LABEL), "white")
    draw = ImageDraw.Draw(strip)
    for column, (label, pixels) in enumerate(shown):
        part = Image.fromarray(np.ascontiguousarray(pixels[top : top + SIDE, left : left + SIDE]))
        strip.paste(part.resize((width, width), Image.Resampling.NEAREST), (column * width, LABEL))
        draw.text((column * width + 4, 4), label, fill="black")
    return strip
