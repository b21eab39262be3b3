"""Make golden files for the weights of codec compact: ``python -m tests.make_golden_compact NUMBER``, when they ship.

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

FOLDER = Path(__file__).parent / "golden_compact"


def main(number: int) -> None:
    """Write the files of the model, which must be the newest; never overwrite."""
    if models.newest("compact") != number:
        raise SystemExit(f"the newest model is {models.newest('compact')}")
    FOLDER.mkdir(parents=True, exist_ok=True)
    named = {
        "webp-30-131x97": (pictures.photograph(97, 131), "compact:webp", 30),
        "avif-50-gray-70x41": (pictures.photograph(41, 70, 1), "compact", 50),
        "jpeg-10-64x64": (pictures.photograph(64, 64), "compact:jpeg", 10),
        "jpeg2000-60-1x1": (pictures.photograph(1, 1), "compact:jpeg2000", 60),
    }
    for name, (pixels, codec, quality) in named.items():
        data = encode(Picture(pixels), Settings(codec, Options(quality), restore="none")).data
        path = FOLDER / f"model{number}-{name}"
        with path.with_suffix(".nnc").open("xb") as file:
            file.write(data)
        with path.with_suffix(".png").open("xb") as file:
            PIL.Image.fromarray(decode(data).pixels).save(file, "PNG", optimize=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
