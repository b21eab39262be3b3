"""A second decoder of the learned codec, written from docs/format/learned.md, for tests.

Symbols in plain integers, one position after the other as the document has it. It shares no code with the package.
"""

from collections.abc import Iterator
from fractions import Fraction
from itertools import product
from math import log2
from typing import Any

import numpy as np

from tests.lapped.second_decoder import (
    SHARED,
    Arrays,
    Place,
    SymbolReader,
    channels,
    opened,
    pixels_of,
    shifted,
    step_of,
    synthesised,
)

RING = [tap for tap in product((-1, 0, 1), repeat=2) if tap != (0, 0)]
OWN = ((), ((-1, -1), (-1, 1), (1, -1), (1, 1)), ((-1, 0), (0, -1), (0, 1), (1, 0)))
CENTRES = (
    [(-1, -1), (-1, 1), (1, -1), (1, 1)]
    + [(-1, -3), (-1, 3), (1, -3), (1, 3), (-3, -1), (-3, 1), (3, -1), (3, 1)]
    + [(-3, -3), (-3, 3), (3, -3), (3, 3)]
)
EDGES = (
    [(-1, 0), (1, 0), (0, -1), (0, 1)]
    + [(-1, -2), (-1, 2), (1, -2), (1, 2), (-2, -1), (-2, 1), (2, -1), (2, 1)]
    + [(-3, 0), (3, 0), (0, -3), (0, 3)]
)
WORDS = [w for ones in (3, 5) for w in range(64) if bin(w).count("1") == ones]


def signed(value: int) -> int:
    return max(-127, min(127, round(Fraction(value, 4))))  # Python rounds halves to even


def size(value: int) -> int:
    return (((8 + min(abs(value), 4095)) ** 16).bit_length() - 1 - 47) >> 1


def span(first: int, last: int) -> range:
    """Channels of the groups from one to another, none if there are none."""
    first, last = max(1, first), min(14, last)
    return range(channels(first).start, channels(last).stop) if first <= last else range(0)


class Latent:
    """Values, unit by unit."""

    def __init__(self, arrays: Arrays, coder: SymbolReader, q: int, planes: int, height: int, width: int) -> None:
        self.arrays, self.coder, self.q = arrays, coder, q
        self.height, self.width = height, width
        self.values = np.zeros((planes, height, width, 64), np.int64)
        self.follower: Follower | None = None

    def at(self, plane: int, y: int, x: int, channel: int) -> int:
        inside = 0 <= y < self.height and 0 <= x < self.width
        return int(self.values[plane, y, x, channel]) if inside else 0

    def array(self, name: str) -> Any:
        return self.arrays[name].astype(object)

    def anchored(self, name: str) -> Any:
        table, i = self.array(name), min(self.q // 25, 7)
        s = self.q - 25 * i
        return (2 * (table[i] * (25 - s) + table[i + 1] * s) + 25) // 50

    def unit(self, unit: int, groups: int, adaptive: bool) -> None:
        planes = ((0,), (1, 2))[unit]
        self.follower = Follower(self.arrays) if adaptive else None
        for step, places, offsets, distance in self.mean_steps():
            self.code(
                planes, 0, places, [self.mean_context(unit, planes, step, at, offsets, distance) for at in places]
            )
        for group in range(1, groups):
            for number, corners in enumerate((((0, 0),), ((1, 1),), ((0, 1), (1, 0)))):
                for top, left in corners:
                    places = list(product(range(top, self.height, 2), range(left, self.width, 2)))
                    if places:
                        self.code(
                            planes, group, places, [self.context(unit, planes, group, number, at) for at in places]
                        )

    def mean_steps(self) -> Iterator[tuple[int, list[Place], list[Place], int]]:
        h, w = self.height, self.width
        yield 0, list(product(range(0, h, 16), range(0, w, 16))), [], 0
        for step, d in enumerate((8, 4, 2, 1)):
            centres = list(product(range(d, h, 2 * d), range(d, w, 2 * d)))
            edges = [*product(range(0, h, 2 * d), range(d, w, 2 * d)), *product(range(d, h, 2 * d), range(0, w, 2 * d))]
            if centres:
                yield 2 * step + 1, centres, CENTRES, d
            if edges:
                yield 2 * step + 2, edges, EDGES, d

    def code(self, planes: tuple[int, ...], group: int, places: list[Place], told: list[Any]) -> None:
        low = 6 if group == 0 and planes == (0,) else 0
        fine = [index for _, indices in told for index in indices]
        if self.follower is None:
            found = self.symbols([max(low, min(63, shifted(v, 4))) for v in fine])
        else:
            count = len(planes) * (channels(group).stop - channels(group).start)
            indices = self.follower.indices(group, count, fine, low)
            found = self.symbols(indices)
            self.follower.learn(count, found, indices, fine)
        symbols = iter(found)
        for (y, x), (means, _) in zip(places, told, strict=True):
            expected = iter(means)
            for plane in planes:
                for channel in range(channels(group).start, channels(group).stop):
                    value = 16 * next(symbols) + next(expected)
                    self.values[plane, y, x, channel] = max(-32767, min(32767, value))

    def symbols(self, indices: list[int]) -> list[int]:
        """The symbols of a step: those alone and the free ones, then the checked ones of all blocks."""
        fitting = sorted(
            (place for place, index in enumerate(indices) if index >= 8), key=lambda at: (-indices[at], at)
        )
        blocks = len(fitting) // 32
        checked, free = fitting[: 6 * blocks], fitting[6 * blocks : 32 * blocks]
        others = [place for place in range(len(indices)) if place not in set(checked)]
        found = dict(
            zip(others, self.coder.group([indices[at] + 64 * (at in set(free)) for at in others]), strict=True)
        )
        parities = []
        for j, block in product(range(6), range(blocks)):
            odd = [found[free[i * blocks + block]] % 2 for i, word in enumerate(WORDS) if word >> j & 1]
            parities.append(sum(odd) % 2)
        if blocks:
            tables = [128 + 64 * parity + indices[at] for at, parity in zip(checked, parities, strict=True)]
            for at, parity, half in zip(checked, parities, self.coder.group(tables), strict=True):
                found[at] = 2 * half + parity
        return [found[at] for at in range(len(indices))]

    def context(
        self, unit: int, planes: tuple[int, ...], group: int, number: int, place: Place
    ) -> tuple[list[int], list[int]]:
        (y, x), own = place, span(group, group)
        if unit == 0:
            directed = [(0, c) for c in (span(group - 3, group - 1) if group > 4 else span(1, group - 1))]
            directed = directed if group <= 8 else []
            sized = [(0, c) for c in span(1 if group <= 7 else group - 4, group - 1)]
            here, here_sized, mean_planes = [], [], (0,)
        else:
            directed = [(p, c) for p in (1, 2) for c in span(group - 1, group - 1)] if 1 < group <= 6 else []
            sized = [(p, c) for p in (1, 2) for c in span(max(1, group - 2), group - 1)] if group > 1 else []
            here = [(0, c) for c in own] if group <= 6 else []
            here_sized = [(0, c) for c in span(group - 1, group + 1)]
            mean_planes = (1, 2, 0)
        mine = [(p, c) for p in planes for c in own]
        inputs, straight = [], []
        for down, right in product((-1, 0, 1), repeat=2):
            seen = [self.at(p, y + down, x + right, c) for p, c in directed]
            inputs += [signed(v) for v in seen]
            inputs += [size(self.at(p, y + down, x + right, c)) for p, c in sized]
            straight += seen
        for down, right in OWN[number]:
            seen = [self.at(p, y + down, x + right, c) for p, c in mine]
            inputs += [signed(v) for v in seen] + [size(v) for v in seen]
            inputs.append(int(0 <= y + down < self.height and 0 <= x + right < self.width))
            straight += seen
        differences = []
        for down, right in RING:
            ny, nx = min(max(y + down, 0), self.height - 1), min(max(x + right, 0), self.width - 1)
            differences += [self.at(p, ny, nx, 0) - self.at(p, y, x, 0) for p in mean_planes]
        seen = [self.at(p, y, x, c) for p, c in here]
        inputs += [signed(v) for v in differences] + [size(v) for v in differences]
        inputs += [signed(v) for v in seen] + [size(self.at(p, y, x, c)) for p, c in here_sized]
        straight += differences + seen
        name = f"{'yc'[unit]}{group}"

        def whole(kind: str, around: Any) -> Any:
            parts = [around, self.array(f"{name}.{kind}.own")[number - 1]] if number else [around]
            return np.concatenate([*parts, self.array(f"{name}.{kind}.here")])

        enter = whole("enter", self.array(f"{name}.enter.around"))
        linear = whole("linear", self.array(f"{name}.linear.around")[number])
        bias = self.array(f"{name}.pass")[number] + self.anchored(f"{name}.quality")
        last = self.array(f"{name}.leave.bias") + self.anchored(f"{name}.index")
        return self.network(name, np.array(inputs, object) @ enter + bias, last, np.array(straight, object) @ linear)

    def mean_context(
        self, unit: int, planes: tuple[int, ...], step: int, place: Place, offsets: list[Place], d: int
    ) -> tuple[list[int], list[int]]:
        name, (y, x) = f"{'yc'[unit]}0", place
        last = self.array(f"{name}.leave.row")[step] + self.anchored(f"{name}.index")
        if not offsets:
            means, indices = self.outcome(name, last, np.zeros(len(planes), object))
            return [0] * len(planes), indices
        guesses, differences = [], []
        for plane in (*planes, *((0,) if unit else ())):
            neighbours = []
            for down, right in offsets:
                ny, nx = y + d * down, x + d * right
                ny = ny if 0 <= ny < self.height else y - d * down
                nx = nx if 0 <= nx < self.width else x - d * right
                there = 0 <= ny < self.height and 0 <= nx < self.width
                neighbours.append(self.at(plane, ny, nx, 0) if there else None)
            near = [v for v in neighbours[:4] if v is not None]
            guess = (2 * sum(near) + len(near)) // (2 * len(near))
            differences += [0 if v is None else v - guess for v in neighbours]
            if plane in planes:
                guesses.append(guess)
            else:
                differences.append(self.at(plane, y, x, 0) - guess)
        inputs = [signed(v) for v in differences] + [size(v) for v in differences]
        sums = np.array(inputs, object) @ self.array(f"{name}.enter")
        sums = sums + self.array(f"{name}.row")[step] + self.anchored(f"{name}.quality")
        linear = np.array(differences, object) @ self.array(f"{name}.linear")[step]
        means, indices = self.network(name, sums, last, linear)
        return [mean + guess for mean, guess in zip(means, guesses, strict=True)], indices

    def network(self, name: str, sums: Any, last: Any, linear: Any) -> tuple[list[int], list[int]]:
        bits = self.arrays[f"{name}.bits"].tolist()
        for layer in (0, 1):
            x = activated(sums, bits[layer])
            sums = x @ self.array(f"{name}.hidden{layer}") + self.array(f"{name}.hidden{layer}.bias")
        y = activated(sums, bits[2]) @ self.array(f"{name}.leave") + last
        return self.outcome(name, y, linear)

    def outcome(self, name: str, y: Any, linear: Any) -> tuple[list[int], list[int]]:
        places, count = int(self.arrays[f"{name}.bits"][3]), len(linear)
        exact = [Fraction(a * 16, 2**places) + Fraction(b, 4096) for a, b in zip(y[:count], linear, strict=True)]
        means = [max(-(2**20), min(2**20, (mean + Fraction(1, 2)).__floor__())) for mean in exact]
        fine = [Fraction(v * 64, 2**places).__floor__() for v in y[count:]]
        return means, [max(-4096, min(4096, v)) for v in fine]


class Follower:
    """Adaptive indices of one unit."""

    def __init__(self, arrays: Arrays) -> None:
        halves = [int(h) for h in arrays["tables.half_widths"]]
        whole, self.tables, at = [int(f) for f in arrays["tables.frequencies"]], [], 0
        for half in halves[:64]:
            self.tables.append((half, whole[at : at + 2 * half + 2]))
            at += 2 * half + 2
        self.slopes = [self.plain_slopes(i) for i in range(64)]
        self.curvatures = []
        for (half, row), slopes in zip(self.tables, self.slopes, strict=True):
            numbers = [min(abs(m), 255) for m in range(-half, half + 2)]
            mean = sum(f * slopes[m] for f, m in zip(row, numbers, strict=True)) + 2**23 >> 24
            slopes[:] = [slope - mean for slope in slopes]
            self.curvatures.append(177 * sum(f * slopes[m] ** 2 for f, m in zip(row, numbers, strict=True)) >> 34)
        self.by_index = [[0, 40960] for _ in range(64)]
        self.group, self.by_channel = -1, [[0, 1]]

    def frequency(self, i: int, m: int) -> int:
        half, row = self.tables[i]
        return row[half + m] if m <= half else 1

    def plain_slopes(self, i: int) -> list[int]:
        a, b = min(i + 4, 63), max(i - 4, 0)
        found: list[int] = []
        for m in range(256):
            frequencies = self.frequency(a, m), self.frequency(b, m)
            if m and min(frequencies) < 256:
                return found + found[-1:] * (256 - m)
            costs = [-round(64 * log2(f)) for f in frequencies]
            found.append(max(-384, min(384, 2 * (costs[0] - costs[1]) // (a - b))))
        return found

    def indices(self, group: int, count: int, fine: list[int], low: int) -> list[int]:
        if group != self.group:
            mean = sum(d * w for d, w in self.by_channel) // sum(w for _, w in self.by_channel)
            self.group, self.by_channel = group, [[13 * mean >> 4, 20480] for _ in range(count)]
        offsets = [
            self.by_channel[at % count][0] + self.by_index[max(0, min(63, v + 8 >> 4))][0] for at, v in enumerate(fine)
        ]
        return [max(low, min(63, 16 * v + d + 128 >> 8)) for v, d in zip(fine, offsets, strict=True)]

    def learn(self, count: int, symbols: list[int], indices: list[int], fine: list[int]) -> None:
        sums: dict[int, list[int]] = {}
        for at, (n, index, v) in enumerate(zip(symbols, indices, fine, strict=True)):
            for key in (at % count, -1 - max(0, min(63, v + 8 >> 4))):
                found = sums.setdefault(key, [0, 0])
                found[0] += self.slopes[index][min(abs(n), 255)]
                found[1] += self.curvatures[index]
        for key, (slope, curvature) in sums.items():
            offset = self.by_channel[key] if key >= 0 else self.by_index[-1 - key]
            offset[1] += curvature
            offset[0] = max(-2048, min(2048, offset[0] - 8192 * slope // offset[1]))


def activated(sums: Any, places: int) -> Any:
    found = [shifted(int(s), places - 6 if s >= 0 else places - 3) for s in sums]
    return np.array([max(-1023, min(1023, v)) for v in found], object)


class Network:
    """The synthesis network of codec learned, on planes (3, 8 h, 8 w) in levels."""

    def __init__(self, arrays: Arrays, q: int, change: Any) -> None:
        self.values, self.change = {}, change
        for name, array in arrays.items():
            if name.startswith("net.") and not name.endswith(".step"):
                step = arrays.get(f"{name}.step", np.ones(1)).astype(float)
                self.values[name[4:]] = array * step.reshape(-1, *[1] * (array.ndim - 1))
        self.q = q
        self.s = round((self.values["enter.weight"].shape[1] / 3) ** 0.5)
        self.n_blocks = sum(name.endswith("outer.weight") for name in self.values)

    def table(self, name: str) -> Any:
        rows = self.values[f"{name}.values"][0]
        at = self.q / 200 * (len(rows) - 1)
        below = min(int(at), len(rows) - 2)
        return rows[below] + (at - below) * (rows[below + 1] - rows[below])

    def conv(self, name: str, x: Any) -> Any:
        kernel, bias = self.values[f"{name}.weight"], self.values[f"{name}.bias"]
        side = kernel.shape[2]
        height, width = x.shape[0] - side + 1, x.shape[1] - side + 1
        taps = ((i, j) for i in range(side) for j in range(side))
        return bias + sum(x[i : i + height, j : j + width] @ kernel[:, :, i, j].T for i, j in taps)

    def correction(self, planes: Any) -> Any:
        """The correction of the planes, in quantiser steps."""
        s, halo = self.s, self.s * (2 * self.n_blocks + 1)
        wide = np.pad(planes, ((0, 0), (halo, halo), (halo, halo)), mode="edge") / 64
        x = np.stack([plane[i::s, j::s] for plane in wide for i in range(s) for j in range(s)], -1)
        x = self.conv("enter", x) + self.table("bias")
        rows, columns = (1 - halo // s + np.arange(size) for size in x.shape[:2])
        place = self.values["place"]
        x = x + place[:, rows[:, None] % (8 // s), columns % (8 // s)].transpose(1, 2, 0)
        for i in range(self.n_blocks):
            y = self.conv(f"blocks.{i}.inner", x) * (1 + self.table(f"blocks.{i}.gain")) + self.table(
                f"blocks.{i}.bias"
            )
            x = x[2:-2, 2:-2] + self.conv(f"blocks.{i}.outer", np.maximum(y, y / 8))
        y = self.conv("leave", x) * (1 + self.table("gain"))
        if self.change is not None:
            y[..., : len(self.change)] += x @ self.change[:, :-1].T + self.change[:, -1]
        out = np.zeros(planes.shape)
        for number in range(3):
            for i in range(s):
                for j in range(s):
                    out[number, i::s, j::s] = y[..., s * s * number + s * i + j]
        return out


def decoded(payload: bytes, arrays: Arrays, width: int, height: int, planes: int) -> tuple[int, Any]:
    """The checksum of the symbols, and the pixels before rounding: (H, W) or (H, W, 3)."""
    units = 1 if planes == 1 else 2
    own = 1 + planes if payload[4 + units] & 4 else 0
    q, groups, flags, matrix, coder = opened(payload, arrays, width, height, planes, units, own)
    change = None
    if own:
        at = 5 + units + 9 * (flags & 1)
        places, tables = payload[at], payload[at + 1 : at + own]
        inputs = 1 + arrays["net.enter.bias"].shape[0]
        outputs = arrays["net.leave.bias"].shape[0] // 3
        numbers = coder.group([table for table in tables for _ in range(outputs * inputs)])
        change = np.array(numbers, float).reshape(-1, inputs) * 2.0**-places
    latent = Latent(arrays, coder, q, planes, -(-height // 8), -(-width // 8))
    for unit in range(units):
        latent.unit(unit, groups[unit], bool(flags & 2))
    assert coder.used == len(coder.escapes)
    whole = step_of(q) * np.stack([synthesised(latent.values[plane], arrays, plane) for plane in range(planes)])
    turn = SHARED @ matrix.T if flags & 1 else np.eye(3)
    seen = np.zeros((3, *whole.shape[1:]))
    seen[:planes] = whole
    added = step_of(q) * Network(arrays, q, change).correction(np.tensordot(turn, seen, 1))
    whole = whole + np.tensordot(np.linalg.inv(turn), added, 1)[:planes]
    return coder.crc & 0xFFFF, pixels_of(whole, matrix, width, height)
