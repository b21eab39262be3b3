"""Random damage to sound files: fields, sections, payloads, and what lies within them.

Most damage is done within a section, whose checksum is then set right again. The codec and the kind of the section are
drawn first, so that a kind that is rare among the files is not rare among the damaged ones.
"""

import random
import zlib
from collections.abc import Iterable

from tests.damage import Part, build, leb128, repair, take_apart
from tests.fuzz.bytes_damage import ON_BYTES
from tests.fuzz.formats import by_structure

_PAYLOAD, _LEPTON, _LAYERED = 0x10, 6, 8
_OWN = {16: 112, 17: 116, 18: 115, 19: 117}
"""First byte, by codec, of payloads that name weights of a user's own, by a hash of 16 bytes."""
_HEAD = 24
"""Bytes at the start of a payload that are damaged more often: fields lie there."""


class Stock:
    """Sound files, and damaged ones of earlier runs, to damage further.

    Args:
        files: sound .nnc files.
        sources: sound pictures in other formats.
        seeds: damaged ones of either kind, each with its verb, ``decode`` or ``encode``.
    """

    def __init__(self, files: Iterable[bytes], sources: Iterable[bytes], seeds: Iterable[tuple[str, bytes]]) -> None:
        self.seeds = list(seeds)
        self.files = [*files, *(data for verb, data in self.seeds if verb == "decode")]
        self.sources = [*sources, *(data for verb, data in self.seeds if verb == "encode")]
        self._by_section: dict[tuple[int, int], list[bytes]] = {}
        for data in self.files:
            for part in _parts(data)[1]:
                self._by_section.setdefault((data[5], part.tag & 0x7F), []).append(data)

    def sections(self) -> list[tuple[int, int]]:
        """Numbers of a codec and of a kind of section, of which there are files."""
        return sorted(self._by_section)

    def with_section(self, rng: random.Random) -> tuple[bytes, int]:
        """A file, and a kind of section that it has."""
        codec, kind = rng.choice(self.sections())
        return rng.choice(self._by_section[codec, kind]), kind


def _parts(data: bytes) -> tuple[bytes, list[Part]]:
    """Header and sections; no sections where they cannot be told apart, as in damaged files."""
    try:
        return take_apart(data)
    except IndexError:
        return data, []


def damaged_source(rng: random.Random, stock: Stock) -> bytes:
    """A damaged picture of another format."""
    data = rng.choice(stock.sources)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        data = by_structure(rng, data) if rng.random() < 0.6 else rng.choice(ON_BYTES)(rng, data)
    return data


def damaged(rng: random.Random, stock: Stock) -> bytes:
    """A damaged .nnc file."""
    draw = rng.random()
    if draw < 0.65:
        return _damage_section(rng, *stock.with_section(rng))
    data, _ = stock.with_section(rng)
    if draw < 0.77:
        return _damage_fields(rng, data)
    if draw < 0.87:
        return _splice(rng, data, stock.with_section(rng)[0])
    out = rng.choice(ON_BYTES)(rng, data)
    return repair(out) if draw < 0.97 else out


def _damage_section(rng: random.Random, data: bytes, kind: int) -> bytes:
    header, parts = take_apart(data)
    at = rng.choice([i for i, part in enumerate(parts) if part.tag & 0x7F == kind])
    content = parts[at].data
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        content = _damage_content(rng, content, data[5] if kind == _PAYLOAD else 0)
    if data[5] == _LEPTON and kind == _PAYLOAD and rng.random() < 0.8:
        content = content[:-4] + max(0, len(content) - 4).to_bytes(4, "little")
    parts[at] = parts[at]._replace(data=content)
    return build(header, parts)


def _damage_content(rng: random.Random, content: bytes, codec: int) -> bytes:
    """Damage anywhere, near the start, or to what lies within the payload of a codec or a foreign format."""
    draw = rng.random()
    if codec == _LAYERED and draw < 0.6 and len(content) > 4:
        return _damage_small_picture(rng, content)
    if codec in _OWN and draw > 0.97:
        return bytes([_OWN[codec]]) + rng.randbytes(rng.choice((16, 16, 15, 0))) + content[1:]
    if codec == _LEPTON and draw < 0.5 and len(content) > 40:
        return _damage_lepton(rng, content)
    if draw < 0.35:
        return rng.choice(ON_BYTES)(rng, content[:_HEAD]) + content[_HEAD:]
    return by_structure(rng, content) if draw < 0.7 else rng.choice(ON_BYTES)(rng, content)


def _damage_lepton(rng: random.Random, content: bytes) -> bytes:
    """Damage the compressed header of a lepton payload, and set its lengths right; docs/format/lepton.md."""
    end = 32 + int.from_bytes(content[28:32], "little")
    try:
        header = zlib.decompress(content[32:end])
    except zlib.error:
        return rng.choice(ON_BYTES)(rng, content)
    length = int.from_bytes(header[3:7], "little")
    headers, rest = header[7 : 7 + length], header[7 + length :]
    if rng.random() < 0.7:
        headers = by_structure(rng, b"\xff\xd8" + headers)[2:]
    else:
        rest = rng.choice(ON_BYTES)(rng, rest)
    packed = zlib.compress(header[:3] + len(headers).to_bytes(4, "little") + headers + rest)
    out = content[:28] + len(packed).to_bytes(4, "little") + packed + content[end:-4]
    return out + len(out).to_bytes(4, "little")


def _damage_small_picture(rng: random.Random, content: bytes) -> bytes:
    """Damage the first picture of a layered payload, and set its length right."""
    ends = next((i for i in range(1, 5) if content[i] < 0x80), 1)
    length = sum((byte & 0x7F) << 7 * i for i, byte in enumerate(content[1 : ends + 1]))
    first, rest = content[ends + 1 : ends + 1 + length], content[ends + 1 + length :]
    first = by_structure(rng, first) if rng.random() < 0.5 else rng.choice(ON_BYTES)(rng, first)
    return content[:1] + leb128(len(first)) + first + rest


def _damage_fields(rng: random.Random, data: bytes) -> bytes:
    """Codec, mode, size and tags that contradict the sound payload behind them."""
    header, parts = take_apart(data)
    fields = bytearray(header[:7])
    sizes = header[7:]
    for _ in range(rng.choice((1, 1, 2))):
        match rng.randrange(7):
            case 0:
                fields[5] = rng.choice((*range(12), *range(16, 20), 255))
            case 1:
                fields[6] = rng.randrange(8)
            case 2:
                sizes = b"".join(leb128(rng.choice((1, 40, 56, 57, 120, 500, 4096, 2**24 - 1))) for _ in range(2))
            case 3:
                at = rng.randrange(len(parts))
                parts[at] = parts[at]._replace(tag=parts[at].tag & 0x80 | rng.choice((3, 0x10, 0x12, 0x14, 0x16, 0x21)))
            case 4:
                parts.insert(rng.randrange(len(parts)), Part(rng.choice((0x12, 0x14, 0x16)), rng.randbytes(9)))
            case 5:
                fields[4] = rng.choice((1, 2))
            case _:
                rng.shuffle(parts)
    return build(bytes(fields) + sizes, parts)


def _splice(rng: random.Random, data: bytes, other: bytes) -> bytes:
    """The front of one payload and the back of another's section, or the whole of another."""
    header, parts = take_apart(data)
    index = rng.choice([i for i, part in enumerate(parts) if part.tag & 1 == 0])
    foreign = rng.choice(take_apart(other)[1]).data
    mine = parts[index].data
    at = rng.choice((0, rng.randrange(len(mine) + 1)))
    parts[index] = parts[index]._replace(data=mine[:at] + foreign[rng.choice((0, at)) :])
    return build(header, parts)
