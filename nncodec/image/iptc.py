"""IPTC records (IIM 4.2) and the resources of Photoshop that they lie in, in JPEG, PNG and TIFF files."""

import struct

_RESOURCE, _RECORDS = b"8BIM", 0x0404
_RECORD = b"\x1c"
"""First byte of each record (IIM 4.2, 1.6)."""
SEGMENT = b"Photoshop 3.0\0"
"""Start of the APP13 segments of a JPEG that hold resources."""
MAX_IN_SEGMENT = 65_500
"""Bytes of records that one segment of a JPEG holds beside what frames them."""


def records_in(data: bytes) -> bytes | None:
    """The records in resources, or in bytes that begin with a record; None if there are none, or not whole."""
    if data.startswith(_RECORD):
        return data
    at = 0
    while data.startswith(_RESOURCE, at) and at + 12 <= len(data):
        (number,) = struct.unpack_from(">H", data, at + 4)
        named = at + 6 + _even(1 + data[at + 6])
        if named + 4 > len(data):
            return None
        (size,) = struct.unpack_from(">I", data, named)
        content = data[named + 4 : named + 4 + size]
        if number == _RECORDS:
            return content if content and len(content) == size else None
        at = named + 4 + _even(size)
    return None


def as_resource(records: bytes) -> bytes:
    """The resource that holds records."""
    framed = _RESOURCE + struct.pack(">HHI", _RECORDS, 0, len(records)) + records
    return framed + bytes(len(records) % 2)


def as_segment(records: bytes) -> bytes:
    """The segment of a JPEG that holds up to MAX_IN_SEGMENT bytes of records."""
    content = SEGMENT + as_resource(records)
    return b"\xff\xed" + struct.pack(">H", 2 + len(content)) + content


def as_digits(records: bytes) -> bytes:
    """Records as ImageMagick writes them into the text of a PNG: name, size, hexadecimal digits."""
    resource = as_resource(records)
    return b"\niptc\n%8d\n" % len(resource) + resource.hex().encode() + b"\n"


def _even(size: int) -> int:
    return size + size % 2
