"""Taking .nnc files apart and putting them together wrongly, for tests of what a reader refuses.

Written from docs/format/container.md, not from the code under test, and far more lenient: it builds what must be
refused.
"""

import zlib
from typing import NamedTuple

MAGIC = bytes.fromhex("8e6e6e63")


class Part(NamedTuple):
    """One section, spelled as given."""

    tag: int
    """Kind, plus 0x80 if it calls itself the last."""
    data: bytes
    length: bytes | None = None
    """Spelling of the length; None for the right one."""


def leb128(value: int, *, padding: int = 0) -> bytes:
    """Unsigned LEB128, shortest unless padded with empty groups."""
    groups = [value & 0x7F]
    while value := value >> 7:
        groups.append(value & 0x7F)
    groups += [0] * padding
    return bytes([group | 0x80 for group in groups[:-1]] + [groups[-1]])


def head(codec: int = 1, mode: int = 0, width: int = 1, height: int = 1, version: int = 2) -> bytes:
    """A header, whether allowed or not."""
    return MAGIC + bytes([version, codec, mode]) + leb128(width) + leb128(height)


def build(header: bytes, parts: list[Part]) -> bytes:
    """A file with right checksums around whatever is handed in."""
    out, covered = header, header
    for part in parts:
        piece = bytes([part.tag]) + (leb128(len(part.data)) if part.length is None else part.length) + part.data
        covered += piece
        out += piece + zlib.crc32(covered).to_bytes(4, "little")
    return out


def take_apart(data: bytes) -> tuple[bytes, list[Part]]:
    """Header and sections of a valid file."""
    at = 7
    for _ in range(2):
        _, at = _number(data, at)
    header, parts = data[:at], []
    while at < len(data):
        tag = data[at]
        length, start = _number(data, at + 1)
        parts.append(Part(tag, data[start : start + length]))
        at = start + length + 4
    return header, parts


def offsets(data: bytes) -> list[int]:
    """Where each section of a valid file ends."""
    header, parts = take_apart(data)
    ends, at = [], len(header)
    for part in parts:
        at += 1 + len(leb128(len(part.data))) + len(part.data) + 4
        ends.append(at)
    return ends


def repair(data: bytes) -> bytes:
    """The same bytes with every checksum set right, as far as sections can be told apart."""
    out, covered, at = bytearray(data), bytearray(), 7
    try:
        for _ in range(2):
            _, at = _number(data, at)
        covered += data[:at]
        while at < len(data):
            length, start = _number(data, at + 1)
            end = start + length
            if end + 4 > len(data):
                break
            covered += data[at:end]
            out[end : end + 4] = zlib.crc32(covered).to_bytes(4, "little")
            at = end + 4
    except IndexError:
        pass
    return bytes(out)


def _number(data: bytes, at: int) -> tuple[int, int]:
    """A LEB128 number and where it ends. IndexError past the end of the data."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at
