"""The marker segments of a JPEG file, without its samples decoded (ITU-T T.81, annex B)."""

import re
from collections.abc import Iterator
from typing import NamedTuple

JPEG_SIGNATURE = b"\xff\xd8\xff"
"""Start of image, then any marker."""
SOI, EOI, SOS, DRI, APP2 = 0xD8, 0xD9, 0xDA, 0xDD, 0xE2
END = bytes((0xFF, EOI))

_MARKER = re.compile(rb"\xff[\x02-\xcf\xd8-\xfe]")
"""A marker that does not stand within coded samples (B.1.1)."""
_RESTART = re.compile(rb"\xff+[\xd0-\xd7]")
"""A restart marker with the fill bytes before it."""


class Segment(NamedTuple):
    """A marker and where its content lies in the file."""

    marker: int
    """Second byte of the marker."""
    at: int
    """Offset of the marker, or of the fill bytes before it."""
    start: int
    """Offset of the content, behind its length."""
    end: int
    """Offset behind the content; that of the end of image if the marker is it."""


def segments(data: bytes) -> Iterator[Segment]:
    """Segments of a file in their order, the end of image among them; nothing behind it."""
    at = 2
    while (found := _MARKER.search(data, at)) is not None:
        marker, start = found[0][1], found.end()
        if marker == EOI:
            yield Segment(marker, _before_fill(data, found.start()), start, start)
            return
        at = start + int.from_bytes(data[start : start + 2], "big")
        yield Segment(marker, _before_fill(data, found.start()), start + 2, at)


def closed(data: bytes) -> bytes:
    """A JPEG file with an end of image, which is added if there is none; other files as they are."""
    if not data.startswith(JPEG_SIGNATURE) or any(segment.marker == EOI for segment in segments(data)):
        return data
    return data + END


def n_restarts(coded: bytes) -> int:
    """Number of restart markers in the coded samples of a scan."""
    return sum(1 for _ in _RESTART.finditer(coded))


def lengthened(data: bytes, filling: bytes) -> bytes:
    """The file with bytes put in at the end of each restart interval, where no decoder reads if the interval is whole.

    Raises ValueError for a scan that no marker follows.
    """
    parts, copied, behind_scan = [], 0, None
    for segment in segments(data):
        if behind_scan is not None:
            coded = data[behind_scan : segment.at]
            parts += [data[copied:behind_scan], _RESTART.sub(lambda found: filling + found[0], coded), filling]
            copied = segment.at
        behind_scan = segment.end if segment.marker == SOS else None
    if behind_scan is not None:
        raise ValueError("no marker follows the scan")
    return b"".join([*parts, data[copied:]])


def _before_fill(data: bytes, at: int) -> int:
    """The offset of the first fill byte before a marker; that of the marker if there is none."""
    while at > 2 and data[at - 1] == 0xFF:
        at -= 1
    return at
