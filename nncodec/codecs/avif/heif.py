"""The file around an AV1 still picture: HEIF boxes (ISO/IEC 14496-12 and 23008-12, AVIF 1.1).

They take some 270 bytes and state nothing that the bit stream does not. So a payload leaves them out, and the codec
puts them around it again before it decodes, box for box as libavif writes them.
"""

import struct
from collections.abc import Iterator

from nncodec.codecs.avif import av1
from nncodec.errors import CorruptFile, LimitExceeded

_PLAIN = bytes(4)
"""Version 0, no flags (ISO/IEC 14496-12, 4.2)."""
_ONE_EXTENT = bytes.fromhex("0000 0000 4400 0001 0001 0000 0001")
"""``iloc`` up to the offset: numbers of 4 bytes, item 1, one extent, counted from the start of the file (8.11.3)."""
_MAX_ITEM = 2**31
"""An item must have fewer bytes; boxes and extents are counted in 32 bits."""


def unwrap(avif: bytes) -> bytes:
    """The bare AV1 picture (see :func:`nncodec.codecs.avif.av1.bare`) in an AVIF file that holds nothing else.

    Raises CorruptFile unless it is a single item in one extent.
    """
    try:
        return av1.bare(_item(avif))
    except ValueError as error:
        raise CorruptFile("the AVIF payload is not a single still picture") from error


def wrap(picture: bytes) -> bytes:
    """The AVIF file that holds a bare AV1 picture. Raises CorruptFile if it is none, LimitExceeded from 2 GiB on."""
    header, item = av1.sequence_header(picture), av1.complete(picture)
    if len(item) >= _MAX_ITEM:
        raise LimitExceeded(f"an AV1 picture of {len(item)} bytes is more than {_MAX_ITEM - 1}")
    profile = b"" if header.gray else b"MA1A"
    ftyp = _box(b"ftyp", b"avif", _PLAIN, b"avif", b"mif1", b"miaf", profile)
    start = len(ftyp) + len(_meta(header, 0, 0)) + 8
    return ftyp + _meta(header, start, len(item)) + _box(b"mdat", item)


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Type and content of the boxes in ``data`` (ISO/IEC 14496-12, 4.2); ValueError if they do not fill it."""
    at = 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if not 8 <= size <= len(data) - at:
            raise ValueError("box size")
        yield data[at + 4 : at + 8], data[at + 8 : at + size]
        at += size


def _item(avif: bytes) -> bytes:
    """The data of the only item."""
    (meta,) = (content for kind, content in _boxes(avif) if kind == b"meta")
    (location,) = (content for kind, content in _boxes(meta[len(_PLAIN) :]) if kind == b"iloc")
    if len(location) != 22 or not location.startswith(_ONE_EXTENT):
        raise ValueError("item location")
    start, length = struct.unpack(">2I", location[len(_ONE_EXTENT) :])
    return avif[start : start + length]


def _box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def _meta(header: av1.SequenceHeader, start: int, length: int) -> bytes:
    """The meta box: kind, place and properties of the only item."""
    return _box(
        b"meta",
        _PLAIN,
        _box(b"hdlr", _PLAIN, bytes(4), b"pict", bytes(13)),
        _box(b"pitm", _PLAIN, b"\0\1"),
        _box(b"iloc", _ONE_EXTENT, struct.pack(">2I", start, length)),
        _box(b"iinf", _PLAIN, b"\0\1", _box(b"infe", b"\2\0\0\0", b"\0\1", b"\0\0", b"av01", b"Color\0")),
        _box(b"iprp", _properties(header), _box(b"ipma", _PLAIN, bytes.fromhex("00000001 0001 04 01 02 83 04"))),
    )


def _properties(header: av1.SequenceHeader) -> bytes:
    """Size, depth, decoder configuration and colour of the item; ``ipma`` counts them from 1."""
    planes = 1 if header.gray else 3
    layout = 0b11100 if header.gray else 0  # gray, which AV1 marks as subsampled in both directions
    return _box(
        b"ipco",
        _box(b"ispe", _PLAIN, struct.pack(">2I", header.width, header.height)),
        _box(b"pixi", _PLAIN, bytes([planes]), bytes([8]) * planes),
        _box(b"av1C", bytes([0x81, header.profile << 5 | header.level, layout, 0])),
        _box(b"colr", b"nclx", struct.pack(">3HB", *header.colour, header.full_range << 7)),
    )
