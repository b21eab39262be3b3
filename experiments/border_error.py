"""The error of a codec by the distance to the border, of pictures with and without their outermost rows and columns.

    python experiments/border_error.py kodak recurrent 20 > results/training/recurrent-border.tsv

Scans often come with a line or two along the border that are no part of the scene. A codec pays for them; this tells
the error due to the picture from that due to the codec. Mean squared errors, of 8-bit RGB, over all pictures of a
folder.
"""

import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import PIL.Image

import nncodec

Pixels = npt.NDArray[np.uint8]

BANDS = ((0, 4), (4, 16), (16, 32), (32, 1 << 16))
"""Distances from the nearest border, in pixels."""
OUTERMOST = (0, 16)
"""Rows and columns taken off at each side before coding."""


def errors(pixels: Pixels, codec: str, quality: float) -> npt.NDArray[np.float64]:
    """(H, W): mean over colours of the squared error."""
    seen = nncodec.decode(nncodec.encode(pixels, codec, quality, restore="none")).pixels
    found: npt.NDArray[np.float64] = np.square(pixels.astype(float) - seen).mean(2)
    return found


def by_band(error: npt.NDArray[np.float64]) -> list[float]:
    """Means over the bands."""
    rows, columns = (np.minimum(np.arange(size), np.arange(size)[::-1]) for size in error.shape)
    distance = np.minimum(rows[:, None], columns)
    return [float(error[(distance >= near) & (distance < far)].mean()) for near, far in BANDS]


def main(folder: Path, codec: str, quality: float) -> None:
    """Print the table."""
    stills = []
    for path in sorted(folder.glob("*.png")):
        with PIL.Image.open(path) as still:
            stills.append(np.asarray(still.convert("RGB")))
    print(f"# {codec} at quality {quality:g}, mean squared error over {len(stills)} pictures of {folder.name}")
    names = [f"{near} to {far} from the border" for near, far in BANDS[:-1]]
    print("\t".join(["rows and columns taken off", *names, "farther"]))
    for count in OUTERMOST:
        inner = slice(count, -count or None)
        table = [by_band(errors(pixels[inner, inner], codec, quality)) for pixels in stills]
        print("\t".join([str(count), *(f"{value:.0f}" for value in np.mean(table, 0))]))


if __name__ == "__main__":
    source, name, wanted = sys.argv[1:]
    main(Path(source), name, float(wanted))
