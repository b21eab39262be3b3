"""The layout of a lepton payload, and what a hostile one may not say. No library is asked.

The payloads come from golden files, and are taken apart as docs/format/lepton.md says.
"""

import struct
from collections.abc import Callable

import pytest

from nncodec.codec import Frame
from nncodec.codecs import by_name
from nncodec.codecs.lepton.bitstream import join, parse
from nncodec.container import parse as parse_file
from nncodec.errors import CorruptFile, LimitExceeded
from nncodec.image.jpeg_limits import MAX_SCANS
from tests import pictures
from tests.codecs.lepton.payloads import (
    changed,
    fields_before_rest,
    frame_of,
    header_of,
    scan_of,
    with_header,
    with_headers,
)
from tests.make_golden import GOLDEN

BASELINE = parse_file((GOLDEN / "lepton" / "baseline.nnc").read_bytes()).payload
PROGRESSIVE = parse_file((GOLDEN / "lepton" / "kept-jpeg.nnc").read_bytes()).payload
FRAME = Frame(96, 72, 3)


def test_what_is_joined_is_taken_apart() -> None:
    stream = parse(BASELINE, FRAME)
    assert join(stream.checksum, stream.lepton) == BASELINE
    assert parse(with_headers(BASELINE, lambda headers: headers), FRAME).headers == stream.headers


def test_headers_are_those_of_the_jpeg() -> None:
    jpeg = pictures.file_of(pictures.photograph(72, 96), "JPEG", quality=90, restart_marker_blocks=7)
    headers = parse(BASELINE).headers
    assert headers.startswith(b"\xff\xd8")
    assert headers.endswith(scan_of(jpeg))
    assert headers[:20] == jpeg[:20]


def test_metadata_are_read_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "lepton_jpeg_python", None)
    codec = by_name("lepton")
    found = codec.metadata(PROGRESSIVE)
    assert (found.exif, found.xmp) == (pictures.exif(6), pictures.XMP)


HOSTILE: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "a checksum alone": lambda: BASELINE[:4],
    "another magic": lambda: BASELINE[:4] + b"\xcf\x85" + BASELINE[6:],
    "another version": lambda: BASELINE[:6] + b"\2" + BASELINE[7:],
    "another kind": lambda: BASELINE[:7] + b"Y" + BASELINE[8:],
    "16 parts": lambda: BASELINE[:8] + b"\x10" + BASELINE[9:],
    "cut": lambda: BASELINE[:-1],
    "lengthened": lambda: BASELINE + b"\0",
    "a header of 4 GB": lambda: BASELINE[:28] + b"\xff" * 4 + BASELINE[32:],
    "a JPEG of no bytes": lambda: BASELINE[:24] + bytes(4) + BASELINE[28:],
    "headers of 4 GB": lambda: with_header(BASELINE, b"HDR\xff\xff\xff\xff" + header_of(BASELINE)[7:]),
    "a rest of 4 GB": lambda: with_header(BASELINE, fields_before_rest(BASELINE) + b"GRB\xff\xff\xff\xff"),
    "4 billion restart markers": lambda: with_header(BASELINE, fields_before_rest(BASELINE) + b"CRS\xff\xff\xff\xff"),
    "errors of restart markers": lambda: with_header(BASELINE, fields_before_rest(BASELINE) + b"FRS\1\0\0\0\1"),
    "an early end": lambda: with_header(BASELINE, fields_before_rest(BASELINE) + b"EEE" + bytes(28)),
    "two parts": lambda: with_header(BASELINE, header_of(BASELINE).replace(b"HH\1", b"HH\2" + bytes(16))),
    "a part that begins in row 256": lambda: with_header(BASELINE, changed(header_of(BASELINE), 4, b"\1")),
    "a part of 4 GB": lambda: with_header(BASELINE, changed(header_of(BASELINE), 5, b"\xff" * 4)),
    "a part that begins within a byte": lambda: with_header(BASELINE, changed(header_of(BASELINE), 10, b"\7")),
    "bytes between header and samples": lambda: with_header(BASELINE, header_of(BASELINE), b"x"),
    "two frames": lambda: with_headers(BASELINE, lambda h: frame_of(h) + h),
    "no frame": lambda: with_headers(BASELINE, lambda h: h.replace(frame_of(h), b"")),
    "no scan": lambda: with_headers(BASELINE, lambda h: h.replace(scan_of(h), b"")),
    "arithmetic coding": lambda: with_headers(BASELINE, lambda h: h.replace(b"\xff\xc0", b"\xff\xc9")),
    "another height, behind the scan": lambda: with_headers(BASELINE, lambda h: h + b"\xff\xdc\0\4\xff\xff"),
    "a gap between segments": lambda: with_headers(BASELINE, lambda h: h.replace(b"\xff\xda", b"\0\xff\xda")),
    "a scan taken for data of an application": lambda: with_headers(
        BASELINE, lambda h: h.replace(b"\xff\xda", b"\xff\xe0")
    ),
    "a scan before the frame": lambda: with_headers(BASELINE, lambda h: scan_of(h) + h.replace(scan_of(h), b"")),
    "a component without a scan": lambda: with_headers(
        BASELINE, lambda h: h.replace(scan_of(h), b"\xff\xda\0\x0a\2\1\0\2\x11\0\x3f\0")
    ),
    "a scan of another component": lambda: with_headers(
        BASELINE, lambda h: h.replace(scan_of(h), scan_of(h).replace(b"\2\x11", b"\7\x11"))
    ),
    "a further scan of another component": lambda: with_headers(
        PROGRESSIVE, lambda h: h + b"\xff\xda\0\x08\1\7\0\1\x3f\0"
    ),
    "a scan twice": lambda: with_headers(BASELINE, lambda h: h + scan_of(h)),
    "a progressive scan twice": lambda: with_headers(PROGRESSIVE, lambda h: h + scan_of(h)),
    "coefficients that are not there": lambda: with_headers(
        BASELINE, lambda h: h.replace(scan_of(h), scan_of(h)[:-2] + b"\x40" + scan_of(h)[-1:])
    ),
}


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_no_encoder_writes_is_refused(make: Callable[[], bytes]) -> None:
    with pytest.raises(CorruptFile):
        parse(make())


@pytest.mark.parametrize("n_bytes", [2 << 20, 64 << 20])
def test_a_header_that_inflates_to_more_than_it_is_worth_is_refused(n_bytes: int) -> None:
    def with_zeros(count: int) -> bytes:
        zeros = b"GRB" + struct.pack("<I", count) + bytes(count)
        return (
            BASELINE[:24]
            + struct.pack("<I", count + 20_000)
            + with_header(BASELINE, fields_before_rest(BASELINE) + zeros)[28:]
        )

    assert parse(with_zeros(1 << 19)).n_bytes == (1 << 19) + 20_000
    with pytest.raises(CorruptFile, match="header is too long"):
        parse(with_zeros(n_bytes))


def test_more_scans_than_a_jpeg_may_have_are_refused() -> None:
    """Each of another coefficient's bit, so that none is coded twice."""
    bits = [(k, 0x03) for k in range(1, 64)] + [(k, 0x32) for k in range(1, 64)]
    scans = [b"\xff\xda\0\x0c\3\1\0\2\0\3\0\0\0\0"]
    scans += [b"\xff\xda\0\x08\1\1\0" + bytes((k, k, bit)) for k, bit in bits]

    def only(count: int) -> Callable[[bytes], bytes]:
        return lambda headers: headers[: headers.index(b"\xff\xda")] + b"".join(scans[:count])

    assert parse(with_headers(PROGRESSIVE, only(MAX_SCANS))).headers.count(b"\xff\xda") == MAX_SCANS
    with pytest.raises(LimitExceeded, match="scans"):
        parse(with_headers(PROGRESSIVE, only(MAX_SCANS + 1)))


@pytest.mark.parametrize("frame", [Frame(97, 72, 3), Frame(96, 71, 3), Frame(96, 72, 1)], ids=str)
def test_a_frame_of_another_size_is_refused(frame: Frame) -> None:
    with pytest.raises(CorruptFile, match="the file says"):
        parse(BASELINE, frame)


def test_a_jpeg_too_short_for_its_blocks_is_refused() -> None:
    """A header of 16384 x 16384 pixels on a file of some thousand bytes, as the JPEG itself would be refused."""
    huge = struct.pack(">2H", 16384, 16384)
    claimed = with_headers(BASELINE, lambda h: h.replace(struct.pack(">2H", 72, 96), huge))
    with pytest.raises(CorruptFile, match="too few for its size"):
        parse(claimed, Frame(16384, 16384, 3))
