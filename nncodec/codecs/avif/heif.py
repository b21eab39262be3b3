"""The file around an AV1 still picture: HEIF boxes (ISO/IEC 14496-12 and 23008-12, AVIF 1.1).

They take some 270 bytes and state nothing that the bit stream does not. So a payload leaves them out, and the codec
puts them around it again before it decodes, box for box as libavif writes them.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from nncodec.codecs.avif import av1
from nncodec.errors import CorruptFile, LimitExceeded
from nncodec.image import Metadata, oriented

_PLAIN = bytes(4)
"""Version 0, no flags (ISO/IEC 14496-12, 4.2)."""
_LAYOUT = bytes.fromhex("0000 0000 4400")
"""Start of ``iloc``: numbers of 4 bytes, counted from the start of the file (8.11.3)."""
_ONE_EXTENT = _LAYOUT + bytes.fromhex("0001 0001 0000 0001")
"""``iloc`` of a single item up to the offset: item 1, one extent."""
_ESSENTIAL, _NEEDED = 0x80, (b"av1C", b"irot", b"imir")
"""Properties without which a picture must not be shown, and their mark (8.11.14)."""
_TURNS = {
    2: {b"imir": 1},
    3: {b"irot": 2},
    4: {b"imir": 0},
    5: {b"irot": 1, b"imir": 0},
    6: {b"irot": 3},
    7: {b"irot": 3, b"imir": 0},
    8: {b"irot": 1},
}
"""Rotation by quarters, counter-clockwise, and then the axis of a mirror, by orientation of Exif (23008-12, 6.5.10)."""
NO_METADATA = Metadata()
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


class _Item(NamedTuple):
    """Metadata beside the picture, as an item of its own (ISO/IEC 23008-12, annex A)."""

    kind: bytes
    """What ``infe`` says of it, from its type on."""
    data: bytes


def wrap(picture: bytes, metadata: Metadata = NO_METADATA) -> bytes:
    """The AVIF file that holds a bare AV1 picture, and ICC, Exif and XMP of ``metadata``.

    Raises CorruptFile if it is none, LimitExceeded from 2 GiB on.
    """
    header, coded = av1.sequence_header(picture), av1.complete(picture)
    items = [_Item(b"av01Color\0", coded), *_items(metadata)]
    if sum(len(item.data) for item in items) >= _MAX_ITEM:
        raise LimitExceeded(f"an AV1 picture of {len(coded)} bytes is more than {_MAX_ITEM - 1}")
    profile = b"" if header.gray else b"MA1A"
    ftyp = _box(b"ftyp", b"avif", _PLAIN, b"avif", b"mif1", b"miaf", profile)
    start = len(ftyp) + len(_meta(header, items, metadata, 0)) + 8
    return ftyp + _meta(header, items, metadata, start) + _box(b"mdat", *(item.data for item in items))


def _items(metadata: Metadata) -> Iterator[_Item]:
    """Exif, behind the offset of its first byte, and XMP."""
    if metadata.exif is not None:
        yield _Item(b"ExifExif\0", bytes(4) + metadata.exif)
    if metadata.xmp is not None:
        yield _Item(b"mimeXMP\0application/rdf+xml\0", metadata.xmp)


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


def _meta(header: av1.SequenceHeader, items: list[_Item], metadata: Metadata, start: int) -> bytes:
    """The meta box: kinds, places and properties of the items, the first of which begins at ``start``."""
    places, infos, references = [_LAYOUT + struct.pack(">H", len(items))], [], []
    for number, item in enumerate(items, 1):
        places.append(struct.pack(">3H2I", number, 0, 1, start, len(item.data)))
        infos.append(_box(b"infe", b"\2\0\0\0", struct.pack(">2H", number, 0), item.kind))
        references += [_box(b"cdsc", struct.pack(">3H", number, 1, 1))] if number > 1 else []
        start += len(item.data)
    return _box(
        b"meta",
        _PLAIN,
        _box(b"hdlr", _PLAIN, bytes(4), b"pict", bytes(13)),
        _box(b"pitm", _PLAIN, b"\0\1"),
        _box(b"iloc", *places),
        _box(b"iinf", _PLAIN, struct.pack(">H", len(items)), *infos),
        *([_box(b"iref", _PLAIN, *references)] if references else []),
        _properties(header, metadata),
    )


def _properties(header: av1.SequenceHeader, metadata: Metadata) -> bytes:
    """Size, depth, decoder configuration, colour and orientation of the picture."""
    planes = 1 if header.gray else 3
    layout = 0b11100 if header.gray else 0  # gray, which AV1 marks as subsampled in both directions
    found = [
        _box(b"ispe", _PLAIN, struct.pack(">2I", header.width, header.height)),
        _box(b"pixi", _PLAIN, bytes([planes]), bytes([8]) * planes),
        _box(b"av1C", bytes([0x81, header.profile << 5 | header.level, layout, 0])),
        _box(b"colr", b"nclx", struct.pack(">3HB", *header.colour, header.full_range << 7)),
    ]
    found += [] if metadata.icc is None else [_box(b"colr", b"prof", metadata.icc)]
    found += [_box(kind, bytes([value])) for kind, value in _TURNS.get(oriented(metadata), {}).items()]
    of_item = [number | _ESSENTIAL * (box[4:8] in _NEEDED) for number, box in enumerate(found, 1)]
    associations = struct.pack(">IHB", 1, 1, len(found)) + bytes(of_item)
    return _box(b"iprp", _box(b"ipco", *found), _box(b"ipma", _PLAIN, associations))
