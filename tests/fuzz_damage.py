"""Random damage to valid files, for the fuzzer: bits, bytes, fields, sections, payloads of other files.

Most damage is done within a section, whose checksum is then set right again.
"""

import random
from collections.abc import Callable

from tests.damage import Part, build, leb128, repair, take_apart

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


def damaged(rng: random.Random, valid: list[bytes]) -> bytes:
    """One damaged file."""
    data = rng.choice(valid)
    draw = rng.random()
    if draw < 0.6:
        return _damage_content(rng, data)
    if draw < 0.75:
        return _damage_fields(rng, data)
    if draw < 0.85:
        return _splice(rng, data, rng.choice(valid))
    out = rng.choice(ON_BYTES)(rng, data)
    return repair(out) if draw < 0.97 else out


def _damage_content(rng: random.Random, data: bytes) -> bytes:
    header, parts = take_apart(data)
    at = rng.choice([i for i, part in enumerate(parts) if part.tag & 0x7F in (0x10, 0x12)] * 3 + [0])
    content = parts[at].data
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        content = rng.choice(ON_BYTES)(rng, content)
    parts[at] = parts[at]._replace(data=content)
    return build(header, parts)


def _damage_fields(rng: random.Random, data: bytes) -> bytes:
    """Codec, mode, size and tags that contradict the sound payload behind them."""
    header, parts = take_apart(data)
    fields = bytearray(header[:7])
    sizes = header[7:]
    for _ in range(rng.choice((1, 1, 2))):
        match rng.randrange(6):
            case 0:
                fields[5] = rng.choice((*range(12), *range(16, 20), 255))
            case 1:
                fields[6] = rng.randrange(8)
            case 2:
                sizes = b"".join(leb128(rng.choice((1, 40, 56, 57, 120, 1000, 999_999, 2**24 - 1))) for _ in range(2))
            case 3:
                at = rng.randrange(len(parts))
                parts[at] = parts[at]._replace(tag=parts[at].tag & 0x80 | rng.choice((3, 0x10, 0x12, 0x14, 0x16, 0x21)))
            case 4:
                parts.insert(rng.randrange(len(parts)), Part(rng.choice((0x12, 0x14, 0x16)), rng.randbytes(9)))
            case _:
                rng.shuffle(parts)
    return build(bytes(fields) + sizes, parts)


def _splice(rng: random.Random, data: bytes, other: bytes) -> bytes:
    """The front of one payload and the back of another, or the whole of another."""
    header, parts = take_apart(data)
    index = next(i for i, part in enumerate(parts) if part.tag & 0x7F == 0x10)
    foreign = rng.choice(take_apart(other)[1]).data
    mine = parts[index].data
    at = rng.choice((0, rng.randrange(len(mine) + 1)))
    parts[index] = parts[index]._replace(data=mine[:at] + foreign[rng.choice((0, at)) :])
    return build(header, parts)
