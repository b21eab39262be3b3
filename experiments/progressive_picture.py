"""Show the pictures that the first layers of a progressive file give, and the original.

    python experiments/progressive_picture.py kodak/kodim23.png layered 50 docs/img/layered-progressive.webp
    python experiments/progressive_picture.py kodak/kodim23.png recurrent 80 docs/img/recurrent-progressive.webp

Panels are crops from the middle, pixel for pixel; the captions give bytes of the file up to the layer, and PSNR of the
whole picture.
"""

import sys
from itertools import accumulate
from pathlib import Path

import numpy as np
import numpy.typing as npt
import PIL.Image
import PIL.ImageDraw

import nncodec
from nncodec.container import breakdown
from nncodec.image.metrics import psnr

PANEL = (384, 300)
"""Width and height of what is shown of each picture."""
CAPTION, GAP = 18, 6
PANELS = 7
"""At most, beside the original."""

Step = tuple[str, npt.NDArray[np.uint8]]


def panels(original: npt.NDArray[np.uint8], codec: str, quality: float) -> list[Step]:
    """Caption and pixels of each step."""
    data = nncodec.encode(original, codec, quality, restore="none")
    ends = list(accumulate(span.framing + len(span.section.data) for span in breakdown(data)))
    start = len(data) - ends[-1]
    shown = [(layers, data[: start + ends[layers - 1]]) for layers in steps(len(ends))]
    found: list[Step] = []
    for layers, cut in shown:
        small = nncodec.decode(data, layers=layers).pixels
        if small.shape != original.shape:
            size = f"{small.shape[1]} x {small.shape[0]}"
            found.append((f"{layers} of {len(ends)} layers as they are: {len(cut):,} bytes, {size}", small))
        pixels = nncodec.decode(cut, partial=True).pixels
        found.append((f"{layers} of {len(ends)} layers: {len(cut):,} bytes, {psnr(original, pixels):.1f} dB", pixels))
    return [*found, (f"original: {original.nbytes:,} bytes of pixels", original)]


def steps(layers: int) -> list[int]:
    """Numbers of layers to show: the first, the last, and at most five between, closer together at the start."""
    return sorted({round(layers ** (step / (PANELS - 1))) for step in range(PANELS)})


def middle(pixels: npt.NDArray[np.uint8]) -> PIL.Image.Image:
    """A panel with the middle of a picture, or with the whole of one that is smaller."""
    panel, picture = PIL.Image.new("RGB", PANEL, "white"), PIL.Image.fromarray(pixels)
    panel.paste(picture, ((PANEL[0] - picture.width) // 2, (PANEL[1] - picture.height) // 2))
    return panel


def sheet(shown: list[Step]) -> PIL.Image.Image:
    """All panels, two in a row, captions above."""
    width, height = PANEL[0] + GAP, PANEL[1] + CAPTION + GAP
    canvas = PIL.Image.new("RGB", (2 * width - GAP, height * ((len(shown) + 1) // 2) - GAP), "white")
    draw = PIL.ImageDraw.Draw(canvas)
    for index, (caption, pixels) in enumerate(shown):
        left, top = index % 2 * width, index // 2 * height
        draw.text((left, top + 2), caption, fill="black")
        canvas.paste(middle(pixels), (left, top + CAPTION))
    return canvas


if __name__ == "__main__":
    source, name, wanted, target = sys.argv[1:]
    with PIL.Image.open(source) as still:
        picture = np.asarray(still.convert("RGB"))
    sheet(panels(picture, name, float(wanted))).save(Path(target), quality=88, method=6)
