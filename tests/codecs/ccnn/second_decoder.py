"""A second decoder of the ccnn codec, written from docs/format/ccnn.md, for tests.

One symbol after the other, as the document has it. It shares no code with the package; its range coder is that of
tests/lapped.
"""

import math
import struct
import zlib
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np

from tests.lapped.second_decoder import SymbolReader, leb128

E = [(16, 19, 23, 27)[i % 4] << i // 4 for i in range(63)]


def table(e: int) -> list[int]:
    u = (math.isqrt((4096**2 + 4 * e**2) << 48) - (4096 << 24)) // (2 * e)
    v, power, tail = u * u >> 24, u, []
    for _ in range(min(1024, 2 + 16 * e // 4096)):
        tail.append(1 + (power * (2**24 - v) >> 25))
        power = power * v >> 24
    return [*tail[::-1], 2**24 - 2 * sum(tail) - 1, *tail, 1]


TABLES = [*map(table, E), [2**23 - 1, 1, 2**23 - 1, 1]]
ARRAYS = {
    "tables.half_widths": np.array([len(row) // 2 - 1 for row in TABLES]),
    "tables.frequencies": np.concatenate(TABLES),
}


def index(e: int) -> int:
    return sum(e >= (a + b) // 2 for a, b in zip(E, E[1:], strict=False))


def columns(coder: SymbolReader, rows: int, indices: list[int]) -> list[list[int]]:
    return [np.cumsum(coder.group([each] * rows), dtype=int).tolist() for each in indices]


def places(height: int, width: int) -> list[tuple[list[tuple[int, int]], list[tuple[int, int]]]]:
    """Positions of each pass, and the offsets of their neighbours."""
    found = [(list(product(range(0, height, 32), range(0, width, 32))), [])]
    for d in (16, 8, 4, 2, 1):
        sides = [(0, -d), (0, d), (-d, 0), (d, 0)]
        for top, left, to in ((d, d, list(product((-d, d), repeat=2))), (0, d, sides), (d, 0, sides)):
            found.append((list(product(range(top, height, 2 * d), range(left, width, 2 * d))), to))
    return found


def latent(coder: SymbolReader, channels: int, height: int, width: int) -> Any:
    rho, still, near, recent, whole = columns(coder, channels, [20, 36, 36, 36, 36])
    value, size = np.zeros((channels, height, width), int), np.zeros((channels, height, width), int)
    for positions, offsets in places(height, width):
        if not positions:
            continue
        for c in range(channels):
            means, indices = [], []
            for y, x in positions:
                around = [(y + a, x + b) for a, b in offsets if 0 <= y + a < height and 0 <= x + b < width]
                n = max(1, len(around))
                means.append((2 * rho[c] * sum(int(value[c][at]) for at in around) + 8 * n) // (16 * n))
                s = sum(int(size[c][at]) for at in around)
                last, every = int(size[max(0, c - 8) : c, y, x].sum()), int(size[:c, y, x].sum())
                e = E[still[c]] + 64 * near[c] * s + 32 * recent[c] * last + 256 * whole[c] * every // max(1, c)
                indices.append(index(e))
            for (y, x), mean, symbol in zip(positions, means, coder.group(indices), strict=True):
                value[c, y, x], size[c, y, x] = symbol + mean, abs(symbol)
    return value


def weights(coder: SymbolReader, planes: int, channels: int, taps: int) -> Any:
    still, near, far, other = columns(coder, planes, [48] * 4)
    signed = np.zeros((planes, channels, taps, taps), int)

    def size(p: int, c: int, v: int, u: int) -> int:
        return abs(int(signed[p, c, v, u])) if v >= 0 and u >= 0 else 0

    for p in range(planes):
        for d in range(2 * taps - 1):
            at = [(c, v, d - v) for c in range(channels) for v in range(taps) if 0 <= d - v < taps]
            indices = []
            for c, v, u in at:
                one, two = size(p, c, v - 1, u) + size(p, c, v, u - 1), size(p, c, v - 2, u) + size(p, c, v, u - 2)
                others = sum(size(q, c, v, u) for q in range(p))
                indices.append(index(E[still[p]] + 128 * (near[p] * one + far[p] * two) + 256 * other[p] * others))
            for (c, v, u), symbol in zip(at, coder.group(indices), strict=True):
                signed[p, c, v, u] = symbol
    found = (signed != 0).astype(int)
    for bit in range(1, 20):
        longer = [at for at in np.ndindex(signed.shape) if abs(signed[at]) > bit]
        for at, symbol in zip(longer, coder.group([63] * len(longer)), strict=True):
            found[at] = 2 * found[at] + (symbol > 0)
    return found * np.sign(signed)


def rounded(number: Any, bits: int) -> Any:
    return (number + (1 << bits - 1)) >> bits


def kernels(found: Any, value: Any, step: int) -> Any:
    planes, channels, taps, _ = found.shape
    cosines = np.array(
        [
            [round(2**14 * math.sqrt((1 + (u > 0)) / taps) * math.cos(math.pi * (2 * k + 1) * u / (2 * taps)))
             for k in range(taps)]
            for u in range(taps)
        ]
    )  # fmt: skip
    out = np.zeros(found.shape, int)
    for p, c in product(range(planes), range(channels)):
        k = (int((value[c] ** 2).sum())).bit_length() // 2
        scaled = np.array(
            [[math.floor(Fraction(int(n)) * Fraction(2) ** (20 - k)) for n in row] for row in found[p, c]]
        )
        half = rounded(cosines.T @ scaled, 14)
        out[p, c] = np.clip(rounded(rounded(half @ cosines, 14) * step, 15), -(2**20), 2**20)
    if planes == 1:
        return out
    turn = np.array([[2365, 2896, 1672], [2365, 0, -3344], [2365, -2896, 1672]])
    return rounded(np.tensordot(turn, out, 1), 12)


def decoded(payload: bytes, width: int, height: int, planes: int) -> tuple[int, Any]:
    """The checksum of the symbols, and the pixels, (H, W, planes)."""
    stride, overlap, leak, step = payload[0], payload[1], payload[2], payload[3] + 256 * payload[4]
    channels, at = leb128(payload, 7)
    length, at = leb128(payload, at)
    start = zlib.crc32(struct.pack("<IIB", width, height, planes))
    coder = SymbolReader(ARRAYS, payload[at : at + length], payload[at + length :], start)
    rows, across = -(-height // stride) + overlap - 1, -(-width // stride) + overlap - 1
    value = latent(coder, channels, rows, across)
    filters = kernels(weights(coder, planes, channels, stride * overlap), value, step)
    taps = stride * overlap
    whole = np.zeros((planes, (rows + overlap) * stride, (across + overlap) * stride), int)
    for c, y, x in product(range(channels), range(rows), range(across)):
        activated = int(value[c, y, x]) * (16 if value[c, y, x] >= 0 else leak)
        whole[:, y * stride : y * stride + taps, x * stride : x * stride + taps] += activated * filters[:, c]
    margin = (overlap - 1) * stride
    levels = rounded(whole[:, margin : margin + height, margin : margin + width], 16) + 128
    assert coder.used == len(coder.escapes)
    return coder.crc & 0xFFFF, np.moveaxis(levels.clip(0, 255), 0, -1)
