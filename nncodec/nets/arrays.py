"""The arrays that the weights of a codec or restorer must have: their names, types and shapes.

Weights that ship were checked when they were made. Those of the user's own are compared with these before work begins.
A family states its own in a module ``arrays``, as ``LAYOUT``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from nncodec.entropy.scales import N_SCALES
from nncodec.entropy.tables import Tables
from nncodec.errors import UnsupportedFile
from nncodec.nets.quantised import STEP
from nncodec.nets.weights import Arrays

ANCHORS = 5
"""Levels of damage for which a residual network has values of its own."""
BLOCK = 8
"""Side of the codecs' blocks, which a residual network knows its place in."""


class Array(NamedTuple):
    """Type and shape of an array."""

    dtype: str
    shape: tuple[int, ...]


Expected = dict[str, Array]


def _nothing(arrays: Arrays) -> None:
    """Demand no more of the arrays."""


@dataclass(frozen=True)
class Layout:
    """The arrays that the weights of one codec or restorer must have."""

    known_by: frozenset[str]
    """Names of arrays that these weights have, and no others have together."""
    expected: Callable[[Arrays], Expected]
    """All arrays, by name. Widths and numbers of layers are free: they are taken from the given arrays."""
    values: Callable[[Arrays], None] = _nothing
    """Raises UnsupportedFile or ValueError for arrays of the right shapes with impossible values."""

    def check(self, arrays: Arrays) -> None:
        """Raise UnsupportedFile unless arrays are as they must be."""
        try:
            expected = self.expected(arrays)
            _compare(arrays, expected)
            self.values(arrays)
        except KeyError as error:
            raise UnsupportedFile(f"there is no array {error}") from error
        except (TypeError, ValueError, IndexError) as error:
            raise UnsupportedFile(f"the arrays do not fit together: {error}") from error


def _compare(arrays: Arrays, expected: Expected) -> None:
    for name, array in expected.items():
        found = Array(arrays[name].dtype.name, arrays[name].shape)
        if found != array:
            wanted = f"{array.dtype} {array.shape}"
            raise UnsupportedFile(f"the array {name} is {found.dtype} {found.shape}, not {wanted}")
        if arrays[name].dtype.kind == "f" and not np.isfinite(arrays[name]).all():
            raise UnsupportedFile(f"not all numbers of the array {name} are finite")
    more = arrays.keys() - expected.keys()
    if more:
        raise UnsupportedFile(f"there should be no array {min(more)}")


def kernel(name: str, shape: tuple[int, ...], dtype: str = "int16") -> Expected:
    """A kernel of a convolution as it ships, and its steps; `nncodec.nets.quantised.stored`."""
    return {name: Array(dtype, shape), name + STEP: Array("float32", shape[:1])}


def layer(name: str, shape: tuple[int, ...], dtype: str = "int16") -> Expected:
    """Kernel and bias of a convolution."""
    return {**kernel(f"{name}.weight", shape, dtype), f"{name}.bias": Array("float16", shape[:1])}


def residual(arrays: Arrays, part: str, families: int, stride: int, out: int, noise: int = 0) -> Expected:
    """A network of `nncodec.nets.resnet`.

    Args:
        arrays: that tell its width, the number of its blocks, and if its kernels have 16 bits or 8.
        part: which network of several, the start of its arrays' names.
        families: number of the codecs that it knows.
        stride, out: sides of the squares of samples that make a position, and that a position makes.
        noise: planes of noise that it is given.
    """
    width, samples, period = len(arrays[f"{part}.enter.bias"]), 3 * out**2, BLOCK // min(stride, out)
    blocks = sum(name.startswith(f"{part}.blocks.") and name.endswith(".inner.bias") for name in arrays)
    dtype = "int8" if arrays[f"{part}.enter.weight"].dtype == np.int8 else "int16"
    expected = {
        f"{part}.place": Array("float16", (width, period, period)),
        f"{part}.bias.values": Array("float16", (families, ANCHORS, width)),
        f"{part}.gain.values": Array("float16", (families, ANCHORS, samples)),
        **layer(f"{part}.enter", (width, 3 * stride**2 + noise, 3, 3), dtype),
        **layer(f"{part}.leave", (samples, width, 1, 1), dtype),
    }
    for block in (f"{part}.blocks.{number}" for number in range(blocks)):
        for name in ("inner", "outer"):
            expected |= layer(f"{block}.{name}", (width, width, 3, 3), dtype)
        expected |= {
            f"{block}.{name}.values": Array("float16", (families, ANCHORS, width)) for name in ("gain", "bias")
        }
    return expected


def tables(arrays: Arrays, count: int = N_SCALES) -> Expected:
    """The distributions of symbols, ``count`` of them; `nncodec.entropy.tables.Tables`."""
    entries = int((2 * arrays["tables.half_widths"].astype(np.int64) + 2).sum())
    return {"tables.half_widths": Array("uint16", (count,)), "tables.frequencies": Array("uint32", (entries,))}


def check_tables(arrays: Arrays) -> None:
    """Raise UnsupportedFile if the distributions are damaged."""
    Tables.unpack(arrays)


def check_codecs(arrays: Arrays, known: range | list[int]) -> None:
    """Raise ValueError unless the array ``codecs`` names some of the known wire numbers."""
    if not set(arrays["codecs"].tolist()) <= set(known):
        raise ValueError(f"codecs {arrays['codecs'].tolist()}")
