"""The arrays of the weights of ``luma``."""

from nncodec.nets.arrays import Array, Expected, Layout, check_codecs, residual
from nncodec.nets.resnet import LEVELS
from nncodec.nets.weights import Arrays

_STRIDE = 2
_MOST_CODECS = 256 // (LEVELS + 1)
"""A byte of the parameters holds codec and level."""


def _expected(arrays: Arrays) -> Expected:
    count = arrays["codecs"].size
    return {"codecs": Array("uint8", (count,))} | residual(arrays, "net", count, _STRIDE, _STRIDE)


def _values(arrays: Arrays) -> None:
    check_codecs(arrays, range(1, 256))
    if not 0 < arrays["codecs"].size <= _MOST_CODECS:
        raise ValueError(f"{arrays['codecs'].size} codecs")


LAYOUT = Layout(frozenset({"codecs", "net.place"}), _expected, _values)
