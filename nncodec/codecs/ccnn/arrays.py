"""The arrays of the weights of ``ccnn``."""

import math

from nncodec.lapped.context import shapes
from nncodec.lapped.layout import CHANNELS, N_GROUPS, PLANES, TAPS
from nncodec.nets.arrays import Array, Expected, Layout, check_tables, tables
from nncodec.nets.weights import Arrays

_TYPES = {"enter": "int16", "pass": "int32", "quality": "int32", "leave": "int16", "index": "int32", "mean": "int16"}
_SIZES = 4096


def _expected(arrays: Arrays) -> Expected:
    expected = {name: Array("float16", (PLANES, CHANNELS, TAPS, TAPS)) for name in ("analysis", "synthesis")}
    for name, dtype in _TYPES.items():
        every = (shapes(plane, group)[name] for plane in range(PLANES) for group in range(N_GROUPS))
        expected[f"context.{name}"] = Array(dtype, (sum(map(math.prod, every)),))
    return expected | {"context.sizes": Array("uint8", (_SIZES,))} | tables(arrays)


LAYOUT = Layout(frozenset({"context.enter", "analysis"}), _expected, check_tables)
