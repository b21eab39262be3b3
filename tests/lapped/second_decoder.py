"""A second decoder of the lapped latent, written from docs/format/lapped.md and its companions, for tests.

Symbols in plain integers, pixels in double precision, one thing after the other as the documents have it. It shares no
code with the package.
"""

import struct
import zlib
from bisect import bisect_right
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

Arrays = dict[str, npt.NDArray[Any]]
MarkdownTable = npt.NDArray[np.int64]

ORDER = sorted(((u, v) for u in range(8) for v in range(8)), key=lambda uv: (uv[0] + uv[1], uv[0]))
SHARED = np.array([[1, 1, 1], [1, 0, -1], [-1, 2, -1]]) / np.sqrt([[3], [2], [6]])


def leb128(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 128:
            return value, at


class SymbolReader:
    """The range coder, the escapes, the checksum."""

    def __init__(self, arrays: Arrays, escapes: bytes, words: bytes, crc: int) -> None:
        ends = np.cumsum(2 * arrays["tables.half_widths"].astype(int) + 2).tolist()
        whole = arrays["tables.frequencies"].astype(int).tolist()
        self.tables = [whole[start:end] for start, end in pairwise([0, *ends])]
        self.sums = [[0, *np.cumsum(table).tolist()] for table in self.tables]
        self.words = iter([*struct.unpack(f"<{-(-len(words) // 4)}I", words + bytes(-len(words) % 4)), *[0] * 9])
        self.low, self.range = 0, 2**64 - 1
        self.point = next(self.words) * 2**32 + next(self.words)
        self.escapes, self.used, self.crc = escapes, 0, crc

    def symbol(self, index: int) -> int:
        table, sums = self.tables[index], self.sums[index]
        unit = self.range >> 24
        t = (self.point - self.low) % 2**64 // unit
        assert t < 2**24
        k = bisect_right(sums, t) - 1
        self.low, self.range = (self.low + unit * sums[k]) % 2**64, unit * table[k]
        if self.range < 2**32:
            self.low, self.range = self.low * 2**32 % 2**64, self.range * 2**32
            self.point = (self.point * 2**32 + next(self.words)) % 2**64
        half = len(table) // 2 - 1
        if k <= 2 * half:
            return k - half
        number, self.used = leb128(self.escapes, self.used)
        return (-1 if number % 2 else 1) * (number // 2 + half + 1)

    def group(self, indices: list[int]) -> list[int]:
        symbols = [0] * len(indices)
        for place in sorted(range(len(indices)), key=lambda place: (indices[place], place)):
            symbols[place] = self.symbol(indices[place])
        self.crc = zlib.crc32(struct.pack(f"<{len(symbols)}i", *symbols), self.crc)
        return symbols


def channels(group: int) -> slice:
    sums = [u + v for u, v in ORDER]
    return slice(sums.index(group), sums.index(group) + sums.count(group))


Place = tuple[int, int]


def shifted(value: int, shift: int) -> int:
    return (value + (1 << shift - 1)) >> shift


def synthesised(values: MarkdownTable, arrays: Arrays, plane: int) -> Any:
    """A plane in quantiser steps, (8 h, 8 w)."""
    height, width = values.shape[:2]
    wide = np.zeros((height + 2, width + 2, 64))
    for row in range(-1, height + 1):
        for column in range(-1, width + 1):
            y, up = mirrored(row, height)
            x, left = mirrored(column, width)
            wide[row + 1, column + 1] = values[y, x] / 16 * [(-1) ** (u * up + v * left) for u, v in ORDER]
    filters = arrays["synthesis"][plane].astype(float)
    out = np.zeros((8 * height + 24, 8 * width + 24))
    for row in range(height + 2):
        for column in range(width + 2):
            out[8 * row : 8 * row + 16, 8 * column : 8 * column + 16] += np.tensordot(wide[row, column], filters, 1)
    return out[12:-12, 12:-12]


def mirrored(at: int, size: int) -> tuple[int, int]:
    """The place inside that shows at a place, and how many reflections (modulo 2) are between."""
    at %= 2 * size
    return (at, 0) if at < size else (2 * size - 1 - at, 1)


Opened = tuple[int, bytes, int, Any, SymbolReader]


def opened(payload: bytes, arrays: Arrays, width: int, height: int, planes: int, parts: int, own: int = 0) -> Opened:
    """Quality, groups of each part, flags, matrix of colours and the reader of the symbols.

    ``own`` are bytes behind the colours that a codec has for itself.
    """
    q, groups, flags = payload[1], payload[4 : 4 + parts], payload[4 + parts]
    at, matrix = 5 + parts, SHARED
    if flags & 1:
        matrix, at = np.frombuffer(payload, np.int8, 9, at).reshape(3, 3) / 127, at + 9
    length, at = leb128(payload, at + own)
    start = zlib.crc32(struct.pack("<IIBB", width, height, planes, q))
    return q, groups, flags, matrix, SymbolReader(arrays, payload[at : at + length], payload[at + length :], start)


def step_of(q: int) -> float:
    """The quantiser step in levels."""
    return float(192 * 2 ** (-6.5 * q / 200))


def pixels_of(whole: Any, matrix: Any, width: int, height: int) -> Any:
    """Planes in levels to pixels before rounding: (H, W) or (H, W, 3)."""
    pixels = whole[0] / np.sqrt(3) if len(whole) == 1 else np.tensordot(whole, matrix, (0, 0))
    return 128 + pixels[:height, :width]
