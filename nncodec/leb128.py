"""Unsigned LEB128 in its shortest form, as docs/format.md defines it. Standard library only."""

from nncodec.errors import CorruptFile

MAX_BYTES = 5


def write_number(value: int) -> bytes:
    """The bytes of a number that is not negative."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def read_number(data: bytes, start: int) -> tuple[int, int]:
    """Inverse of :func:`write_number`: the number, of at most 35 bits, and where the next one starts. CorruptFile."""
    value = 0
    for count, byte in enumerate(data[start : start + MAX_BYTES]):
        value |= (byte & 0x7F) << 7 * count
        if byte < 0x80:
            if byte == 0 and count:
                raise CorruptFile("a number is not in its shortest form")
            return value, start + count + 1
    raise CorruptFile("a number is cut short")
