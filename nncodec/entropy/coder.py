"""Symbols to words and back, by range coding. The only file that knows constriction.

The coder is that of constriction 0.5 (`stream.queue`), with 32-bit words, a 64-bit state and 24-bit probabilities;
docs/format/container.md describes it well enough to be written again, as `nncodec.entropy.range_coder` does for
platforms without constriction. Its bit stream is part of the format.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from nncodec.entropy.scales import N_SCALES
from nncodec.entropy.tables import Frequencies, Tables
from nncodec.errors import CorruptFile, EncodeError, NncError, UnsupportedFile
from nncodec.leb128 import read_number, write_number

Symbols = npt.NDArray[np.int32]
Indices = npt.NDArray[np.uint8]
Positions = npt.NDArray[np.int32]

MAX_SYMBOL = 1 << 20
"""Largest magnitude of a symbol."""
_CHUNK = 1 << 20
"""Symbols that are sorted by scale index at once."""


def framed(escapes: bytes, words: bytes) -> bytes:
    """What an encoder finished with, as payloads end: the length of the escapes, the escapes, the words."""
    return write_number(len(escapes)) + escapes + words


def unframed(data: bytes, start: int) -> tuple[bytes, bytes]:
    """Inverse of `framed`, from ``start`` to the end of ``data``: escapes and words. CorruptFile."""
    length, at = read_number(data, start)
    if length > len(data) - at:
        raise CorruptFile(f"{length} bytes of escapes in {len(data)} bytes of coded data")
    return data[at : at + length], data[at + length :]


class _RangeCoding(NamedTuple):
    """A range coder, whose symbols are places in tables of frequencies."""

    model: Callable[[Frequencies], Any]
    """Makes what both sides want of a table."""
    encoder: Callable[[], Any]
    decoder: Callable[[npt.NDArray[np.uint32]], Any]
    """Makes a decoder of words."""


@cache
def _range_coding() -> _RangeCoding:
    """That of constriction where it is installed, else our own."""
    try:
        from constriction import stream
    except ImportError:
        from nncodec.entropy import range_coder as own

        return _RangeCoding(lambda row: own.Distribution(row.tolist()), own.RangeEncoder, own.RangeDecoder)
    return _RangeCoding(
        # constriction scales weights to 2^24 less their number and adds one to each: with this sum the scale is 1.
        lambda row: stream.model.Categorical((row - 1).astype(np.float64), perfect=False),
        stream.queue.RangeEncoder,
        stream.queue.RangeDecoder,
    )


@contextmanager
def _translated(kind: type[NncError], message: str) -> Iterator[None]:
    """Turn whatever constriction raises into ``kind``; its panics are no `Exception`, only a `BaseException`."""
    try:
        yield
    except (KeyboardInterrupt, SystemExit, MemoryError, NncError):
        raise
    except BaseException as error:
        raise kind(f"{message}: {error}") from error


def _models(tables: Tables) -> list[Any]:
    """The range coder's model of each table, by scale index."""
    with _translated(UnsupportedFile, "the tables of distributions are damaged"):
        return [_range_coding().model(row) for row in tables.frequencies]


def _by_scale(indices: Indices) -> tuple[Positions, list[int]]:
    """Positions sorted by scale index, those of equal index in order; and how many each index has."""
    orders, counts = [], []
    for first in range(0, max(len(indices), 1), _CHUNK):  # sorting takes 16 bytes a symbol
        part = indices[first : first + _CHUNK]
        orders.append(np.argsort(part, kind="stable").astype(np.int32) + np.int32(first))
        counts.append(np.bincount(part, minlength=N_SCALES))
    if len(orders) == 1:
        return orders[0], counts[0].tolist()
    runs = [np.split(order, np.cumsum(count)[:-1]) for order, count in zip(orders, counts, strict=True)]
    return np.concatenate([run for index in zip(*runs, strict=True) for run in index]), np.sum(counts, 0).tolist()


class Encoder:
    """Writes groups of symbols; `finish` gives the bytes."""

    def __init__(self, tables: Tables) -> None:
        self._half_widths = np.array(tables.half_widths, np.int32)
        self._models = _models(tables)
        self._coder = _range_coding().encoder()
        self._escapes = bytearray()

    def code(self, symbols: Symbols, indices: Indices) -> None:
        """Write symbols (n,) under the distributions of their scale indices (n,).

        Raises EncodeError for a symbol beyond MAX_SYMBOL.
        """
        if symbols.size and max(int(symbols.max()), -int(symbols.min())) > MAX_SYMBOL:
            raise EncodeError(f"a symbol is larger than {MAX_SYMBOL}")

        order, counts = _by_scale(indices)
        sorted_, half = symbols[order], np.repeat(self._half_widths, counts)
        outside = np.abs(sorted_) > half
        places = np.where(outside, 2 * half + 1, sorted_ + half).astype(np.int32)
        ends = np.cumsum(counts)
        with _translated(EncodeError, "the range coder failed"):
            for model, count, end in zip(self._models, counts, ends.tolist(), strict=True):
                if count:
                    self._coder.encode(places[end - count : end], model)
        for symbol, width in zip(sorted_[outside].tolist(), half[outside].tolist(), strict=True):
            self._escapes += write_number(2 * (abs(symbol) - width - 1) + (symbol < 0))

    def finish(self) -> tuple[bytes, bytes]:
        """The escapes and the range coder's bytes, whose trailing zeros are left out."""
        words = self._coder.get_compressed().astype("<u4").tobytes()
        return bytes(self._escapes), words.rstrip(b"\0")


class Decoder:
    """Reads groups of symbols back. Damage shows as wrong symbols as often as not: compare a checksum at the end."""

    def __init__(self, tables: Tables, escapes: bytes, words: bytes) -> None:
        if words.endswith(b"\0"):
            raise CorruptFile("the coded symbols end with a zero byte")
        padded = words + bytes(-len(words) % 4)
        self._half_widths = np.array(tables.half_widths, np.int32)
        self._models = _models(tables)
        with _translated(CorruptFile, "the coded symbols are damaged"):
            self._coder = _range_coding().decoder(np.frombuffer(padded, "<u4").astype(np.uint32))
        self._escapes, self._at = escapes, 0

    def code(self, indices: Indices) -> Symbols:
        """The next group of symbols (n,), under the distributions of their scale indices (n,).

        Raises CorruptFile where the words cannot have been written so.
        """
        order, counts = _by_scale(indices)
        with _translated(CorruptFile, "the coded symbols are damaged"):
            runs = [self._coder.decode(model, n) for model, n in zip(self._models, counts, strict=True) if n]
        half = np.repeat(self._half_widths, counts)
        found = np.concatenate([np.empty(0, np.int32), *runs]) - half
        for place in np.flatnonzero(found > half):
            found[place] = self._escape(int(half[place]))
        symbols = np.empty(len(indices), np.int32)
        symbols[order] = found
        return symbols

    def _escape(self, half: int) -> int:
        value, self._at = read_number(self._escapes, self._at)
        magnitude = value // 2 + half + 1
        if magnitude > MAX_SYMBOL:
            raise CorruptFile(f"a symbol is larger than {MAX_SYMBOL}")
        return -magnitude if value % 2 else magnitude

    def finish(self) -> None:
        """Check that everything was read, as far as range coding can tell; CorruptFile if not."""
        if self._at != len(self._escapes):
            raise CorruptFile(f"{len(self._escapes) - self._at} bytes of escaped symbols were not used")
        with _translated(CorruptFile, "the coded symbols are damaged"):
            if not self._coder.maybe_exhausted():
                raise CorruptFile("some of the coded symbols were not used")
