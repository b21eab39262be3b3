"""A second decoder of the learned payload, written from docs/format.md in plain integers: it reads the same symbols."""

import struct
import zlib
from bisect import bisect_right
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest

from nncodec import models
from nncodec.codecs import Frame, Options, learned
from tests import pictures, tiny_model

Integers = npt.NDArray[np.int64]


def leb128(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 128:
            return value, at


class Coder:
    """The range coder and the escapes."""

    def __init__(self, arrays: models.Arrays, escapes: bytes, words: bytes) -> None:
        ends = np.cumsum(2 * arrays["tables.half_widths"].astype(int) + 2).tolist()
        whole = arrays["tables.frequencies"].astype(int).tolist()
        self.tables = [whole[start:end] for start, end in pairwise([0, *ends])]
        self.words = iter([*struct.unpack(f"<{-(-len(words) // 4)}I", words + bytes(-len(words) % 4)), *[0] * 9])
        self.low, self.range = 0, 2**64 - 1
        self.point = next(self.words) * 2**32 + next(self.words)
        self.escapes, self.used = escapes, 0

    def symbol(self, index: int) -> int:
        table = self.tables[index]
        sums = [0]
        for frequency in table:
            sums.append(sums[-1] + frequency)
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

    def group(self, indices: Integers) -> Integers:
        flat, symbols = indices.ravel().tolist(), np.zeros(indices.size, np.int64)
        for place in sorted(range(len(flat)), key=lambda place: (flat[place], place)):
            symbols[place] = self.symbol(flat[place])
        return symbols.reshape(indices.shape)


class Networks:
    """The exact networks, in units of 2^-8 between layers."""

    def __init__(self, arrays: models.Arrays, q: int) -> None:
        self.arrays, self.q = arrays, q

    def anchored(self, name: str) -> Integers:
        table, i = self.arrays[name].astype(np.int64), min(self.q // 25, 7)
        s = self.q - 25 * i
        return (2 * (table[i] * (25 - s) + table[i + 1] * s) + 25) // 50

    def layer(self, name: str, x: Integers) -> Integers:
        """Sums in units of 2^-20."""
        slope = self.arrays.get(f"{name}.slope")
        inner = name if slope is None else f"{name}.conv"
        weight, bias = (self.arrays[f"{inner}.{part}"].astype(np.int64) for part in ("weight", "bias"))
        if slope is not None:
            bias = bias + (2 * slope.astype(np.int64) * (self.q - 100) + 100) // 200
        edge = weight.shape[2] // 2
        padded = np.pad(x, ((edge, edge), (edge, edge), (0, 0)))
        out = np.zeros((*x.shape[:2], len(bias)), np.int64) + (bias << 8)
        for i in range(weight.shape[2]):
            for j in range(weight.shape[2]):
                out += padded[i : i + x.shape[0], j : j + x.shape[1]] @ weight[:, :, i, j].T
        return out

    def round(self, sums: Integers) -> Integers:
        return ((sums + 2048) >> 12).clip(-(2**15), 2**15)

    def active(self, sums: Integers) -> Integers:
        return ((np.where(sums < 0, sums, 8 * sums) + 2**14) >> 15).clip(-(2**15), 2**15)


def decoded_checksum(payload: bytes, width: int, height: int, channels: int, arrays: models.Arrays) -> int:
    """The checksum of the symbols, by the document alone."""
    q = payload[1]
    length, at = leb128(payload, 4)
    coder, nets = Coder(arrays, payload[at : at + length], payload[at + length :]), Networks(arrays, q)
    h, w = -(-height // 64), -(-width // 64)
    crc = zlib.crc32(struct.pack("<IIBB", width, height, channels, q))
    index = ((nets.anchored("hyper_index") + 128) // 256).clip(0, 63)
    hyper = coder.group(np.broadcast_to(index, (h, w, len(index))))
    crc = zlib.crc32(hyper.astype("<i4").tobytes(), crc)
    x = nets.active(nets.layer("hyper_synthesis.enter", hyper.clip(-128, 128) * 256))
    wide = np.zeros((2 * h, 2 * w, x.shape[2] // 4), np.int64)
    for i in range(2):
        for j in range(2):
            wide[i::2, j::2] = x[:, :, 2 * i + j :: 4]
    features = nets.active(nets.layer("hyper_synthesis.leave", wide))
    gain, offset = nets.anchored("gain"), nets.anchored("offset")
    known = np.zeros((2 * h, 2 * w, 0), np.int64)
    for s in range(4):
        sums = nets.layer(f"steps.{s}.features", features)
        if s:
            sums += nets.layer(f"steps.{s}.known", known) + nets.layer(f"steps.{s}.sizes", abs(known))
        x = nets.active(nets.layer(f"steps.{s}.middle", nets.active(sums)))
        m, r = np.split(nets.round(nets.layer(f"steps.{s}.leave", x)), 2, axis=2)
        mean = (m * gain + 8192) >> 14
        symbols = coder.group(((4 * r + offset + 128) // 256).clip(0, 63))
        crc = zlib.crc32(symbols.astype("<i4").tobytes(), crc)
        value = 16 * symbols + mean
        seen = ((value * ((2**26 + gain // 2) // gain) + 2048) >> 12).clip(-(2**15), 2**15)
        known = np.concatenate([known, seen], 2)
    assert coder.used == length
    return crc & 0xFFFF


@pytest.mark.parametrize(("shape", "quality"), [((70, 100, 3), 83), ((5, 5), 0), ((64, 64, 3), 100)])
def test_the_document_suffices(tmp_path, monkeypatch, shape, quality):
    folder = tiny_model.install(tmp_path)
    monkeypatch.setattr(models, "folder", lambda: folder)
    for cached in (models.manifest, models.load, learned._painter):
        cached.cache_clear()
    try:
        pixels = pictures.photograph(*shape) if len(shape) == 3 else pictures.photograph(*shape, 1)
        payload = learned.CODEC.encode(pixels, Options(quality, effort=3))
        frame = Frame(shape[1], shape[0], 3 if len(shape) == 3 else 1)
        assert learned.CODEC.decode(payload, frame, "cpu").shape == shape
        arrays = models.load(models.newest("learned"), "learned")
        found = decoded_checksum(payload, frame.width, frame.height, frame.channels, arrays)
        assert found == int.from_bytes(payload[2:4], "little")
    finally:
        for cached in (models.manifest, models.load, learned._painter):
            cached.cache_clear()
