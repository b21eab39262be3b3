"""The arrays of the weights of ``recurrent``."""

from nncodec.codecs.recurrent import LAYERS
from nncodec.codecs.recurrent.context import LARGEST, N_DIRECT
from nncodec.codecs.recurrent.transform import CHANNELS
from nncodec.nets.arrays import Array, Expected, Layout, check_tables, layer, tables
from nncodec.nets.weights import Arrays

_LEAST_EXPONENT, _LARGEST_EXPONENT = -1, 16
"""Thresholds are 2 to the power of these, in levels; below, arithmetic would shift by less than nothing."""


def _expected(arrays: Arrays) -> Expected:
    layers, bitplanes = len(arrays["units"]), len(arrays["slots"])
    hidden = arrays["context.pace"].shape[1]
    encoder, decoder = (len(arrays[f"network.{part}.candidate.bias"]) for part in ("encoder", "decoder"))
    return {
        "slots": Array("int16", (bitplanes, 5)),
        "units": Array("float32", (layers,)),
        "additive": Array("bool", ()),
        "context.sizes": Array("uint8", (LARGEST + 1,)),
        "context.enter": Array("int16", (2 * CHANNELS, hidden)),
        "context.pace": Array("int32", (layers, hidden)),
        "context.leave": Array("int16", (hidden, CHANNELS)),
        "context.direct": Array("int32", (bitplanes, N_DIRECT)),
        "context.bias": Array("int32", (bitplanes, 2)),
        "network.strength": Array("float16", (layers, CHANNELS)),
        **_unit("encoder", CHANNELS, encoder, layers),
        **_unit("decoder", 2 * CHANNELS, decoder, layers),
        **layer("network.judge", (2 * CHANNELS, encoder, 1, 1)),
        **layer("network.paint", (CHANNELS, decoder, 1, 1)),
        **tables(arrays),
    }


def _unit(part: str, inputs: int, width: int, layers: int) -> Expected:
    """A gated recurrent unit."""
    return {
        f"network.{part}.pace": Array("float16", (layers, width)),
        **layer(f"network.{part}.enter", (width, inputs, 1, 1)),
        **layer(f"network.{part}.gates", (2 * width, 2 * width, 3, 3)),
        **layer(f"network.{part}.candidate", (width, 2 * width, 3, 3)),
    }


def _values(arrays: Arrays) -> None:
    check_tables(arrays)
    layers, rounds, channels, exponents, amplitudes = arrays["slots"].T
    if (arrays["tables.half_widths"] != 1).any():
        raise ValueError("tables of more than bits")
    lowest = min(column.min() for column in (layers, rounds, channels, amplitudes))
    if lowest < 0 or rounds.max() >= len(layers) or channels.max() >= CHANNELS:
        raise ValueError("the bitplanes are impossible")
    if layers.max() + 1 != len(arrays["units"]) or len(arrays["units"]) > LAYERS:
        raise ValueError(f"bitplanes of {layers.max() + 1} layers")
    if exponents.min() < _LEAST_EXPONENT or exponents.max() > _LARGEST_EXPONENT or (arrays["units"] <= 0).any():
        raise ValueError("the thresholds are impossible")


LAYOUT = Layout(frozenset({"slots", "units"}), _expected, _values)
