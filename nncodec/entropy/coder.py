"""Entropy coding of symbols by range coding. The only file that knows constriction.

The range coder is that of constriction 0.5 (`stream.queue`), with 32-bit words, a 64-bit state and 24-bit
probabilities. Its bits are part of the format; docs/format/container.md specifies them, and
`nncodec.entropy.range_coder` implements that specification for platforms without constriction.
"""

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from nncodec.entropy.tables import Frequencies, Tables
from nncodec.errors import CorruptFile, EncodeError, UnsupportedFile, translated
from nncodec.leb128 import read_number, write_number

Symbols = npt.NDArray[np.int32]
Indices = npt.NDArray[np.uint8]
"""Scale indices, 0 to 63; numbers of tables, where there are several of an index."""
Positions = npt.NDArray[np.int32]

MAX_SYMBOL = 1 << 20
"""Largest magnitude of a symbol."""
_CHUNK = 1 << 20
"""Symbols that are sorted by table at once."""


def join_streams(escapes: bytes, words: bytes) -> bytes:
    """Join the two streams of an `Encoder` as payloads hold them: length of the escapes (LEB128), escapes, words."""
    return write_number(len(escapes)) + escapes + words


def split_streams(data: bytes, start: int) -> tuple[bytes, bytes]:
    """Split escapes and words, which fill ``data`` from ``start`` to its end; the inverse of `join_streams`.

    Raises CorruptFile if the escapes are longer than the data.
    """
    length, at = read_number(data, start)
    if length > len(data) - at:
        raise CorruptFile(f"{length} bytes of escapes in {len(data)} bytes of coded data")
    return data[at : at + length], data[at + length :]


class _Backend(NamedTuple):
    """An implementation of range coding. It codes entries of tables, 0 to n - 1, rather than symbols."""

    distribution: Callable[[Frequencies], Any]
    """Makes of a table's frequencies the argument that its encoder and decoder take."""
    encoder: Callable[[], Any]
    decoder: Callable[[npt.NDArray[np.uint32]], Any]
    """Makes a decoder of words."""


@cache
def _backend() -> _Backend:
    """The range coder of constriction where it is installed, else our own."""
    try:
        from constriction import stream
    except ImportError:
        from nncodec.entropy import range_coder as own

        return _Backend(lambda row: own.Distribution(row.tolist()), own.RangeEncoder, own.RangeDecoder)
    return _Backend(
        # constriction scales weights to 2^24 less their number and adds one to each: with this sum the scale is 1.
        lambda row: stream.model.Categorical((row - 1).astype(np.float64), perfect=False),
        stream.queue.RangeEncoder,
        stream.queue.RangeDecoder,
    )


def _distributions(tables: Tables) -> list[Any]:
    """The backend's distribution of each table, by scale index."""
    with translated(UnsupportedFile, "the tables of distributions are damaged"):
        return [_backend().distribution(row) for row in tables.frequencies]


def _by_table(indices: Indices, tables: int) -> tuple[Positions, list[int]]:
    """Positions (n,) sorted by table, stably, and the number of symbols of each of that many tables."""
    orders, counts = [], []
    for first in range(0, max(len(indices), 1), _CHUNK):  # sorting takes 16 bytes a symbol
        part = indices[first : first + _CHUNK]
        orders.append(np.argsort(part, kind="stable").astype(np.int32) + np.int32(first))
        counts.append(np.bincount(part, minlength=tables))
    if len(orders) == 1:
        return orders[0], counts[0].tolist()
    # merge: the runs of table 0 in all chunks, then those of table 1, ...
    runs = [np.split(order, np.cumsum(count)[:-1]) for order, count in zip(orders, counts, strict=True)]
    return np.concatenate([run for index in zip(*runs, strict=True) for run in index]), np.sum(counts, 0).tolist()


class Encoder:
    """Writes groups of symbols; `finish` returns the bytes.

    Within a group the symbols are coded in the order of their scale indices, all of one index with one call.
    """

    def __init__(self, tables: Tables) -> None:
        self._half_widths = np.array(tables.half_widths, np.int32)
        self._distributions = _distributions(tables)
        self._coder = _backend().encoder()
        self._escapes = bytearray()

    def code(self, symbols: Symbols, indices: Indices) -> None:
        """Write symbols (n,) under the distributions of their scale indices (n,).

        Raises EncodeError for a symbol beyond MAX_SYMBOL.
        """
        if symbols.size and max(int(symbols.max()), -int(symbols.min())) > MAX_SYMBOL:
            raise EncodeError(f"a symbol is larger than {MAX_SYMBOL}")

        order, counts = _by_table(indices, len(self._distributions))
        # sorted by scale index, (n,) each: symbols, half widths of their tables, entries
        sorted_, half = symbols[order], np.repeat(self._half_widths, counts)
        outside = np.abs(sorted_) > half
        entries = np.where(outside, 2 * half + 1, sorted_ + half).astype(np.int32)
        ends = np.cumsum(counts)
        with translated(EncodeError, "the range coder failed"):
            for distribution, count, end in zip(self._distributions, counts, ends.tolist(), strict=True):
                if count:
                    self._coder.encode(entries[end - count : end], distribution)
        for symbol, width in zip(sorted_[outside].tolist(), half[outside].tolist(), strict=True):
            self._escapes += write_number(2 * (abs(symbol) - width - 1) + (symbol < 0))

    def finish(self) -> tuple[bytes, bytes]:
        """The escapes, and the words of the range coder without trailing zero bytes."""
        words = self._coder.get_compressed().astype("<u4").tobytes()
        return bytes(self._escapes), words.rstrip(b"\0")


class Decoder:
    """Reads the groups of symbols that an `Encoder` wrote, in the same order.

    Damaged bytes often decode to wrong symbols without an error: compare a checksum at the end. Raises CorruptFile for
    words that end with a zero byte, which no encoder writes.
    """

    def __init__(self, tables: Tables, escapes: bytes, words: bytes) -> None:
        if words.endswith(b"\0"):
            raise CorruptFile("the coded symbols end with a zero byte")
        padded = words + bytes(-len(words) % 4)
        self._half_widths = np.array(tables.half_widths, np.int32)
        self._distributions = _distributions(tables)
        with translated(CorruptFile, "the coded symbols are damaged"):
            self._coder = _backend().decoder(np.frombuffer(padded, "<u4").astype(np.uint32))
        self._escapes, self._at = escapes, 0

    def code(self, indices: Indices) -> Symbols:
        """Read the next group of symbols (n,), under the distributions of their scale indices (n,).

        Raises CorruptFile for words or escapes that no encoder writes, as far as the decoder notices.
        """
        order, counts = _by_table(indices, len(self._distributions))
        with translated(CorruptFile, "the coded symbols are damaged"):
            runs = [self._coder.decode(each, n) for each, n in zip(self._distributions, counts, strict=True) if n]
        half = np.repeat(self._half_widths, counts)
        found = np.concatenate([np.empty(0, np.int32), *runs]) - half  # (n,), by scale index
        for place in np.flatnonzero(found > half):
            found[place] = self._escape(int(half[place]))
        symbols = np.empty(len(indices), np.int32)
        symbols[order] = found
        return symbols

    def _escape(self, half: int) -> int:
        """The next escaped symbol, beyond a table of -half to half."""
        value, self._at = read_number(self._escapes, self._at)
        magnitude = value // 2 + half + 1
        if magnitude > MAX_SYMBOL:
            raise CorruptFile(f"a symbol is larger than {MAX_SYMBOL}")
        return -magnitude if value % 2 else magnitude

    def finish(self) -> None:
        """Raise CorruptFile unless everything was read, as far as range coding can tell."""
        if self._at != len(self._escapes):
            raise CorruptFile(f"{len(self._escapes) - self._at} bytes of escaped symbols were not used")
        with translated(CorruptFile, "the coded symbols are damaged"):
            if not self._coder.maybe_exhausted():
                raise CorruptFile("some of the coded symbols were not used")
