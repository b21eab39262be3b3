"""Make golden files for the weights of codec recurrent: ``python -m tests.make_golden_recurrent NUMBER``, once.

Each ``NAME.nnc`` must decode for as long as the model ships; ``NAME.png`` is what it decoded to on the day.
"""

import sys
from pathlib import Path

import PIL.Image

from nncodec import models
from nncodec.codecs import Options
from nncodec.image import Picture
from nncodec.pipeline import Settings, decode, encode
from tests import pictures

FOLDER = Path(__file__).parent / "golden_recurrent"


def main(number: int) -> None:
    """Write the files of the model, which must be the newest; never overwrite."""
    if models.newest("recurrent") != number:
        raise SystemExit(f"the newest model is {models.newest('recurrent')}")
    FOLDER.mkdir(parents=True, exist_ok=True)
    named = {
        "rgb-20-130x96": (pictures.photograph(96, 130), 20),
        "rgb-100-64x64": (pictures.photograph(64, 64), 100),
        "gray-60-70x40": (pictures.photograph(40, 70, 1), 60),
        "rgb-50-1x1": (pictures.photograph(1, 1), 50),
    }
    for name, (pixels, quality) in named.items():
        data = encode(Picture(pixels), Settings("recurrent", Options(quality), restore="none")).data
        path = FOLDER / f"model{number}-{name}"
        with path.with_suffix(".nnc").open("xb") as file:
            file.write(data)
        with path.with_suffix(".png").open("xb") as file:
            PIL.Image.fromarray(decode(data).pixels).save(file, "PNG", optimize=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
