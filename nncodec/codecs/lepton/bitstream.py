"""The layout of a lepton payload, read without the library: a checksum, and a Lepton file with the JPEG's headers.

The library allocates what a file states, so that some hundred bytes may cost gigabytes. What is accepted here is what
:mod:`nncodec.codecs.lepton` writes, and costs no more than the JPEG. docs/format/lepton.md has the layout.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from nncodec.codec import Frame
from nncodec.errors import CorruptFile
from nncodec.image.kept_jpeg import jpeg_size

_FIXED = 28
"""Bytes of a Lepton file before its compressed header."""
_SOI = b"\xff\xd8"
_SOS = 0xDA
_FRAMES = {0xC0, 0xC1, 0xC2}
"""Baseline, extended and progressive frames with Huffman codes (ITU-T T.81, table B.1)."""
_OTHERS = {0xC4, 0xDB, 0xDD, 0xFE, *range(0xE0, 0xF0)}
"""Tables, the restart interval, comments and applications' data."""
_FREE = 1 << 20
_MOST = 16
"""The header has at most ``_FREE`` bytes and ``_MOST`` for each compressed one: zlib would allow a thousand."""
_LAST_COEFFICIENT = 63


class Stream(NamedTuple):
    """A payload taken apart."""

    checksum: int
    """CRC-32 of the JPEG file."""
    n_bytes: int
    """Length of the JPEG file."""
    headers: bytes
    """The JPEG file without its coded samples and what follows the last of them."""
    lepton: bytes
    """The Lepton file."""


def join(checksum: int, lepton: bytes) -> bytes:
    """The payload."""
    return struct.pack("<I", checksum) + lepton


def parse(payload: bytes, frame: Frame | None = None) -> Stream:
    """Take a payload apart; inverse of :func:`join`.

    Raises CorruptFile if it is anything but a Lepton file as the encoder writes it, of a JPEG of the size of ``frame``
    (None: of any size) whose scans code each component, and no coefficient twice; LimitExceeded for too many scans.
    """
    try:
        stream = _taken_apart(payload)
        _check_scans(list(_segments(stream.headers)))
    except (IndexError, ValueError, struct.error, zlib.error) as error:
        raise CorruptFile(f"the packed JPEG cannot be read: {error}") from error
    found = jpeg_size(stream.headers, stream.n_bytes)
    if frame is not None and found != (frame.width, frame.height, frame.channels):
        says = f"{frame.width} x {frame.height} x {frame.channels}"
        raise CorruptFile(f"the packed JPEG is {found.width} x {found.height} x {found.channels}, the file says {says}")
    return stream


def _taken_apart(payload: bytes) -> Stream:
    """The fields of a payload; ValueError and the like for another layout."""
    (checksum,) = struct.unpack_from("<I", payload)
    lepton = payload[4:]
    magic, version, kind, n_threads = struct.unpack_from("<2sBcB", lepton)
    if (magic, version, n_threads) != (b"\xcf\x84", 1, 1) or kind not in (b"Z", b"X"):
        raise ValueError("not a Lepton file of version 1 in one part")
    n_bytes, length = struct.unpack_from("<2I", lepton, 20)
    if struct.unpack("<I", lepton[-4:]) != (len(lepton),):
        raise ValueError("another length than it states")
    end = _FIXED + length
    if lepton[end : end + 3] != b"CMP":
        raise ValueError("its header is longer than it states")
    headers, n_coded, n_after = _split(_inflated(lepton[_FIXED:end], n_bytes))
    if len(_SOI) + len(headers) + n_after > n_bytes or n_coded > n_bytes:
        raise ValueError("more than the bytes of the JPEG")
    return Stream(checksum, n_bytes, _SOI + headers, lepton)


def _inflated(compressed: bytes, n_bytes: int) -> bytes:
    """The header of a Lepton file."""
    most = min(n_bytes + _FREE, _FREE + _MOST * len(compressed))
    inflater = zlib.decompressobj()
    header = inflater.decompress(compressed, most)
    if not inflater.eof or inflater.unused_data:
        raise ValueError("its header is too long, or cut")
    return header


def _split(header: bytes) -> tuple[bytes, int, int]:
    """The JPEG's headers, and the numbers of its coded bytes and of those behind its last scan."""
    (length,) = struct.unpack_from("<I", header, 3)
    at = 7 + length
    if header[:3] != b"HDR" or header[at : at + 3] != b"P0D" or header[at + 4 : at + 7] != b"HH\1":
        raise ValueError("other fields in its header")
    first_row, n_coded, start = struct.unpack_from("<HI10s", header, at + 7)
    if first_row or any(start):
        raise ValueError("a part that begins within the picture")
    headers, n_after, at = header[7:at], 0, at + 23
    for name, width in ((b"CRS", 4), (b"GRB", 1)):
        if header[at : at + 3] == name:
            (count,) = struct.unpack_from("<I", header, at + 3)
            at += 7 + width * count
            n_after = count if name == b"GRB" else 0
    if at != len(header):
        raise ValueError("other fields in its header")
    return headers, n_coded, n_after


class _Segment(NamedTuple):
    """A marker segment of the JPEG."""

    marker: int
    content: bytes


def _segments(headers: bytes) -> Iterator[_Segment]:
    """The segments, which follow each other without gaps; ValueError for those of no packed JPEG."""
    at = len(_SOI)
    while at < len(headers):
        marker = headers[at + 1]
        (length,) = struct.unpack_from(">H", headers, at + 2)
        content = headers[at + 4 : at + 2 + length]
        if headers[at] != 0xFF or marker not in {_SOS, *_FRAMES, *_OTHERS} or len(content) != length - 2:
            raise ValueError("segments that no packed JPEG has")
        yield _Segment(marker, content)
        at += 2 + length


def _check_scans(segments: list[_Segment]) -> None:
    """Raise ValueError unless one frame comes first and its scans code each of its components.

    None may code what another has coded (ITU-T T.81, G.1.1.1), as no picture needs.
    """
    kinds = [segment.marker for segment in segments if segment.marker in {_SOS, *_FRAMES}]
    if len(kinds) < 2 or kinds[0] == _SOS or set(kinds[1:]) != {_SOS}:
        raise ValueError("not one frame, and then its scans")
    (frame,) = (segment.content for segment in segments if segment.marker in _FRAMES)
    if len(frame) != 6 + 3 * frame[5]:
        raise ValueError("a frame header of another length than its components")
    lowest: dict[tuple[int, int], int] = {}  # lowest bit that is coded, by component and coefficient
    for content in (segment.content for segment in segments if segment.marker == _SOS):
        components = content[1 : 1 + 2 * content[0] : 2]
        first, last, bits = content[-3:]
        high, low = divmod(bits, 16)
        if last > _LAST_COEFFICIENT or len(content) != 4 + 2 * content[0]:
            raise ValueError("a scan of coefficients that are not there")
        for key in ((component, k) for component in components for k in range(first, last + 1)):
            if (high != 0) if key not in lowest else (high != lowest[key] or low != high - 1):
                raise ValueError("a scan of coefficients that are coded already")
            lowest[key] = low
    scanned, with_first = {component for component, _ in lowest}, {component for component, k in lowest if k == 0}
    if not scanned == with_first == set(frame[6::3]):
        raise ValueError("a component without a scan, or a scan without a component")
