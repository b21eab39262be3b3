"""The payload of the learned codec, as a value (docs/format.md, "Learned")."""

import struct
import zlib
from dataclasses import dataclass

from nncodec.entropy.coder import framed, unframed
from nncodec.entropy.layout import MAX_QUALITY_INDEX
from nncodec.errors import CorruptFile

HEADER_BYTES = 4
MAX_MODEL = 63
"""Models are numbered from 1; the payloads of other codecs start with a byte above this, or with zero."""


def stamp(width: int, height: int, channels: int, quality: int) -> int:
    """CRC-32 of what the symbols must be decoded with; the checksum of the symbols goes on from it."""
    return zlib.crc32(struct.pack("<IIBB", width, height, channels, quality))


@dataclass(frozen=True)
class Payload:
    """What the bytes say, before any symbol is decoded. `serialize` and `parse` are inverse functions."""

    model: int
    """Number of the weights, 1 to MAX_MODEL."""
    quality: int
    """Quality index, 0 to MAX_QUALITY_INDEX."""
    checksum: int
    """16 bits over all symbols; see `nncodec.entropy.walk.Walked`."""
    escapes: bytes
    words: bytes
    """The range coder's, without trailing zeros."""

    def serialize(self) -> bytes:
        """To bytes."""
        head = bytes([self.model, self.quality]) + self.checksum.to_bytes(2, "little")
        return head + framed(self.escapes, self.words)

    @classmethod
    def parse(cls, data: bytes) -> "Payload":
        """From bytes; CorruptFile if they are too short or contradict themselves."""
        if len(data) <= HEADER_BYTES:
            raise CorruptFile(f"a learned payload of {len(data)} bytes")
        if not 1 <= data[0] <= MAX_MODEL:
            raise CorruptFile(f"model number {data[0]} is not between 1 and {MAX_MODEL}")
        if data[1] > MAX_QUALITY_INDEX:
            raise CorruptFile(f"quality index {data[1]} is above {MAX_QUALITY_INDEX}")
        escapes, words = unframed(data, HEADER_BYTES)
        if words.endswith(b"\0"):
            raise CorruptFile("the coded symbols end with a zero byte")
        checksum = int.from_bytes(data[2:HEADER_BYTES], "little")
        return cls(data[0], data[1], checksum, escapes, words)
