"""Unsigned LEB128 in its shortest form, as docs/format.md defines it. Standard library only."""


def write_number(value: int) -> bytes:
    """The bytes of a number that is not negative."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
