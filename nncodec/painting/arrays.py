"""The arrays of the weights of superres and generative: two networks of one shape, for superres two more."""

from collections.abc import Sequence
from functools import partial

import numpy as np

from nncodec.nets.arrays import Array, Expected, Layout, residual
from nncodec.nets.weights import Arrays
from nncodec.painting.networks import CODECS, LATENTS, PARTS


def layout(known: Sequence[int], noise: bool) -> Layout:
    """The arrays of networks for small pictures of some of the codecs with the numbers ``known``."""
    families = LATENTS if noise else CODECS
    expected = partial(_expected, families=families, noise=int(noise))
    return Layout(frozenset({families, "painted.place"}), expected, partial(_values, families=families, known=known))


def _expected(arrays: Arrays, families: str, noise: int) -> Expected:
    count = arrays[families].size
    expected = {families: Array("uint8", (count,)), "qualities": Array("float32", (count, 2))}
    for halvings, parts in PARTS.items():
        if halvings == 1 or any(name.startswith(parts) for name in arrays):
            for part in parts:
                expected |= residual(arrays, part, count, 1, 2**halvings, noise)
    return expected


def _values(arrays: Arrays, families: str, known: Sequence[int]) -> None:
    if not set(arrays[families].tolist()) <= set(known):
        raise ValueError(f"{families} {arrays[families].tolist()}")
    if (np.diff(arrays["qualities"]) < 0).any():
        raise ValueError("an empty range of qualities")
    for exact, painted in PARTS.values():
        for name in arrays:
            other = name.replace(exact, painted, 1)
            if name.startswith(f"{exact}.") and arrays[name].shape != arrays[other].shape:
                raise ValueError("the two networks differ in shape")
