"""The arrays of the weights of ``generative``."""

from nncodec.codecs import by_name
from nncodec.painting.arrays import layout

LAYOUT = layout([by_name("learned").id], noise=True)
