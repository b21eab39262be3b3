"""What an AVIF file says of its primary picture and libavif leaves to its caller: the crop, and the colour space.

References are to ISO/IEC 14496-12 (boxes), 23008-12 (HEIF) and 23000-22 (MIAF).
"""

import struct
from collections.abc import Iterator
from fractions import Fraction

import PIL.Image

from nncodec.errors import EncodeError
from nncodec.image.png import named_codes

_SRGB_LIKE = ({1, 2}, {1, 2, 6, 13, 14, 15})
"""Primaries and transfers of ITU-T H.273 that are shown as sRGB, or not specified."""
_PARENTS = {b"meta": 4, b"iprp": 0, b"ipco": 0}
"""Boxes that hold others, and their bytes before them."""


def cropped(still: PIL.Image.Image, data: bytes) -> PIL.Image.Image:
    """A loaded AVIF picture with its clean aperture alone (14496-12, 12.1.4); other images as they are.

    Raises EncodeError for an aperture that is not of whole pixels or lies outside the picture.
    """
    clap = _properties(data).get(b"clap") if still.format == "AVIF" else None
    if clap is None:
        return still
    try:
        numbers = struct.unpack(">IIIIiIiI", clap)
        width, height, x, y = (Fraction(*numbers[at : at + 2]) for at in range(0, 8, 2))
    except (struct.error, ZeroDivisionError):
        raise EncodeError("its clean aperture is damaged") from None
    left, top = (still.width - width) / 2 + x, (still.height - height) / 2 + y
    sides = (left, top, left + width, top + height)
    inside = min(left, top) >= 0 and min(width, height) > 0 and sides[2] <= still.width and sides[3] <= still.height
    if not inside or any(side.denominator != 1 for side in sides):
        raise EncodeError("its clean aperture is not of whole pixels within the picture", "crop it first")
    box = (int(left), int(top), int(left + width), int(top + height))
    part = still.crop(box)
    part.format = still.format
    return part


def space_notes(still: PIL.Image.Image, data: bytes) -> tuple[str, ...]:
    """A note on the colour space of an AVIF or HEIC (``nclx``, 14496-12, 12.1.5) if it is not that of sRGB."""
    if still.format not in ("AVIF", "HEIF"):
        return ()
    colour = _properties(data).get(b"colr", b"")
    if not colour.startswith(b"nclx") or len(colour) < 8:
        return ()
    primaries, transfer = struct.unpack(">HH", colour[4:8])
    if all(code in usual for code, usual in zip((primaries, transfer), _SRGB_LIKE, strict=True)):
        return ()
    shown = "shown by its colour profile" if still.info.get("icc_profile") else "taken for sRGB"
    names = named_codes(primaries, transfer)
    return (f"its colour space{names} is dropped: it will be {shown}, and may look different",)


def _properties(data: bytes) -> dict[bytes, bytes]:
    """The properties of the primary item by kind (23008-12, 9.3), ``nclx`` in place of a profile; none if damaged."""
    found: dict[bytes, bytes] = {}
    try:
        boxes = list(_boxes(data, 0, len(data)))
        properties = [(kind, content) for parent, kind, content in boxes if parent == b"ipco"]
        by_kind = {kind: content for _, kind, content in boxes}
        primary, associations = by_kind[b"pitm"], by_kind[b"ipma"]
        item = int.from_bytes(primary[4 : 6 + 2 * (primary[0] > 0)], "big")
        for index in _associated(associations, item):
            if 1 <= index <= len(properties):
                kind, content = properties[index - 1]
                if kind != b"colr" or content.startswith(b"nclx"):
                    found.setdefault(kind, content)
    except (LookupError, struct.error):
        return {}
    return found


def _associated(content: bytes, item: int) -> list[int]:
    """Numbers of an item's properties, from 1 (23008-12, 9.3.1)."""
    wide, large = content[3] & 1, content[0] > 0
    (count,) = struct.unpack_from(">I", content, 4)
    at = 8
    for _ in range(count):
        (number,) = struct.unpack_from(">I" if large else ">H", content, at)
        at += 4 if large else 2
        end = at + 1 + content[at] * (2 if wide else 1)
        if number == item:
            numbers = content[at + 1 : end]
            if wide:
                return [struct.unpack_from(">H", numbers, i)[0] & 0x7FFF for i in range(0, len(numbers), 2)]
            return [byte & 0x7F for byte in numbers]
        at = end
    return []


def _boxes(data: bytes, at: int, end: int, parent: bytes = b"") -> Iterator[tuple[bytes, bytes, bytes]]:
    """Parent, kind and content of the boxes of a file, those within others among them."""
    while at + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, at)
        size = size or end - at
        if size < 8 or at + size > end:
            return
        if kind != b"mdat":
            yield parent, kind, data[at + 8 : at + size]
        if kind in _PARENTS:
            yield from _boxes(data, at + 8 + _PARENTS[kind], at + size, kind)
        at += size
