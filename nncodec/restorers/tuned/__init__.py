"""378 weights trained on the one picture: a shared start, and the quantised difference to it.

The parameters in the file: model number (u8), start (u8), and, unless the start serves as it is: step exponent (u8),
scale index (u8), number of escape bytes (LEB128), escapes, range-coded differences. See docs/format/tuned.md.
"""

from collections.abc import Iterator
from functools import cache
from itertools import product

import numpy as np

from nncodec.entropy.coder import Decoder, Encoder, Symbols, framed, unframed
from nncodec.entropy.scales import N_SCALES
from nncodec.entropy.tables import Tables
from nncodec.errors import CorruptFile
from nncodec.image import Pixels
from nncodec.nets import weights
from nncodec.nets.tiles import Region, tile_by_tile
from nncodec.restorers import Task
from nncodec.restorers.tuned.fit import Fit, Pair, Regions
from nncodec.restorers.tuned.gptq import rounded
from nncodec.restorers.tuned.network import N_PARAMETERS, Floats, correction, luma_around
from nncodec.threads import products_alone

_NAME = "tuned"
_EXPONENTS = range(3, 9)
"""Differences are multiples of 2^-3 to 2^-8."""
_MAX_DIFFERENCE = 16.0
_STAGES = (100, 300, 300, 600, 1200, 2400)
"""Optimiser steps of the stages; effort 4 runs the first, 5 the first two, 9 all of them. Lower efforts fit nothing."""
_FIRST_FITTING_EFFORT = 4
_ROUNDED_SCALES = range(0, 33, 4)
"""Scale indices for which the rounding is tried, those in between being hardly different."""
_TRIED = 4
"""Codings of one fit whose error is measured; the others look worse by their estimate."""
_FEWEST_BYTES, _DEAREST = 50, 0.05
"""No fit is tried for a file so small that so few bytes would have to take away more than this share of the error."""
_TILE_ROWS, _TILE_COLUMNS = 64, 384
"""Tiles that keep the network's planes in a core's cache, and give every core some of a small picture."""


class Tuned:
    """Luma only, 8 bits; the same correction is added to R, G and B."""

    id = 1
    name = _NAME

    def fit(self, task: Task) -> bytes | None:
        """Parameters for one picture; None if there is no start for its codec or nothing to gain."""
        if task.seen.dtype != np.uint8:
            return None
        with products_alone():  # the matrices are small, and threads would wait for each other
            return self._fit(task)

    def _fit(self, task: Task) -> bytes | None:
        number = weights.newest(_NAME)
        starts = _starts_for(number, task.codec)
        pair = Pair(task.seen, task.original)
        sample = pair.sample()
        if not starts or sample.before() == 0:
            return None
        start = min(starts, key=lambda index: sample.after(_start(number, index)))
        head = bytes([number, start])
        candidates = [head]
        stages = _STAGES[: max(0, task.effort - _FIRST_FITTING_EFFORT + 1)]
        if stages and task.price(_FEWEST_BYTES) < _DEAREST:
            for fit in pair.fits(_start(number, start), stages):
                candidates += [head + tail for tail in _tails(number, _start(number, start), fit, task)]
        return min(candidates, key=lambda parameters: _cost(parameters, sample, task))

    def apply(self, seen: Pixels, parameters: bytes, device: str) -> Pixels:
        """Add the correction to (H, W) or (H, W, 3) uint8 pixels; the device does not matter."""
        weights = _unpack(parameters)
        if seen.dtype != np.uint8:
            raise CorruptFile("a tuned restorer for samples of more than 8 bits")
        out = np.empty_like(seen)

        def restore(region: Region) -> None:
            added = np.rint(correction(weights, luma_around(seen, *region)))
            levels = np.clip(added, -255, 255, out=added).astype(np.int16)
            better = seen[region].astype(np.int16)
            for plane in [better] if better.ndim == 2 else np.moveaxis(better, 2, 0):
                plane += levels  # a plane at a time: far faster than spreading the levels over three neighbours
            out[region] = np.clip(better, 0, 255, out=better)

        tile_by_tile(seen.shape, _TILE_ROWS, _TILE_COLUMNS, restore)
        return out


def _cost(parameters: bytes, sample: Regions, task: Task) -> float:
    """Relative squared error, and what the bytes cost at the picture's rate."""
    return sample.after(_unpack(parameters)) / sample.before() + task.price(len(parameters))


def _starts_for(number: int, codec: int) -> list[int]:
    """The starts trained for a codec's wire number."""
    return np.flatnonzero(weights.load(number, _NAME)["codecs"] == codec).tolist()


@cache
def _start(number: int, index: int) -> Floats:
    starts = weights.load(number, _NAME)["starts"]
    if index >= len(starts):
        raise CorruptFile(f"model {number} has no start {index}")
    start: Floats = starts[index].astype(np.float32)
    return start


@cache
def _tables(number: int) -> Tables:
    return Tables.unpack(weights.load(number, _NAME))


def _tails(number: int, start: Floats, fit: Fit, task: Task) -> Iterator[bytes]:
    """The coded difference with those step sizes and distributions that promise most."""
    difference, tables = fit.parameters - start, _tables(number)
    codes = list(product(_EXPONENTS, _ROUNDED_SCALES))
    steps = 2.0 ** -np.array([exponent for exponent, _ in codes])
    bits = [tables.costs(scale) for _, scale in codes]
    per_bit = (task.price(1) - task.price(0)) / 8
    found = {}
    for (exponent, _), step, symbols in zip(
        codes, steps, rounded(difference, fit.curvature, steps, bits, per_bit), strict=True
    ):
        if np.abs(symbols).max() <= _MAX_DIFFERENCE / step:
            scale = min(range(N_SCALES), key=lambda index: _bits(tables, index, symbols))
            off = symbols * step - difference
            estimate = 0.5 * off @ fit.curvature @ off + per_bit * _bits(tables, scale, symbols)
            found[exponent, symbols.tobytes()] = (float(estimate), exponent, scale, symbols)
    for _, exponent, scale, symbols in sorted(found.values(), key=lambda one: one[0])[:_TRIED]:
        yield _coded(tables, exponent, scale, symbols)


def _coded(tables: Tables, exponent: int, scale: int, symbols: Symbols) -> bytes:
    encoder = Encoder(tables)
    encoder.code(symbols, np.full(N_PARAMETERS, scale, np.uint8))
    return bytes([exponent, scale]) + framed(*encoder.finish())


def _bits(tables: Tables, index: int, symbols: Symbols) -> float:
    """About what the symbols cost with one of the tables; an escaped one another ten bits."""
    half = tables.half_widths[index]
    outside = np.abs(symbols) > half
    costs = tables.costs(index)[np.where(outside, 2 * half + 1, symbols + half)]
    return float(costs.sum() + 10 * outside.sum())


def _unpack(parameters: bytes) -> Floats:
    """The weights (378,) that parameters stand for.

    Raises CorruptFile if they are damaged, UnsupportedFile if the shared weights are missing.
    """
    if len(parameters) < 2:
        raise CorruptFile(f"{len(parameters)} bytes of restorer parameters")
    start = _start(parameters[0], parameters[1])
    if len(parameters) == 2:
        return start
    if len(parameters) < 5:
        raise CorruptFile(f"{len(parameters)} bytes of restorer parameters")
    exponent, scale = parameters[2:4]
    if exponent not in _EXPONENTS or scale >= N_SCALES:
        raise CorruptFile(f"restorer tuned: step exponent {exponent}, scale index {scale}")
    decoder = Decoder(_tables(parameters[0]), *unframed(parameters, 4))
    symbols = decoder.code(np.full(N_PARAMETERS, scale, np.uint8))
    decoder.finish()
    difference = symbols * np.float32(2.0**-exponent)
    largest = np.abs(difference).max()
    if largest > _MAX_DIFFERENCE:
        raise CorruptFile(f"restorer tuned: a difference of {largest:g}, more than {_MAX_DIFFERENCE:g}")
    return (start + difference).astype(np.float32)


RESTORER = Tuned()
