"""Make golden files for the weights of codec learned: ``python -m tests.make_golden_learned NUMBER``, once.

Each ``NAME.nnc`` must decode for as long as the model ships; ``NAME.png`` is what it decoded to on the day.
"""

import sys

from nncodec.codecs.learned import CODEC
from nncodec.lapped.encoder import latent_encoder_for
from nncodec.lapped.model import Model, own_colours
from nncodec.nets import weights
from tests import pictures
from tests.golden_weights import Named, file_of, usual, write
from tests.lapped.tiny_lapped import plain_candidate


def coloured(number: int) -> Named:
    """A file with colours of its own, whether they pay or not."""
    pixels = pictures.photograph(40, 56)
    coder = latent_encoder_for(Model(number, weights.load(number, "learned")), 100, pixels)
    candidate = plain_candidate(coder, own_colours(pixels))
    return {"colours-rgb-50-56x40": file_of(CODEC.id, pixels, coder.payload(candidate.own, candidate.planes))}


if __name__ == "__main__":
    chosen = int(sys.argv[1])
    write("learned", chosen, usual("learned") | coloured(chosen))
