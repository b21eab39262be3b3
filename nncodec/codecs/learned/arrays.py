"""The arrays of the weights of ``learned``."""

from nncodec.codecs.learned.blocks import N_TABLES
from nncodec.codecs.learned.context import Inputs
from nncodec.codecs.learned.grid import N_PASSES, UNITS, width_of
from nncodec.codecs.learned.mean_context import N_ROWS
from nncodec.codecs.learned.rows import OWN_TAPS, RING, TAPS
from nncodec.entropy.scales import N_ANCHORS
from nncodec.lapped.layout import CHANNELS, N_GROUPS, PLANES
from nncodec.lapped.layout import TAPS as SIDE
from nncodec.nets.arrays import Array, Expected, Layout, check_tables, residual, tables
from nncodec.nets.weights import Arrays

_STRIDE = 4
_LAYERS = 4
"""Layers of a context: each states the binary places of its sums."""
_MOST_PLACES = 18


def _expected(arrays: Arrays) -> Expected:
    expected = {name: Array("float16", (PLANES, CHANNELS, SIDE, SIDE)) for name in ("analysis", "synthesis")}
    expected |= residual(arrays, "net", 1, _STRIDE, _STRIDE) | tables(arrays, N_TABLES)
    for unit, planes in enumerate(UNITS):
        for group in range(N_GROUPS):
            name = f"{'yc'[unit]}{group}"
            width = len(arrays[f"{name}.hidden0.bias"])
            parts = _of_group(Inputs.of(unit, group), width) if group else _of_means(len(planes), unit, width)
            expected |= {f"{name}.{part}": array for part, array in parts.items()}
    return expected


def _trunk(width: int, channels: int) -> Expected:
    """The arrays that all contexts have."""
    hidden = {f"hidden{number}": Array("int16", (width, width)) for number in (0, 1)}
    biases = {f"hidden{number}.bias": Array("int32", (width,)) for number in (0, 1)}
    return (
        hidden
        | biases
        | {
            "leave": Array("int16", (width, 2 * channels)),
            "bits": Array("uint8", (_LAYERS,)),
            "quality": Array("int32", (N_ANCHORS, width)),
            "index": Array("int32", (N_ANCHORS, 2 * channels)),
        }
    )


def _of_means(planes: int, others: int, width: int) -> Expected:
    """The context of group 0 of a unit of some planes, after others."""
    differences = 16 * planes + 17 * others
    return _trunk(width, planes) | {
        "enter": Array("int16", (2 * differences, width)),
        "row": Array("int32", (N_ROWS, width)),
        "leave.row": Array("int32", (N_ROWS, 2 * planes)),
        "linear": Array("int16", (N_ROWS, differences, planes)),
    }


def _of_group(inputs: Inputs, width: int) -> Expected:
    """The context of another group."""
    own, signed, here = width_of(inputs.own), width_of(inputs.signed), width_of(inputs.signed_here)
    ring, taps = len(RING) * len(inputs.means), len(OWN_TAPS[1])
    return _trunk(width, own) | {
        "leave.bias": Array("int32", (2 * own,)),
        "pass": Array("int32", (N_PASSES, width)),
        "enter.around": Array("int16", (len(TAPS) * (signed + width_of(inputs.sizes)), width)),
        "enter.own": Array("int16", (N_PASSES - 1, taps * (2 * own + 1), width)),
        "enter.here": Array("int16", (2 * ring + here + width_of(inputs.sizes_here), width)),
        "linear.around": Array("int16", (N_PASSES, len(TAPS) * signed, own)),
        "linear.own": Array("int16", (N_PASSES - 1, taps * own, own)),
        "linear.here": Array("int16", (ring + here, own)),
    }


def _values(arrays: Arrays) -> None:
    check_tables(arrays)
    for name, array in arrays.items():
        if name.endswith(".bits") and array.max() > _MOST_PLACES:
            raise ValueError(f"{name} is {array.tolist()}")


LAYOUT = Layout(frozenset({"y0.bits", "net.place"}), _expected, _values)
