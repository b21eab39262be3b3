"""Payloads of lepton taken apart and put together wrongly, as docs/format/lepton.md has their layout."""

import struct
import zlib
from collections.abc import Callable


def header_of(payload: bytes) -> bytes:
    """The inflated header of the Lepton file in a payload."""
    (length,) = struct.unpack_from("<I", payload, 28)
    return zlib.decompress(payload[32 : 32 + length])


def fields_before_rest(payload: bytes) -> bytes:
    """The inflated header up to the field ``GRB``, which ends it."""
    header = header_of(payload)
    return header[: header.rindex(b"GRB")]


def with_header(payload: bytes, header: bytes, rest: bytes = b"") -> bytes:
    """The payload with another header; ``rest`` follows in the compressed bytes."""
    (length,) = struct.unpack_from("<I", payload, 28)
    packed = zlib.compress(header) + rest
    out = payload[:28] + struct.pack("<I", len(packed)) + packed + payload[32 + length : -4]
    return out + struct.pack("<I", len(out))


def with_headers(payload: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """The payload with other headers of its JPEG; the file becomes as much longer as they do."""
    header = header_of(payload)
    (length,) = struct.unpack_from("<I", header, 3)
    jpeg = change(header[7 : 7 + length])
    changed = with_header(payload, b"HDR" + struct.pack("<I", len(jpeg)) + jpeg + header[7 + length :])
    (n_bytes,) = struct.unpack_from("<I", payload, 24)
    return changed[:24] + struct.pack("<I", n_bytes + max(0, len(jpeg) - length)) + changed[28:]


def scan_of(headers: bytes) -> bytes:
    """The first scan header."""
    at = headers.index(b"\xff\xda")
    return headers[at : at + 2 + int.from_bytes(headers[at + 2 : at + 4], "big")]


def changed(header: bytes, at: int, value: bytes) -> bytes:
    """The header with other bytes from ``at`` on, counted from the field ``HH``."""
    start = header.rindex(b"HH\1") + at
    return header[:start] + value + header[start + len(value) :]


def frame_of(headers: bytes) -> bytes:
    """The frame header."""
    at = headers.index(b"\xff\xc0")
    return headers[at : at + 2 + int.from_bytes(headers[at + 2 : at + 4], "big")]
