"""A second decoder of the lapped latent, written from docs/format/lapped.md and its companions, for tests.

Symbols in plain integers, pixels in double precision, one thing after the other as the documents have it. It shares no
code with the package.
"""

import struct
import zlib
from bisect import bisect_right
from collections.abc import Iterator
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


def all_passes(height: int, width: int, spacing: int) -> Iterator[list[tuple[Place, list[Place]]]]:
    """Places of each pass, with their neighbours."""
    yield [((y, x), []) for y in range(0, height, spacing) for x in range(0, width, spacing)]
    while spacing > 1:
        d = spacing // 2
        centres = [(y, x) for y in range(d, height, spacing) for x in range(d, width, spacing)]
        corners = [(-d, -d), (-d, d), (d, -d), (d, d)]
        yield [((y, x), [turned((y, x), *to, height, width) for to in corners]) for y, x in centres]
        edges = [(y, x) for y in range(0, height, spacing) for x in range(d, width, spacing)]
        edges += [(y, x) for y in range(d, height, spacing) for x in range(0, width, spacing)]
        yield [(place, beside(place, d, height, width)) for place in edges]
        spacing = d


def turned(place: Place, down: int, right: int, height: int, width: int) -> Place:
    """A neighbour; what is outside is replaced by what is on the other side."""
    y, x = place
    return (y + down if 0 <= y + down < height else y - down, x + right if 0 <= x + right < width else x - right)


def beside(place: Place, d: int, height: int, width: int) -> list[Place]:
    upright = [turned(place, down, 0, height, width) for down in (-d, d)]
    level = [turned(place, 0, right, height, width) for right in (-d, d)]
    if not all(0 <= y < height for y, _ in upright):
        upright = level
    if not all(0 <= x < width for _, x in level):
        level = upright
    return upright + level


def shifted(value: int, shift: int) -> int:
    return (value + (1 << shift - 1)) >> shift


class Latent:
    """Values, their sizes and ring sums, plane by plane."""

    def __init__(self, arrays: Arrays, coder: SymbolReader, q: int, planes: int, height: int, width: int) -> None:
        self.arrays, self.coder, self.q = arrays, coder, q
        self.size = height, width
        shape = planes, height, width, 64
        self.values, self.sizes, self.ring_sums = (np.zeros(shape, np.int64) for _ in range(3))
        self.read = dict.fromkeys(("enter", "pass", "quality", "leave", "index", "mean"), 0)

    def weights(self, plane: int, group: int) -> dict[str, MarkdownTable]:
        """The next part of each array."""
        own = channels(group)
        c, b, r = own.stop - own.start, own.start, 3 if group else 9
        s = 4 if group == 0 else 4 * c + 9 * b + plane * c if group < 5 else 0
        f = (1 + 2 * plane) * c + 2 * b
        shapes = {"enter": (f, 16), "pass": (r, 16), "quality": (9, 16), "leave": (16, c), "index": (9, c)}
        found = {}
        for name, shape in (shapes | {"mean": (r, s, c)}).items():
            start = self.read[name]
            self.read[name] += int(np.prod(shape))
            found[name] = self.arrays[f"context.{name}"][start : self.read[name]].astype(np.int64).reshape(shape)
        for name in ("quality", "index"):
            i = min(self.q // 25, 7)
            s = self.q - 25 * i
            found[name] = (2 * (found[name][i] * (25 - s) + found[name][i + 1] * s) + 25) // 50
        return found

    def size_of(self, magnitude: int) -> int:
        return int(self.arrays["context.sizes"][min(magnitude, 4095)])

    def plane(self, plane: int, groups: int) -> None:
        for group in range(15):
            weights = self.weights(plane, group)
            if group < groups:
                for row, places in enumerate(all_passes(*self.size, 2 if group else 16)):
                    self.code(plane, group, row, places, weights)
                self.finish(plane, channels(group))

    def code(self, plane: int, group: int, row: int, places: list[Any], weights: dict[str, MarkdownTable]) -> None:
        own = channels(group)
        means, indices = [], []
        for place, neighbours in places:
            mean = self.mean(plane, group, row, place, neighbours, weights)
            inputs = self.inputs(plane, group, place, neighbours, mean[0])
            x = np.array(inputs) @ weights["enter"] + weights["pass"][row] + weights["quality"]
            y = np.array([shifted(int(v), 11 if v >= 0 else 14) for v in x])
            low = 6 if plane == group == 0 else 0
            last = (y @ weights["leave"] + weights["index"]).tolist()
            means += mean
            indices += [max(low, min(63, shifted(v, 18))) for v in last]
        symbols = iter(zip(self.coder.group(indices), means, strict=True))
        for place, _ in places:
            for channel in range(own.start, own.stop):
                n, m = next(symbols)
                value = max(-32767, min(32767, 16 * n + m))
                self.values[(plane, *place, channel)] = value
                self.sizes[(plane, *place, channel)] = self.size_of(abs(value) if group else abs(16 * n))

    def mean(
        self, plane: int, group: int, row: int, place: Place, neighbours: list[Place], weights: dict[str, MarkdownTable]
    ) -> list[int]:
        own, (height, width) = channels(group), self.size
        if group > 4:
            return [0] * (own.stop - own.start)
        values = self.values[plane]
        parts = [values[near_by][own] for near_by in neighbours] or [np.zeros(4 * (own.stop - own.start), np.int64)]
        if group:
            for down in (-1, 0, 1):
                for right in (-1, 0, 1):
                    y, x = min(max(place[0] + down, 0), height - 1), min(max(place[1] + right, 0), width - 1)
                    parts.append(values[y, x, : own.start])
            parts += [self.values[other][place][own] for other in range(plane)]
        sums = np.concatenate(parts) @ weights["mean"][row]
        return [max(-32767, min(32767, shifted(v, 12))) for v in sums.tolist()]

    def inputs(self, plane: int, group: int, place: Place, neighbours: list[Place], mean: int) -> list[int]:
        own = channels(group)
        if group:
            near = 3 * sum(
                (self.sizes[plane][near_by][own] for near_by in neighbours), np.zeros(own.stop - own.start, np.int64)
            )
            found = [*near, *12 * self.sizes[plane][place][: own.start], *self.ring_sums[plane][place][: own.start]]
        else:
            found = [3 * sum(self.size_of(abs(int(self.values[plane][near_by][0]) - mean)) for near_by in neighbours)]
        for other in range(plane):
            found += [*12 * self.sizes[other][place][own], *self.ring_sums[other][place][own]]
        return found

    def finish(self, plane: int, own: slice) -> None:
        height, width = self.size
        wide = np.pad(self.sizes[plane][..., own], ((1, 1), (1, 1), (0, 0)))
        for down, right in ((y, x) for y in (-1, 0, 1) for x in (-1, 0, 1) if (y, x) != (0, 0)):
            part = wide[1 + down : 1 + down + height, 1 + right : 1 + right + width]
            self.ring_sums[plane][..., own] += part * (2 if 0 in (down, right) else 1)


def filters_read(coder: SymbolReader, values: MarkdownTable) -> npt.NDArray[np.float64]:
    """Differences to the filters of a plane, (64, 16, 16)."""
    scales = np.cumsum(coder.group([30] * 64))
    symbols = np.reshape(coder.group([int(scale) for scale in scales for _ in range(256)]), (64, 16, 16))
    energies = [int((values[..., channel] ** 2).sum()) // 256 for channel in range(64)]
    return symbols * np.array([2.0 ** -(energy.bit_length() // 2) for energy in energies])[:, None, None]


def synthesised(values: MarkdownTable, arrays: Arrays, plane: int, changes: npt.NDArray[np.float64] | float) -> Any:
    """A plane in quantiser steps, (8 h, 8 w)."""
    height, width = values.shape[:2]
    wide = np.zeros((height + 2, width + 2, 64))
    for row in range(-1, height + 1):
        for column in range(-1, width + 1):
            y, up = mirrored(row, height)
            x, left = mirrored(column, width)
            wide[row + 1, column + 1] = values[y, x] / 16 * [(-1) ** (u * up + v * left) for u, v in ORDER]
    filters = arrays["synthesis"][plane].astype(float) + changes
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


def opened(payload: bytes, arrays: Arrays, width: int, height: int, planes: int, parts: int) -> Opened:
    """Quality, groups of each part, flags, matrix of colours and the reader of the symbols."""
    q, groups, flags = payload[1], payload[4 : 4 + parts], payload[4 + parts]
    at, matrix = 5 + parts, SHARED
    if flags & 1:
        matrix, at = np.frombuffer(payload, np.int8, 9, at).reshape(3, 3) / 127, at + 9
    length, at = leb128(payload, at)
    start = zlib.crc32(struct.pack("<IIBB", width, height, planes, q))
    return q, groups, flags, matrix, SymbolReader(arrays, payload[at : at + length], payload[at + length :], start)


def step_of(q: int) -> float:
    """The quantiser step in levels."""
    return float(192 * 2 ** (-6.5 * q / 200))


def pixels_of(whole: Any, matrix: Any, width: int, height: int) -> Any:
    """Planes in levels to pixels before rounding: (H, W) or (H, W, 3)."""
    pixels = whole[0] / np.sqrt(3) if len(whole) == 1 else np.tensordot(whole, matrix, (0, 0))
    return 128 + pixels[:height, :width]


def decoded(payload: bytes, arrays: Arrays, width: int, height: int, planes: int) -> tuple[int, Any]:
    """The checksum of the symbols, and the pixels before rounding: (H, W) or (H, W, 3)."""
    q, groups, flags, matrix, coder = opened(payload, arrays, width, height, planes, planes)
    latent, found = Latent(arrays, coder, q, planes, -(-height // 8), -(-width // 8)), []
    for plane in range(planes):
        latent.plane(plane, groups[plane])
        changes = filters_read(coder, latent.values[plane]) if flags >> 1 + plane & 1 else 0.0
        found.append(step_of(q) * synthesised(latent.values[plane], arrays, plane, changes))
    assert coder.used == len(coder.escapes)
    return coder.crc & 0xFFFF, pixels_of(np.stack(found), matrix, width, height)
