"""Contexts of the lapped latent: the distribution of each symbol, from the decoded values around it.

There is one small network for each plane and group of channels. One hidden layer of leaky ReLUs over the sizes around a
symbol gives its scale index, and a linear map over the values around it gives its mean. All arithmetic is exact:
float64 holds integers whose sums stay far below 2^53, so neither the order of additions nor the library matters.
Weights are multiplied beforehand by powers of two, which is exact as well; after a product only the rounding is left.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nncodec.entropy.anchors import Integers, interpolate
from nncodec.entropy.coder import Indices
from nncodec.entropy.scales import LEAK, N_ANCHORS, N_SCALES
from nncodec.errors import UnsupportedFile
from nncodec.lapped.latent import (
    N_MEANS,
    VALUE_LIMIT,
    ContextInputs,
    DecodedLatent,
    Means,
    n_features,
    n_passes,
    n_signed,
    units,
)
from nncodec.lapped.layout import GROUPS, N_GROUPS, PLANES, Pass
from nncodec.threads import in_parallel

HIDDEN = 16
"""Hidden units of each network."""
WEIGHT_BITS, FEATURE_BITS, HIDDEN_BITS = 12, 7, 8
"""Binary places of weights, of features and of hidden units: all are integers, in units of 2^-12, 2^-7 and 2^-8."""
_ENTER_UNIT = 2.0 ** (HIDDEN_BITS - FEATURE_BITS - WEIGHT_BITS)
"""Factor from sums over features to the unit of the hidden units."""
INDEX_SHIFT = WEIGHT_BITS + HIDDEN_BITS - 2
"""The output is in quarters of a scale index, in units of 2^-20."""
MEAN_FLOOR = 6
"""Smallest scale index of group 0 of the first plane, so that every position of the latent costs something."""
_BLOCK = 1536
"""Places whose features are held in memory at once: few enough for the cache, enough to keep calls rare."""
_PARALLEL_FROM = 6
"""Blocks in a pass from which threads share them."""
_PIECE = 384
"""Rows in one matrix product: OpenBLAS multiplies small matrices without packing them, in half of the time."""


def shapes(plane: int, group: int) -> dict[str, tuple[int, ...]]:
    """Shapes of the weights of one plane's group, by name."""
    width, rows = GROUPS[group].stop - GROUPS[group].start, n_passes(group)
    return {
        "enter": (n_features(plane, group), HIDDEN),
        "pass": (rows, HIDDEN),
        "quality": (N_ANCHORS, HIDDEN),
        "leave": (HIDDEN, width),
        "index": (N_ANCHORS, width),
        "mean": (rows, n_signed(plane, group), width),
    }


@dataclass(frozen=True)
class Weights:
    """The weights of one group of one plane, at one quality index: integers held in float64."""

    enter: npt.NDArray[np.float64]
    """(features, HIDDEN)"""
    bias: npt.NDArray[np.float64]
    """(passes, HIDDEN)"""
    leave: npt.NDArray[np.float64]
    """(HIDDEN, channels)"""
    index: npt.NDArray[np.float64]
    """(channels,)"""
    mean: npt.NDArray[np.float64]
    """(passes, values, channels)"""


def unpack(arrays: dict[str, Integers], quality: int) -> list[list[Weights]]:
    """Weights by plane and group, from the flat arrays ``context.enter`` and so on.

    Raises UnsupportedFile if the arrays are not as long as they must be.
    """
    at = dict.fromkeys(shapes(0, 0), 0)
    found: list[list[Weights]] = []
    for plane in range(PLANES):
        found.append([])
        for group in range(N_GROUPS):
            parts = {}
            for name, shape in shapes(plane, group).items():
                end = at[name] + int(np.prod(shape))
                parts[name] = arrays[f"context.{name}"][at[name] : end].astype(np.int64)
                if parts[name].size != end - at[name]:
                    raise UnsupportedFile(f"the weights 'context.{name}' are damaged")
                parts[name], at[name] = parts[name].reshape(shape), end
            bias = parts["pass"] + interpolate(parts["quality"], quality)
            index = interpolate(parts["index"], quality)
            each = (parts["enter"], bias, parts["leave"], index, parts["mean"])
            found[-1].append(Weights(*(part.astype(np.float64) for part in each)))
    return found


def step(known: DecodedLatent, weights: Weights, plane: int, group: int, each: Pass) -> tuple[Means, Indices]:
    """Means in 1/16 symbol and scale indices of one pass over a group, both (n, channels of the group)."""
    n, width = len(each.places), weights.index.size
    means, indices = np.zeros((n, width), np.int32), np.empty((n, width), np.uint8)
    inputs, enter = ContextInputs(known, plane, group), weights.enter * (_ENTER_UNIT * units(plane, group)[:, None])

    def block(first: int) -> None:
        part, own = each.part(first, first + _BLOCK), slice(first, first + _BLOCK)
        if group < N_MEANS:
            means[own] = _means(inputs.signed(part.at, part.neighbours), weights.mean[each.row])
        sizes = inputs.sizes(part.at, part.neighbours, means[own])  # (block, features)
        indices[own] = _indices(_product(sizes, enter), weights, each.row, lowest_index(plane, group))

    _run(block, range(0, n, _BLOCK))
    return means, indices


def _run(block: Callable[[int], None], starts: range) -> None:
    """Run the blocks in several threads, or in one for small pictures, where starting threads takes longer."""
    if len(starts) < _PARALLEL_FROM:
        for first in starts:
            block(first)
    else:
        in_parallel(block, starts)


def _means(values: npt.NDArray[np.float64], weights: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Means (n, channels) in 1/16 symbol from values (n, n_signed) and weights (n_signed, channels)."""
    means = _product(values, weights * 2.0**-WEIGHT_BITS)
    means += 0.5
    np.floor(means, out=means)
    return np.clip(means, -VALUE_LIMIT, VALUE_LIMIT, out=means)


def _indices(hidden: npt.NDArray[np.float64], weights: Weights, row: int, low: int) -> npt.NDArray[np.float64]:
    """Scale indices (n, channels), not below ``low``, from hidden units (n, HIDDEN) before bias and leaky ReLU."""
    hidden += _ENTER_UNIT * weights.bias[row]
    np.maximum(hidden, hidden * LEAK, out=hidden)
    hidden += 0.5
    np.floor(hidden, out=hidden)
    indices = _product(hidden, weights.leave * 2.0**-INDEX_SHIFT)
    indices += weights.index * 2.0**-INDEX_SHIFT + 0.5
    return np.clip(indices, low, N_SCALES - 1, out=indices)


def _product(rows: npt.NDArray[np.float64], weights: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The matrix product of rows (n, k) and weights (k, m), piece by piece."""
    out = np.empty((len(rows), weights.shape[1]))
    for at in range(0, len(rows), _PIECE):
        np.matmul(rows[at : at + _PIECE], weights, out=out[at : at + _PIECE])
    return out


def lowest_index(plane: int, group: int) -> int:
    """Smallest scale index of a group."""
    return 0 if plane or group else MEAN_FLOOR
