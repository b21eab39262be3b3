"""Profiles, XMP and text in the chunks of a PNG, which Pillow reads up to 1 MiB and refuses beyond.

They are read here (PNG, third edition, 11.3.2.3 and 11.3.3), and Pillow gets the file without them.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from nncodec.errors import LimitExceeded
from nncodec.image.iptc import records_in

MAX_METADATA = 2**24
"""Bytes of a profile or of XMP that are read: what an .nnc file holds."""
_MAX_INFLATED = 4 * MAX_METADATA
"""Bytes that all chunks of a file may inflate to."""
_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_TEXT = {b"tEXt", b"zTXt", b"iTXt"}
_TAKEN = _TEXT | {b"iCCP"}
_XMP = b"XML:com.adobe.xmp"
_RAW = b"Raw profile type "
"""Keyword of the chunks in which ImageMagick keeps metadata in hexadecimal digits."""
_XMP_SEGMENT = b"http://ns.adobe.com/xap/1.0/\0"


class _Chunk(NamedTuple):
    kind: bytes
    start: int
    end: int
    """Offsets of length and of what follows the checksum."""


@dataclass
class PngText:
    """Metadata of a PNG beside its pixels."""

    info: dict[str, bytes | None] = field(default_factory=dict)
    """What Pillow calls ``icc_profile``, None for a damaged one, ``exif`` and ``xmp``, and ``iptc``."""
    keywords: list[str] = field(default_factory=list)
    """Keywords of other text."""
    n_inflated: int = 0
    """Bytes that were inflated so far."""
    n_damaged: int = 0
    """Number of text chunks that cannot be read."""


def without_text(data: bytes) -> tuple[bytes, PngText]:
    """A PNG without its text and profile chunks, and what is in them; other files as they are.

    Raises LimitExceeded for a profile or XMP of more than MAX_METADATA bytes, and for several of four times as many.
    """
    found = PngText()
    if not data.startswith(_SIGNATURE):
        return data, found
    parts, copied = [], 0
    for chunk in _chunks(data):
        if chunk.kind in _TAKEN:
            parts.append(data[copied : chunk.start])
            copied = chunk.end
            _take(data, chunk, found)
    return b"".join([*parts, data[copied:]]) if parts else data, found


def _chunks(data: bytes) -> Iterator[_Chunk]:
    """Whole chunks up to the last one, or to the first that is cut."""
    at = len(_SIGNATURE)
    while at + 12 <= len(data):
        (size,) = struct.unpack_from(">I", data, at)
        end = at + 12 + size
        if end > len(data):
            return
        yield _Chunk(data[at + 4 : at + 8], at, end)
        at = end


def _take(data: bytes, chunk: _Chunk, found: PngText) -> None:
    """Put the content of a chunk into ``found``."""
    content = data[chunk.start + 8 : chunk.end - 4]
    keyword, _, rest = content.partition(b"\0")
    sound = zlib.crc32(chunk.kind + content) == int.from_bytes(data[chunk.end - 4 : chunk.end], "big")
    if chunk.kind == b"iCCP":
        found.info.setdefault("icc_profile", _inflated(rest[1:], "a colour profile", found) if sound else None)
        return
    wanted = keyword == _XMP or keyword.startswith(_RAW)
    text = _text(chunk.kind, rest, found) if sound and wanted else None
    if not sound or (wanted and text is None):
        found.n_damaged += 1
    elif text is not None and keyword == _XMP:
        found.info.setdefault("xmp", text)
    elif text is not None and _take_raw(keyword.removeprefix(_RAW), text, found):
        pass
    else:
        found.keywords.append(keyword.decode("latin-1"))


def _text(kind: bytes, rest: bytes, found: PngText) -> bytes | None:
    """The text behind the keyword of a chunk; None if it is damaged."""
    if kind == b"tEXt":
        return rest
    if kind == b"zTXt":
        return _inflated(rest[1:], "a text", found)
    flag, parts = rest[:1], rest[2:].split(b"\0", 2)
    if len(parts) != 3:
        return None
    return _inflated(parts[2], "XMP", found) if flag == b"\1" else parts[2]


def _take_raw(name: bytes, text: bytes, found: PngText) -> bool:
    """Put metadata in digits into ``found``; False if they are of no known kind."""
    try:
        block = bytes.fromhex(b"".join(text.split(b"\n")[3:]).decode("ascii"))
    except ValueError:
        return False
    if name in (b"xmp", b"APP1") and block.startswith(_XMP_SEGMENT):
        found.info.setdefault("xmp", block.removeprefix(_XMP_SEGMENT))
    elif name == b"xmp":
        found.info.setdefault("xmp", block)
    elif name in (b"exif", b"APP1"):
        found.info.setdefault("exif", block)
    elif name in (b"icc", b"icm"):
        found.info.setdefault("icc_profile", block)
    elif name in (b"iptc", b"8bim"):
        if (records := records_in(block)) is None:
            return False
        found.info.setdefault("iptc", records)
    else:
        return False
    return True


def _inflated(packed: bytes, what: str, found: PngText) -> bytes | None:
    """Inflate; None for damaged bytes, LimitExceeded beyond MAX_METADATA, or _MAX_INFLATED in all."""
    inflater = zlib.decompressobj()
    try:
        plain = inflater.decompress(packed, MAX_METADATA + 1)
    except zlib.error:
        return None
    if len(plain) > MAX_METADATA:
        raise LimitExceeded(f"the picture has {what} of more than {MAX_METADATA} bytes")
    found.n_inflated += len(plain)
    if found.n_inflated > _MAX_INFLATED:
        raise LimitExceeded(f"the picture has text of more than {_MAX_INFLATED} bytes")
    return plain if inflater.eof else None
