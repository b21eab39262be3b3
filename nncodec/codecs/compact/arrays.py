"""The arrays of the weights of ``compact``."""

import numpy as np

from nncodec.codecs import base_codecs
from nncodec.nets.arrays import Array, Expected, Layout, check_codecs, residual
from nncodec.nets.weights import Arrays


def _expected(arrays: Arrays) -> Expected:
    count = arrays["codecs"].size
    heads = {"codecs": Array("uint8", (count,)), "qualities": Array("float32", (count, 2))}
    return heads | residual(arrays, "com", count, 2, 1) | residual(arrays, "rec", count, 1, 2)


def _values(arrays: Arrays) -> None:
    check_codecs(arrays, [codec.id for codec in base_codecs("avif")])
    if (np.diff(arrays["qualities"]) <= 0).any():
        raise ValueError("an empty range of qualities")


LAYOUT = Layout(frozenset({"com.place", "rec.place"}), _expected, _values)
