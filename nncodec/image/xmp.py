"""Extended XMP of JPEG files: a packet above 64 KB, cut into segments (XMP specification, part 3, 1.1.3.1)."""

import hashlib
import re
import struct
from collections.abc import Iterable

MAX_STANDARD = 65_502
"""Bytes of XMP that one segment of a JPEG file holds."""
MAX_XMP = 2**24
"""Bytes of XMP that are put together: what an .nnc file holds."""

_STANDARD, _EXTENSION = b"http://ns.adobe.com/xap/1.0/\0", b"http://ns.adobe.com/xmp/extension/\0"
_APP1 = b"\xff\xe1"
_PIECE = 65_400
"""Bytes of extended XMP in a segment, as Adobe's own programs cut it."""
_DIGEST_BYTES = 32
_PLACE = struct.Struct(">II")
"""Size of the whole extended XMP, and offset of a segment's piece."""

_POINTER = re.compile(
    rb"\sxmpNote:HasExtendedXMP\s*=\s*(?:\"([^\"]*)\"|'([^']*)')"
    rb"|<xmpNote:HasExtendedXMP\s*>([^<]*)</xmpNote:HasExtendedXMP\s*>"
)
_NAMESPACE = b' xmlns:xmpNote="http://ns.adobe.com/xmp/note/"'
_RDF_BEGIN = re.compile(rb"<rdf:RDF\s+xmlns:rdf\s*=\s*[\"'][^\"']*[\"']\s*>")
"""Start of the statements of a packet, where nothing but the namespace of RDF is declared around them."""
_RDF_END = b"</rdf:RDF"
_EMPTY = re.compile(rb"\s*<rdf:Description\s+rdf:about\s*=\s*(?:\"\"|'')\s*(?:/>|>\s*</rdf:Description\s*>)\s*")
_BEGIN, _END, _CLOSE = b"<?xpacket begin", b"<?xpacket end", b"?>"
_ROOTS = ("<x:xmpmeta", "<rdf:RDF")


def extended_segments(packet: bytes) -> bytes | None:
    """The segments of a JPEG file that hold a packet above MAX_STANDARD bytes; None if it is no XMP in UTF-8.

    The first one says that all else lies in the others.
    """
    head, body, tail = _unwrapped(packet)
    if not _is_xmp(body) or len(packet) > MAX_XMP:
        return None
    digest = hashlib.md5(body, usedforsecurity=False).hexdigest().upper().encode()
    pointer = _NAMESPACE + b' xmpNote:HasExtendedXMP="' + digest + b'"'
    main = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    main += b'<rdf:Description rdf:about=""' + pointer + b"/></rdf:RDF></x:xmpmeta>"
    out = [_segment(_STANDARD + head + main + tail)]
    for at in range(0, len(body), _PIECE):
        out.append(_segment(_EXTENSION + digest + _PLACE.pack(len(body), at) + body[at : at + _PIECE]))
    return b"".join(out)


def with_extension(packet: bytes, app1: Iterable[bytes]) -> tuple[bytes, tuple[str, ...]]:
    """A packet of a JPEG file and what its APP1 segments extend it by as one packet, and notes on what is left out.

    ``app1`` are the contents of the segments. A packet without extension is returned as it is; one whose extension is
    left out no longer points to it.
    """
    found = _POINTER.search(packet)
    if found is None:
        return packet, ()
    digest = next(group for group in found.groups() if group is not None).strip()
    extension, main = _put_together(digest, app1), packet[: found.start()] + packet[found.end() :]
    if extension is None:
        return main, ("a part of its XMP (extended XMP) is missing or damaged: dropped",)
    whole = _merged(main, extension)
    if whole is None:
        return main, ("a part of its XMP (extended XMP) cannot be joined to the rest: dropped",)
    return whole, ()


def _is_xmp(body: bytes) -> bool:
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return False
    return any(root in text for root in _ROOTS)


def _unwrapped(packet: bytes) -> tuple[bytes, bytes, bytes]:
    """A packet in three: the instruction at its begin, the XMP, the instruction at its end; both empty if one lacks."""
    inner, end = packet.strip(), packet.strip().rfind(_END)
    begin = inner.find(_CLOSE) + len(_CLOSE)
    if not inner.startswith(_BEGIN) or inner.find(_CLOSE, end) + len(_CLOSE) != len(inner) or not begin <= end:
        return b"", packet, b""
    return inner[:begin], inner[begin:end], inner[end:]


def _statements(packet: bytes) -> tuple[int, int] | None:
    """Offsets of the begin and the end of the statements; None if they cannot be told."""
    begin, end = _RDF_BEGIN.search(packet), packet.rfind(_RDF_END)
    return None if begin is None or end < begin.end() else (begin.end(), end)


def _segment(content: bytes) -> bytes:
    return _APP1 + struct.pack(">H", 2 + len(content)) + content


def _put_together(digest: bytes, app1: Iterable[bytes]) -> bytes | None:
    """The extended XMP that a digest names; None if a part is missing, or lies where another does."""
    pieces = dict[int, bytes]()
    start, sizes = _EXTENSION + digest, set[int]()
    for content in app1:
        if len(digest) != _DIGEST_BYTES or not content.startswith(start) or len(content) < len(start) + _PLACE.size:
            continue
        size, at = _PLACE.unpack_from(content, len(start))
        sizes.add(size)
        pieces[at] = content[len(start) + _PLACE.size :]
    whole = bytearray()
    for at in sorted(pieces):
        if at != len(whole):
            return None
        whole += pieces[at]
    return bytes(whole) if sizes == {len(whole)} and 0 < len(whole) <= MAX_XMP else None


def _merged(packet: bytes, extension: bytes) -> bytes | None:
    """One packet of the statements of both; None if their declarations could differ."""
    own, others = _statements(packet), _statements(extension)
    if own is not None and _EMPTY.fullmatch(packet[slice(*own)].replace(_NAMESPACE, b"")):
        head, _, tail = _unwrapped(packet)
        return head + extension + tail
    if own is None or others is None:
        return None
    return packet[: own[1]] + extension[slice(*others)] + packet[own[1] :]
