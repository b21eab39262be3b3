"""Make golden files for the weights of codec ccnn: ``python -m tests.make_golden_ccnn NUMBER``, once, when they ship.

Each ``NAME.nnc`` must decode for as long as the model ships; ``NAME.png`` is what it decoded to on the day.
"""

import sys

import numpy as np

from nncodec.codecs.ccnn import CODEC
from nncodec.codecs.ccnn.encoder import Encoder
from nncodec.lapped.encoder import latent_encoder_for
from nncodec.lapped.layout import CHANNELS, TAPS
from nncodec.lapped.model import Model, matrix_of, to_planes
from nncodec.nets import weights
from tests import pictures
from tests.golden_weights import Named, file_of, usual, write


def differing(number: int) -> Named:
    """A file with filters of its own, whether they pay or not."""
    pixels = pictures.stripes(48, 64)
    coder = latent_encoder_for(Model(number, weights.load(number, "ccnn")), 120, pixels)
    planes = Encoder(coder).shared(to_planes(pixels, matrix_of(None)))
    rng = np.random.default_rng(0)
    scales = rng.integers(0, 30, CHANNELS).astype(np.int32)
    symbols = np.rint(rng.laplace(0, scales[:, None] / 30, (CHANNELS, TAPS**2))).astype(np.int32)
    planes[0].difference = symbols, scales
    return {"differing-gray-60-64x48": file_of(CODEC.id, pixels, coder.payload(None, list(planes)))}


if __name__ == "__main__":
    chosen = int(sys.argv[1])
    write("ccnn", chosen, usual("ccnn") | differing(chosen))
