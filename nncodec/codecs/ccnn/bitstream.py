"""The bitstream of the ccnn codec: the payload as a value, and the one coding loop of both directions."""

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nncodec.codecs.ccnn.context import FilterContexts, LatentContexts
from nncodec.codecs.ccnn.layout import (
    FAIR,
    LEAK_ONE,
    LEVELS,
    MAX_VALUE,
    Integers,
    Shape,
    index_of,
    passes,
    tables,
)
from nncodec.entropy.coder import Decoder, Encoder, Indices, Symbols, join_streams, split_streams
from nncodec.errors import CorruptFile, EncodeError
from nncodec.leb128 import read_number, write_number

Code = Callable[[Symbols, Indices], Symbols]
"""Write symbols (n,) under indices (n,) and return them; or read them, whatever symbols are given."""
Values = npt.NDArray[np.int16]

MAX_CLASS = 20
"""Largest class of a weight: its magnitude has so many bits."""


@dataclass(frozen=True)
class Payload:
    """A payload before any symbol is decoded. `serialize` and `parse` are inverse functions."""

    shape: Shape
    leak: int
    """Slope of the leaky ReLU below zero, in sixteenths, 1 to 16."""
    step: int
    """Levels that a value of one stands for, in 1/128."""
    checksum: int
    """Low 16 bits of the CRC-32 of the picture's size, then of all symbols."""
    escapes: bytes
    words: bytes

    def serialize(self) -> bytes:
        """To bytes, as docs/format/ccnn.md has them."""
        head = struct.pack("<BBBHH", self.shape.stride, self.shape.overlap, self.leak, self.step, self.checksum)
        return head + write_number(self.shape.channels) + join_streams(self.escapes, self.words)

    @classmethod
    def parse(cls, data: bytes, planes: int) -> "Payload":
        """From bytes; CorruptFile if they are too short or beyond the limits of a picture of so many planes."""
        size = struct.calcsize("<BBBHH")
        if len(data) <= size:
            raise CorruptFile(f"a ccnn payload of {len(data)} bytes")
        stride, overlap, leak, step, checksum = struct.unpack("<BBBHH", data[:size])
        channels, at = read_number(data, size)
        shape = Shape(stride, overlap, channels)
        problem = shape.problem(planes)
        if problem or not 1 <= leak <= LEAK_ONE or not step:
            raise CorruptFile(problem or f"a leak of {leak}/{LEAK_ONE} and a step of {step}")
        return cls(shape, leak, step, checksum, *split_streams(data, at))


def stamp(width: int, height: int, planes: int) -> int:
    """CRC-32 of the size, from which the checksum of the symbols goes on."""
    return zlib.crc32(struct.pack("<IIB", width, height, planes))


class Writer:
    """Range coder of symbols, with the checksum over them."""

    def __init__(self, start: int) -> None:
        self._encoder, self._crc = Encoder(tables()), start

    def code(self, symbols: Symbols, indices: Indices) -> Symbols:
        """Write symbols (n,) under indices (n,)."""
        self._crc = zlib.crc32(symbols.astype("<i4").tobytes(), self._crc)
        self._encoder.code(symbols, indices)
        return symbols

    def finish(self) -> tuple[int, bytes, bytes]:
        """Checksum, escapes and words."""
        return self._crc & 0xFFFF, *self._encoder.finish()


class Reader:
    """Inverse of `Writer`."""

    def __init__(self, start: int, payload: Payload) -> None:
        self._decoder, self._crc = Decoder(tables(), payload.escapes, payload.words), start
        self._expected = payload.checksum

    def code(self, _: Symbols, indices: Indices) -> Symbols:
        """Read symbols of these indices, (n,)."""
        symbols = self._decoder.code(indices)
        self._crc = zlib.crc32(symbols.astype("<i4").tobytes(), self._crc)
        return symbols

    def finish(self) -> None:
        """Check that everything was read and that the symbols are those that were written; CorruptFile if not."""
        self._decoder.finish()
        if self._crc & 0xFFFF != self._expected:
            raise CorruptFile(f"the symbols' checksum is {self._crc & 0xFFFF:04x}, not {self._expected:04x}")


# --- the latent -------------------------------------------------------------------------------------------------------


def padded(values: Values) -> Values:
    """The latent (channels, rows, columns) with a margin of zeros of 2^LEVELS on all sides of the grid."""
    margin = 1 << LEVELS
    return np.pad(values, ((0, 0), (margin, margin), (margin, margin)))


def inner(values: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
    """The inverse of `padded`, as a view."""
    margin = 1 << LEVELS
    return values[:, margin:-margin, margin:-margin]


def code_latent(values: Values, contexts: LatentContexts, code: Code) -> None:
    """Write the latent, `padded`, or read it into an array of zeros.

    A symbol is a value less the mean that its known neighbours predict. CorruptFile for values beyond MAX_VALUE.
    """
    channels, *sides = values.shape
    rows, columns = (side - (2 << LEVELS) for side in sides)
    magnitudes = np.zeros(values.shape, np.uint16)
    inside = np.zeros(values.shape[1:], np.uint8)
    inner(inside[None])[...] = 1
    for each in passes(rows, columns):
        here = each.at(rows, columns)
        moved = [each.at(rows, columns, *offset) for offset in each.neighbours]
        count = sum((inside[at].astype(np.int64) for at in moved), np.zeros(inside[here].shape, np.int64))
        before = [np.zeros(count.shape, np.int64)]  # sums of magnitudes over the channels so far
        for channel in range(channels):
            around = sum((values[channel][at].astype(np.int64) for at in moved), np.zeros_like(count))
            activity = sum((magnitudes[channel][at].astype(np.int64) for at in moved), np.zeros_like(count))
            mean = contexts.mean(channel, around, count)
            indices = index_of(contexts.expected(channel, activity, before))
            wanted = values[channel][here] - mean
            symbols = code(wanted.astype(np.int32).reshape(-1), indices.reshape(-1)).reshape(mean.shape)
            found = symbols + mean
            if found.size and np.abs(found).max() > MAX_VALUE:
                raise CorruptFile(f"a value of the latent is larger than {MAX_VALUE}")
            values[channel][here] = found
            magnitudes[channel][here] = np.minimum(np.abs(symbols), MAX_VALUE)
            before.append(before[-1] + magnitudes[channel][here])


# --- the filters ------------------------------------------------------------------------------------------------------


def code_filters(weights: Integers, contexts: FilterContexts, code: Code) -> None:
    """Write the weights of the filters (planes, channels, taps, taps), by frequency, or read them into zeros.

    First the class of each weight, which is the number of its bits with its sign, along ascending sums of both
    frequencies; then the bits after the first of all weights. CorruptFile for classes beyond MAX_CLASS.
    """
    planes, channels, taps, _ = weights.shape
    signed = np.sign(weights) * _bits_of(weights)
    classes = np.zeros((planes, channels, taps + 2, taps + 2), np.int64)  # magnitudes, with a margin before
    for plane in range(planes):
        for diagonal in range(2 * taps - 1):
            rows = np.arange(max(0, diagonal - taps + 1), min(diagonal, taps - 1) + 1)
            columns = diagonal - rows
            indices = index_of(contexts.expected(plane, classes, rows, columns))  # (channels, n)
            symbols = code(signed[plane, :, rows, columns].T.astype(np.int32).reshape(-1), indices.reshape(-1))
            if symbols.size and np.abs(symbols).max() > MAX_CLASS:
                raise CorruptFile(f"a weight of more than {MAX_CLASS} bits")
            signed[plane, :, rows, columns] = symbols.reshape(indices.shape).T
            classes[plane, :, rows + 2, columns + 2] = np.abs(signed[plane, :, rows, columns])
    _code_rest(weights, signed, code)


def _bits_of(weights: Integers) -> Integers:
    """The number of bits of each magnitude."""
    return np.frexp(np.abs(weights).astype(np.float64))[1].astype(np.int64)


def _code_rest(weights: Integers, signed: Integers, code: Code) -> None:
    """Write or read the bits after the first of weights of the given classes, the highest first."""
    flat, classes = np.abs(weights).reshape(-1), np.abs(signed).reshape(-1)
    found = (classes > 0).astype(np.int64)
    for place in range(1, MAX_CLASS):
        longer = np.flatnonzero(classes > place)
        bits = flat[longer] >> (classes[longer] - 1 - place) & 1
        symbols = code((2 * bits - 1).astype(np.int32), np.full(len(longer), FAIR, np.uint8))
        if len(symbols) and not symbols.all():
            raise CorruptFile("a bit of a weight is neither 0 nor 1")
        found[longer] = 2 * found[longer] + (symbols > 0)
    weights[...] = found.reshape(weights.shape) * np.sign(signed)


def write(values: Values, weights: Integers, shape: Shape, size: tuple[int, int], step: int, leak: int) -> bytes:
    """The payload of a latent (channels, rows, columns) and weights (planes, channels, taps, taps).

    Args:
        values: within MAX_VALUE.
        weights: by frequency, see `code_filters`.
        shape: of the network.
        size: width and height of the picture.
        step: in 1/128 level.
        leak: in sixteenths.
    """
    writer = Writer(stamp(*size, len(weights)))
    latent, filters = LatentContexts.fitted(padded(values)), FilterContexts.fitted(weights)
    if weights.size and _bits_of(weights).max() > MAX_CLASS:
        raise EncodeError(f"a weight of more than {MAX_CLASS} bits")
    latent.code(writer.code)
    code_latent(padded(values), latent, writer.code)
    filters.code(writer.code)
    code_filters(weights.copy(), filters, writer.code)
    return Payload(shape, leak, step, *writer.finish()).serialize()


def read(payload: Payload, width: int, height: int, planes: int) -> tuple[Values, Integers]:
    """The latent and the weights of a payload; the inverse of `write`.

    Raises CorruptFile if so few bytes cannot hold so many symbols, before memory is allocated for them, and if the
    symbols are not those that were written.
    """
    shape = payload.shape
    rows, columns = shape.grid(width, height)
    n_symbols = shape.channels * (rows * columns + planes * shape.taps**2)
    least = n_symbols * tables().least_cost(range(FAIR)) / 8
    if least > len(payload.words) + 8:
        raise CorruptFile(
            f"{len(payload.words)} bytes cannot hold the {n_symbols} symbols of {width} x {height} samples"
        )
    reader = Reader(stamp(width, height, planes), payload)
    latent = LatentContexts.read(shape.channels, reader.code)
    values = padded(np.zeros((shape.channels, rows, columns), np.int16))
    code_latent(values, latent, reader.code)
    filters = FilterContexts.read(planes, reader.code)
    weights = np.zeros((planes, shape.channels, shape.taps, shape.taps), np.int64)
    code_filters(weights, filters, reader.code)
    reader.finish()
    return np.ascontiguousarray(inner(values)), weights
