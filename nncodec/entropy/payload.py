"""What the checksums of all range-coded payloads start from."""

import struct
import zlib


def stamp(width: int, height: int, channels: int, quality: int) -> int:
    """CRC-32 of what the symbols must be decoded with; the checksum of the symbols goes on from it."""
    return zlib.crc32(struct.pack("<IIBB", width, height, channels, quality))
