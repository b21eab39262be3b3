"""Make golden files for the weights of codec ccnn: ``python -m tests.make_golden_ccnn NUMBER``, once, when they ship.

Each ``NAME.nnc`` must decode for as long as the model ships; ``NAME.png`` is what it decoded to on the day.
"""

import sys
from pathlib import Path

import numpy as np
import PIL.Image

from nncodec import models
from nncodec.codecs import Options
from nncodec.codecs.ccnn import CODEC
from nncodec.container import Container, Header, Kind, Section, serialize
from nncodec.entropy.bands import CHANNELS, TAPS
from nncodec.entropy.payload import stamp
from nncodec.image import Picture
from nncodec.nets.ccnn_model import Model, matrix_of, to_planes
from nncodec.nets.ccnn_search import Search
from nncodec.pipeline import Settings, decode, encode
from tests import pictures

FOLDER = Path(__file__).parent / "golden_ccnn"


def differing(number: int) -> bytes:
    """A file with filters of its own, whether they pay or not."""
    pixels = pictures.stripes(48, 64)
    model = Model(number, models.load(number, "ccnn"))
    search = Search(model, 120, pixels, stamp(64, 48, 1, 120))
    planes = search.shared(to_planes(pixels, matrix_of(None)))
    rng = np.random.default_rng(0)
    scales = rng.integers(0, 30, CHANNELS).astype(np.int32)
    symbols = np.rint(rng.laplace(0, scales[:, None] / 30, (CHANNELS, TAPS**2))).astype(np.int32)
    planes[0].difference = symbols, scales
    header = Header(CODEC.id, 64, 48, colour=False, alpha=False)
    return serialize(Container(header, (Section(Kind.PAYLOAD, search.payload(None, planes)),)))


def main(number: int) -> None:
    """Write the files of the model, which must be the newest; never overwrite."""
    if models.newest("ccnn") != number:
        raise SystemExit(f"the newest model is {models.newest('ccnn')}")
    FOLDER.mkdir(parents=True, exist_ok=True)
    named = {
        "rgb-20-130x96": (pictures.photograph(96, 130), 20),
        "rgb-90-64x64": (pictures.photograph(64, 64), 90),
        "gray-60-70x40": (pictures.photograph(40, 70, 1), 60),
        "rgb-50-1x1": (pictures.photograph(1, 1), 50),
    }
    settings = {name: Settings("ccnn", Options(quality), restore="none") for name, (_, quality) in named.items()}
    files = {name: encode(Picture(pixels), settings[name]).data for name, (pixels, _) in named.items()}
    for name, data in (files | {"differing-gray-60-64x48": differing(number)}).items():
        path = FOLDER / f"model{number}-{name}"
        with path.with_suffix(".nnc").open("xb") as file:
            file.write(data)
        with path.with_suffix(".png").open("xb") as file:
            PIL.Image.fromarray(decode(data).pixels).save(file, "PNG", optimize=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
