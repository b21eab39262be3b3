"""The parameters of `tuned` in a file: a shared start, and the quantised difference of the weights to it.

The name of the weights and a start (u8); then, unless the weights are those of the start, a step exponent (u8), a scale
index (u8), the number of escape bytes (LEB128), the escapes, and the range-coded symbols, as in docs/format/tuned.md.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np

from nncodec.entropy.coder import Decoder, Encoder, Symbols, join_streams, split_streams
from nncodec.entropy.scales import N_SCALES
from nncodec.entropy.tables import Tables
from nncodec.errors import CorruptFile
from nncodec.nets import weights
from nncodec.restorers.tuned.fit import Fit
from nncodec.restorers.tuned.gptq import ESCAPED_NUMBER_BITS, quantised
from nncodec.restorers.tuned.network import N_PARAMETERS, Floats

NAME = "tuned"

_EXPONENTS = range(3, 9)
"""Exponents e of the step sizes 2^-e."""
_MAX_DIFFERENCE = 16.0
"""Largest magnitude of a difference."""
_TRIED_SCALES = range(0, 33, 4)
"""Scale indices that a difference is quantised for; those between give nearly the same symbols."""
_KEPT_STARTS = 64
"""Starts that are kept in memory, of all weights together."""
_KEPT = 4
"""Quantised differences of one fit that are coded: those with the lowest estimated cost."""


def starts_for(model: weights.Model, codec: int) -> list[int]:
    """Indices of the starts that were trained on pictures of a codec (wire number), in some weights."""
    return np.flatnonzero(weights.arrays_of(model, NAME)["codecs"] == codec).tolist()


@lru_cache(_KEPT_STARTS)
def start_weights(model: weights.Model, index: int) -> Floats:
    """The weights (378,) of one start of a model; CorruptFile if it has no such start."""
    starts = weights.arrays_of(model, NAME)["starts"]
    if index >= len(starts):
        raise CorruptFile(f"the weights of {NAME} have no start {index}")
    start: Floats = starts[index].astype(np.float32)
    return start


@lru_cache(weights.KEPT)
def _tables(model: weights.Model) -> Tables:
    return Tables.unpack(weights.arrays_of(model, NAME))


def coded_start(model: weights.Model, index: int) -> bytes:
    """Parameters that stand for the weights of a start."""
    return weights.model_field(model) + bytes([index])


def coded_fits(model: weights.Model, index: int, fit: Fit, bit_price: float) -> Iterator[bytes]:
    """Parameters for a fit, quantised with the step sizes and for the scale indices that promise most.

    Args:
        model: the weights.
        index: of the start.
        fit: the weights, and the curvature of the relative squared error around them.
        bit_price: relative squared error that one bit must save.

    Yields:
        Up to four candidates, the lowest estimate of error and bits first.
    """
    tables = _tables(model)
    difference = fit.parameters - start_weights(model, index)
    for candidate in sorted(_candidates(tables, difference, fit, bit_price), key=lambda each: each.cost)[:_KEPT]:
        encoder = Encoder(tables)
        encoder.code(candidate.symbols, np.full(N_PARAMETERS, candidate.scale, np.uint8))
        head = coded_start(model, index) + bytes([candidate.exponent, candidate.scale])
        yield head + join_streams(*encoder.finish())


@dataclass(frozen=True)
class _Candidate:
    """A quantised difference."""

    cost: float
    """Estimated rise of the relative squared error, and the price of the bits."""
    exponent: int
    scale: int
    """Scale index under which the symbols take the fewest bits."""
    symbols: Symbols
    """(378,)"""


def _candidates(tables: Tables, difference: Floats, fit: Fit, bit_price: float) -> list[_Candidate]:
    """The difference (378,) quantised in all step sizes and for all tried scale indices, without duplicates."""
    codes = list(product(_EXPONENTS, _TRIED_SCALES))
    steps = 2.0 ** -np.array([exponent for exponent, _ in codes])
    bits = [tables.costs(scale) for _, scale in codes]
    found = {}
    for (exponent, _), step, symbols in zip(
        codes, steps, quantised(difference, fit.curvature, steps, bits, bit_price), strict=True
    ):
        if np.abs(symbols).max() <= _MAX_DIFFERENCE / step:
            scale = min(range(N_SCALES), key=lambda index: _estimated_bits(tables, index, symbols))
            error = symbols * step - difference
            # the second-order estimate of the error: e^T H e / 2
            cost = 0.5 * error @ fit.curvature @ error + bit_price * _estimated_bits(tables, scale, symbols)
            found[exponent, symbols.tobytes()] = _Candidate(float(cost), exponent, scale, symbols)
    return list(found.values())


def _estimated_bits(tables: Tables, index: int, symbols: Symbols) -> float:
    """Bits of symbols (378,) under the distribution of one scale index, those of escaped numbers estimated."""
    half = tables.half_widths[index]
    escaped = np.abs(symbols) > half
    bits = tables.costs(index)[np.where(escaped, 2 * half + 1, symbols + half)]
    return float(bits.sum() + ESCAPED_NUMBER_BITS * escaped.sum())


def decoded(parameters: bytes) -> Floats:
    """The weights (378,) that parameters stand for.

    Raises CorruptFile if the parameters are damaged, UnsupportedFile if the model is missing.
    """
    model, rest = weights.split_model(parameters, NAME)
    if not rest:
        raise CorruptFile(f"{len(parameters)} bytes of restorer parameters")
    start = start_weights(model, rest[0])
    if len(rest) == 1:
        return start
    if len(rest) < 4:
        raise CorruptFile(f"{len(parameters)} bytes of restorer parameters")
    exponent, scale = rest[1:3]
    if exponent not in _EXPONENTS or scale >= N_SCALES:
        raise CorruptFile(f"restorer tuned: step exponent {exponent}, scale index {scale}")
    decoder = Decoder(_tables(model), *split_streams(rest, 3))
    symbols = decoder.code(np.full(N_PARAMETERS, scale, np.uint8))
    decoder.finish()
    difference = symbols * np.float32(2.0**-exponent)
    largest = np.abs(difference).max()
    if largest > _MAX_DIFFERENCE:
        raise CorruptFile(f"restorer tuned: a difference of {largest:g}, more than {_MAX_DIFFERENCE:g}")
    return (start + difference).astype(np.float32)
