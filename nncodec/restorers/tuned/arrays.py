"""The arrays of the weights of ``tuned``."""

from nncodec.nets.arrays import Array, Expected, Layout, check_codecs, check_tables, tables
from nncodec.nets.weights import Arrays
from nncodec.restorers.tuned.network import N_PARAMETERS

_MOST_STARTS = 256
"""A byte of the parameters names the start."""


def _expected(arrays: Arrays) -> Expected:
    count = arrays["codecs"].size
    heads = {"codecs": Array("uint8", (count,)), "starts": Array("float16", (count, N_PARAMETERS))}
    return heads | tables(arrays)


def _values(arrays: Arrays) -> None:
    check_tables(arrays)
    check_codecs(arrays, range(1, 256))
    if not 0 < arrays["codecs"].size <= _MOST_STARTS:
        raise ValueError(f"{arrays['codecs'].size} starts")


LAYOUT = Layout(frozenset({"starts", "codecs"}), _expected, _values)
