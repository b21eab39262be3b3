"""Random damage to bytes of any kind: bits, bytes, numbers, runs."""

import random
from collections.abc import Callable

INTERESTING = (0, 1, 2, 3, 4, 7, 8, 15, 16, 31, 32, 63, 64, 127, 128, 254, 255)
WIDE = (0, 1, 0x7F, 0xFF, 0x100, 0x3FFF, 0x4000, 0x7FFF, 0x8000, 0xFFFF, 2**24, 2**31 - 1, 2**31, 2**32 - 1)

Mutation = Callable[[random.Random, bytes], bytes]


def flip_bits(rng: random.Random, data: bytes) -> bytes:
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 4, 16)) if out else 0):
        out[rng.randrange(len(out))] ^= 1 << rng.randrange(8)
    return bytes(out)


def set_bytes(rng: random.Random, data: bytes) -> bytes:
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 3)) if out else 0):
        out[rng.randrange(len(out))] = rng.choice(INTERESTING)
    return bytes(out)


def set_number(rng: random.Random, data: bytes) -> bytes:
    """A 16 or 32 bit field, of either byte order, to a value at some border."""
    size = rng.choice((2, 4))
    at = rng.randrange(min(len(data), 400) or 1)  # most fields lie near the start
    value = (rng.choice(WIDE) + rng.choice((0, 0, 1, -1))) % 2 ** (8 * size)
    return data[:at] + value.to_bytes(size, rng.choice(("big", "little"))) + data[at + size :]


def cut(rng: random.Random, data: bytes) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def drop(rng: random.Random, data: bytes) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + data[at + rng.choice((1, 2, 4, 16, 64)) :]


def insert(rng: random.Random, data: bytes) -> bytes:
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.randbytes(rng.choice((1, 2, 4, 16, 300))) + data[at:]


def repeat(rng: random.Random, data: bytes) -> bytes:
    at, n = rng.randrange(len(data) + 1), rng.choice((4, 16, 64, 256))
    return data[: at + n] + data[at : at + n] * rng.choice((1, 2, 50)) + data[at + n :]


def blank(rng: random.Random, data: bytes) -> bytes:
    at, n = rng.randrange(len(data) + 1), rng.choice((4, 16, 64))
    return data[:at] + rng.choice((b"\0", b"\xff")) * n + data[at + n :]


ON_BYTES: tuple[Mutation, ...] = (flip_bits, flip_bits, set_bytes, set_number, cut, drop, insert, repeat, blank)
