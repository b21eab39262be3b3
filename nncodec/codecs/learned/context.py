"""Contexts of all groups but the first: a small convolutional network for each, in whole numbers.

For every symbol of a pass the network gives a mean, in 1/16 symbol, and a scale index. It sees signed features and
sizes of earlier groups in the 3 x 3 positions around, those of the group's own symbols of earlier passes, and
differences of the local mean. All arithmetic is exact. Layers of the network multiply small integers in float32, where
every partial sum stays below 2^24; the linear part of the means does so in float64, below 2^53. Neither the order of
additions nor the library, the threads or the instruction set can change a bit.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from nncodec.codecs.learned.adaptation import FINE_BITS, Fine
from nncodec.codecs.learned.grid import (
    N_PASSES,
    UNITS,
    Channels,
    DecodedLatent,
    Lattice,
    Split,
    signed_of,
    sizes_of,
    width_of,
)
from nncodec.codecs.learned.rows import HERE, OWN_TAPS, TAPS, Rows, Tap
from nncodec.entropy.anchors import interpolate
from nncodec.entropy.scales import LEAK
from nncodec.lapped.layout import GROUPS
from nncodec.threads import in_parallel

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Means = npt.NDArray[np.int32]
Arrays = dict[str, npt.NDArray[Any]]
T = TypeVar("T")

ACTIVATION_BITS, ACTIVATION_LIMIT = 6, 1023
"""Hidden units are multiples of 2^-6, saturated at this many of them."""
LINEAR_BITS = 12
"""Binary places of the weights of the linear part."""
EXACT = 1 << 23
"""Magnitude that no sum in float32 reaches, so that half a unit can be added to it exactly."""
_BLOCK = 1536
"""Positions whose features are held in memory at once."""
_PARALLEL_FROM = 4
"""Blocks in a pass from which threads share them."""


@dataclass(frozen=True)
class Inputs:
    """The channels that the network of one group reads."""

    own: Channels
    """The group's own, by plane."""
    signed: Channels
    """Read as signed features in the 3 x 3 positions around, and as values there by the linear part."""
    sizes: Channels
    """Read as sizes in the 3 x 3 positions around."""
    signed_here: Channels = ()
    """Read as signed features, and by the linear part, at the position alone."""
    sizes_here: Channels = ()
    """Read as sizes at the position alone."""
    means: tuple[int, ...] = (0,)
    """Planes whose local means are compared with those around."""

    @staticmethod
    def of(unit: int, group: int) -> "Inputs":
        """Those of a group (1 to 14) of a unit, brightness (0) or both colours (1)."""
        own = tuple((plane, GROUPS[group]) for plane in UNITS[unit])
        if unit == 0:
            signed = _span((0,), group - 3 if group > 4 else 1, group - 1) if group <= 8 else ()
            return Inputs(own, signed, _span((0,), group - 4 if group > 7 else 1, group - 1))
        directed = group <= 6
        return Inputs(
            own,
            _span((1, 2), group - 1, group - 1) if directed else (),
            _span((1, 2), group - 2, group - 1),
            ((0, GROUPS[group]),) if directed else (),
            _span((0,), group - 1, group + 1),
            (1, 2, 0),
        )


def _span(planes: tuple[int, ...], first: int, last: int) -> Channels:
    """Channels of the groups from one to another, but neither group 0 nor those there are not; of some planes."""
    first, last = max(1, first), min(last, len(GROUPS) - 1)
    return tuple((plane, slice(GROUPS[first].start, GROUPS[last].stop)) for plane in planes) if first <= last else ()


@dataclass(frozen=True)
class Layer:
    """A layer of integers: outputs are sums times 2^-bits."""

    weights: Floats
    """(inputs, outputs)"""
    bias: Floats
    """(outputs,)"""
    bits: int

    def __call__(self, x: Floats) -> Floats:
        """Sums (n, outputs) of activations (n, inputs), in units of 2^-bits."""
        y = x @ self.weights
        y += self.bias
        return y


def activated(sums: Floats, bits: int) -> Floats:
    """Leaky ReLU of sums in units of 2^-bits, rounded to units of 2^-ACTIVATION_BITS and saturated; in place."""
    sums *= np.float32(2.0 ** (ACTIVATION_BITS - bits))
    np.maximum(sums, sums * np.float32(LEAK), out=sums)
    sums += np.float32(0.5)
    np.floor(sums, out=sums)
    return np.clip(sums, -ACTIVATION_LIMIT, ACTIVATION_LIMIT, out=sums)


@dataclass(frozen=True)
class GroupContext:
    """The network of one group of one unit, at one quality index."""

    inputs: Inputs
    enter: tuple[Layer, ...]
    """The first layer by pass: 3 x 3 features, then own features by tap of `OWN_TAPS`, then what is read in place."""
    hidden: tuple[Layer, ...]
    leave: Layer
    """(hidden, 2 channels): means, then scale indices over 4."""
    linear: tuple[Doubles, ...]
    """By pass, (values, channels): 3 x 3 values, own values by tap, values in place; units of 2^-LINEAR_BITS."""

    def predict(self, known: DecodedLatent, number: int, lattice: Lattice) -> tuple[Means, Fine]:
        """Means in 1/16 symbol and scale indices in 1/16, (n, channels), of one lattice of pass ``number``."""
        channels = width_of(self.inputs.own)
        means = np.empty((lattice.height * lattice.width, channels), np.int32)
        indices = np.empty(means.shape, np.int16)

        def block(rows: Rows) -> None:
            means[rows.flat], indices[rows.flat] = self._block(known, rows)

        run_blocks(block, list(Rows.of(known, self.inputs.means, number, lattice, _BLOCK)))
        return means, indices

    def _block(self, known: DecodedLatent, rows: Rows) -> tuple[Doubles, Floats]:
        features, values = self.gather(known, rows)
        enter = self.enter[rows.number]
        x = activated(enter(features.T), enter.bits)  # (n, hidden)
        for layer in self.hidden:
            x = activated(layer(x), layer.bits)
        out = self.leave(x)  # (n, 2 channels)
        return finished(out, self.leave.bits, values.T @ self.linear[rows.number])

    def gather(self, known: DecodedLatent, rows: Rows) -> tuple[Floats, Doubles]:
        """Inputs of the first layer (inputs, n) and of the linear part (values, n), for some rows of a lattice."""
        features = np.empty((self.enter[rows.number].weights.shape[0], *rows.shape), np.float32)
        values = np.empty((self.linear[rows.number].shape[0], *rows.shape), np.float64)
        to_features, to_values = _Filler(features).add, _Filler(values).add

        def take(split: Split, channels: Channels, tap: Tap = HERE) -> None:
            to = to_values if split is known.values else to_features
            for channel in channels:
                to(rows.within(split, channel, tap))

        inputs = self.inputs
        for tap in TAPS:
            take(known.signed, inputs.signed, tap)
            take(known.values, inputs.signed, tap)
            take(known.sizes, inputs.sizes, tap)
        for tap in OWN_TAPS[rows.number]:
            take(known.signed, inputs.own, tap)
            take(known.sizes, inputs.own, tap)
            to_features(rows.inside(known, tap))
            take(known.values, inputs.own, tap)
        differences = rows.differences()  # (8 x planes, rows, width)
        to_features(signed_of(differences))
        to_features(sizes_of(differences))
        to_values(differences)
        take(known.signed, inputs.signed_here)
        take(known.values, inputs.signed_here)
        take(known.sizes, inputs.sizes_here)
        return features.reshape(len(features), -1), values.reshape(len(values), -1)


class _Filler:
    """Fills the rows of an array from the first to the last."""

    def __init__(self, out: npt.NDArray[np.floating]) -> None:
        self._out, self._at = out, 0

    def add(self, part: npt.NDArray[Any]) -> None:
        """The next rows."""
        end = self._at + len(part)
        self._out[self._at : end] = part
        self._at = end


def finished(out: Floats, bits: int, linear: Doubles) -> tuple[Doubles, Floats]:
    """Means and scale indices in 1/16, from sums (n, 2 channels) of the last layer and of the linear part."""
    channels = linear.shape[1]
    means = out[:, :channels].astype(np.float64) * 2.0 ** (4 - bits)
    means += linear * 2.0**-LINEAR_BITS
    means += 0.5
    np.floor(means, out=means)
    indices = np.floor(out[:, channels:] * np.float32(2.0 ** (2 + FINE_BITS - bits)))
    return means.clip(-VALUE_RANGE, VALUE_RANGE), indices.clip(-FINE_RANGE, FINE_RANGE)


VALUE_RANGE = 1 << 20
"""Means saturate at plus or minus this, so that they fit their type."""
FINE_RANGE = 1 << 12
"""The same of scale indices in 1/16."""


def run_blocks(block: Callable[[T], None], parts: Sequence[T]) -> None:
    """Give parts to a function, by several threads; few of them one by one, as starting threads takes longer."""
    if len(parts) < _PARALLEL_FROM:
        for part in parts:
            block(part)
    else:
        in_parallel(block, parts)


def unpack(arrays: Mapping[str, Arrays], name: str, inputs: Inputs, quality: int) -> GroupContext:
    """The network called ``name`` (``y3``, ``c1``) at a quality index, from the arrays of `by_network`."""
    parts = arrays[name]
    bits = parts["bits"].tolist()  # by layer
    moved = interpolate(parts["quality"], quality)  # (hidden,)
    enter = tuple(
        Layer(float_of(_rows(parts, "enter", number)), float_of(parts["pass"][number] + moved), bits[0])
        for number in range(N_PASSES)
    )
    bias = parts["leave.bias"] + interpolate(parts["index"], quality)
    leave = Layer(float_of(parts["leave"]), float_of(bias), bits[-1])
    linear = tuple(_rows(parts, "linear", number).astype(np.float64) for number in range(N_PASSES))
    return GroupContext(inputs, enter, hidden_layers(parts), leave, linear)


def hidden_layers(parts: Arrays) -> tuple[Layer, ...]:
    """The layers between the first and the last one, from the arrays of a network."""
    bits = parts["bits"].tolist()[1:-1]
    return tuple(
        Layer(float_of(parts[f"hidden{i}"]), float_of(parts[f"hidden{i}.bias"]), each) for i, each in enumerate(bits)
    )


def by_network(arrays: Arrays) -> dict[str, Arrays]:
    """The arrays of the weights by the name of their network, ``y0`` to ``c14``, and their own name within."""
    found: dict[str, Arrays] = {}
    for key, value in arrays.items():
        network, _, name = key.partition(".")
        found.setdefault(network, {})[name] = value
    return found


def _rows(parts: Arrays, name: str, number: int) -> npt.NDArray[np.integer]:
    """Weights of a pass: those of 3 x 3 features, own features, and of what is read in place, one above the other."""
    found = [parts[f"{name}.around"]] if parts[f"{name}.around"].ndim == 2 else [parts[f"{name}.around"][number]]
    if number:
        found.append(parts[f"{name}.own"][number - 1])
    found.append(parts[f"{name}.here"])
    return np.concatenate(found)


def float_of(values: npt.NDArray[np.integer]) -> Floats:
    """Whole numbers as float32, in memory row by row."""
    return np.ascontiguousarray(values, np.float32)
