"""Unsigned LEB128 numbers below 2^32 in their shortest form, as in docs/format/container.md. Standard library only."""

from nncodec.errors import CorruptFile, EncodeError

_MAX_BYTES = 5
_LIMIT = 2**32


def write_number(value: int) -> bytes:
    """The bytes, 1 to 5, of a number from 0 to 2^32 - 1. Raises EncodeError for other numbers."""
    if not 0 <= value < _LIMIT:
        raise EncodeError(f"{value} is no number of 32 bits")
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def read_number(data: bytes, start: int) -> tuple[int, int]:
    """Inverse of :func:`write_number`: the number at offset ``start``, and the offset of its end.

    Raises CorruptFile if the number is cut short, too large, or not in its shortest form.
    """
    value = 0
    for count, byte in enumerate(data[start : start + _MAX_BYTES]):
        value |= (byte & 0x7F) << 7 * count
        if byte < 0x80:
            if byte == 0 and count:
                raise CorruptFile(f"the number at offset {start} is not in its shortest form")
            if value >= _LIMIT:
                raise CorruptFile(f"the number at offset {start} is {value}, more than 32 bits hold")
            return value, start + count + 1
    raise CorruptFile(f"the number at offset {start} is cut short, or longer than {_MAX_BYTES} bytes")
