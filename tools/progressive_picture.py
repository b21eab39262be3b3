"""Show what a layered file holds after each layer: small picture, doubled picture, whole picture, and the original.

    python tools/progressive_picture.py kodak/kodim23.png 50 docs/img/layered-progressive.webp

Panels are crops from the middle, pixel for pixel; the captions give bytes of the file up to the layer, and PSNR of the
whole picture.
"""

import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import PIL.Image
import PIL.ImageDraw

import nncodec
from nncodec.container import breakdown
from nncodec.metrics import psnr

PANEL = (384, 300)
"""Width and height of what is shown of each picture."""
CAPTION, GAP = 18, 6


def panels(original: npt.NDArray[np.uint8], quality: float) -> list[tuple[str, npt.NDArray[np.uint8]]]:
    """Caption and pixels of each step."""
    data = nncodec.encode(original, "layered", quality, restore="none")
    first = len(data) - sum(span.framing + len(span.section.data) for span in breakdown(data)[1:])
    small = nncodec.decode(data, layers=1).pixels
    doubled = nncodec.decode(data[:first], partial=True).pixels
    whole = nncodec.decode(data).pixels
    return [
        (f"layer 1 as it is: {first:,} bytes, {small.shape[1]} x {small.shape[0]}", small),
        (f"layer 1 in full size: {psnr(original, doubled):.1f} dB", doubled),
        (f"both layers: {len(data):,} bytes, {psnr(original, whole):.1f} dB", whole),
        (f"original: {original.nbytes:,} bytes of pixels", original),
    ]


def middle(pixels: npt.NDArray[np.uint8]) -> PIL.Image.Image:
    """A panel with the middle of a picture, or with the whole of one that is smaller."""
    panel, picture = PIL.Image.new("RGB", PANEL, "white"), PIL.Image.fromarray(pixels)
    panel.paste(picture, ((PANEL[0] - picture.width) // 2, (PANEL[1] - picture.height) // 2))
    return panel


def sheet(steps: list[tuple[str, npt.NDArray[np.uint8]]]) -> PIL.Image.Image:
    """All panels, two in a row, captions above."""
    width, height = PANEL[0] + GAP, PANEL[1] + CAPTION + GAP
    canvas = PIL.Image.new("RGB", (2 * width - GAP, height * ((len(steps) + 1) // 2) - GAP), "white")
    draw = PIL.ImageDraw.Draw(canvas)
    for index, (caption, pixels) in enumerate(steps):
        left, top = index % 2 * width, index // 2 * height
        draw.text((left, top + 2), caption, fill="black")
        canvas.paste(middle(pixels), (left, top + CAPTION))
    return canvas


if __name__ == "__main__":
    source, wanted, target = sys.argv[1:]
    with PIL.Image.open(source) as still:
        picture = np.asarray(still.convert("RGB"))
    sheet(panels(picture, float(wanted))).save(Path(target), quality=88, method=6)
