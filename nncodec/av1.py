"""The size of the AV1 picture inside an AVIF file, as its decoder will allocate it.

An AVIF file states a size twice: in a box that is read when it is opened, and in the AV1 sequence header, which the
decoder believes. This reads the second, in files of the one layout that our encoder writes: one item, coded as a
reduced still picture.
"""

from collections.abc import Iterator

from nncodec.errors import CorruptFile

_SEQUENCE_HEADER = 1


def coded_size(avif: bytes) -> tuple[int, int]:
    """Width and height in the AV1 sequence header (AV1 specification, 5.5.1). CorruptFile for other layouts."""
    try:
        return _sequence_size(_first_unit(_item(avif)))
    except (IndexError, ValueError) as error:
        raise CorruptFile("the AVIF payload is not a single still picture") from error


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Type and content of the boxes in ``data`` (ISO/IEC 14496-12, 4.2)."""
    at = 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if not 8 <= size <= len(data) - at:
            raise ValueError("box size")
        yield data[at + 4 : at + 8], data[at + 8 : at + size]
        at += size


def _item(avif: bytes) -> bytes:
    """The data of the only item: one extent, counted from the start of the file (ISO/IEC 14496-12, 8.11.3)."""
    (meta,) = (content for kind, content in _boxes(avif) if kind == b"meta")
    (location,) = (content for kind, content in _boxes(meta[4:]) if kind == b"iloc")
    if len(location) != 22 or location[:8] != bytes.fromhex("00000000 4400 0001") or location[10:14] != b"\0\0\0\1":
        raise ValueError("item location")
    start, length = (int.from_bytes(location[at : at + 4], "big") for at in (14, 18))
    return avif[start : start + length]


def _first_unit(item: bytes) -> bytes:
    """The first open bitstream unit, which must be the only sequence header (AV1 specification, 5.3)."""
    units = list(_units(item))
    (header,) = (content for kind, content in units if kind == _SEQUENCE_HEADER)
    return header


def _units(item: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(item):
        kind, has_extension, has_size = item[at] >> 3, item[at] & 4, item[at] & 2
        if kind > 15 or has_extension or not has_size:
            raise ValueError("unit header")
        size, shift, at = 0, 0, at + 1
        while item[at] & 0x80:
            size, shift, at = size | (item[at] & 0x7F) << shift, shift + 7, at + 1
        size, at = size | item[at] << shift, at + 1
        yield kind, item[at : at + size]
        at += size


def _sequence_size(header: bytes) -> tuple[int, int]:
    """Profile (3 bits), still picture (1), reduced header (1), level (5); two widths of fields, then the fields."""
    bits = int.from_bytes(header[:8].ljust(8, b"\0"), "big")
    if not bits >> 59 & 1:
        raise ValueError("not a reduced still picture header")
    width_bits, height_bits = (bits >> 50 & 15) + 1, (bits >> 46 & 15) + 1
    width = bits >> 46 - width_bits & (1 << width_bits) - 1
    return width + 1, (bits >> 46 - width_bits - height_bits & (1 << height_bits) - 1) + 1
