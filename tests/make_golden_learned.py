"""Make golden files for a model's weights: ``python -m tests.make_golden_learned NUMBER``, once, when it ships.

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

FOLDER = Path(__file__).parent / "golden_learned"


def main(number: int) -> None:
    """Write the files of the model, which must be the newest; never overwrite."""
    if models.newest("learned") != number:
        raise SystemExit(f"the newest model is {models.newest('learned')}")
    FOLDER.mkdir(parents=True, exist_ok=True)
    for channels, quality, size in ((3, 20, (96, 130)), (3, 90, (64, 64)), (1, 60, (40, 70)), (3, 50, (1, 1))):
        name = f"model{number}-{'gray' if channels == 1 else 'rgb'}-{quality}-{size[1]}x{size[0]}"
        picture = Picture(pictures.photograph(*size, channels))
        data = encode(picture, Settings("learned", Options(quality))).data
        with (FOLDER / f"{name}.nnc").open("xb") as file:
            file.write(data)
        with (FOLDER / f"{name}.png").open("xb") as file:
            PIL.Image.fromarray(decode(data).pixels).save(file, "PNG", optimize=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
