"""The arrays of the weights of ``superres``."""

from nncodec.codecs import base_codecs, by_name
from nncodec.painting.arrays import layout
from nncodec.painting.networks import PLAIN

LAYOUT = layout([PLAIN, by_name("learned").id, *(codec.id for codec in base_codecs("avif"))], noise=False)
