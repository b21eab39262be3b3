"""Files of earlier versions of the format, read as they were meant."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

from nncodec.codec import Options
from nncodec.codecs.avif import heif
from nncodec.errors import CorruptFile
from nncodec.pipeline import Settings, decode, encode, inspect
from tests import pictures
from tests.damage import Part, build, take_apart

GOLDEN = Path(__file__).parent / "golden"
AVIF = GOLDEN / "avif" / "v1" / "rgb-60.nnc"


def test_a_restorer_of_version_1_is_bound_to_the_avif_file_as_it_was_stored() -> None:
    """Not to the bare picture that codecs read today."""
    before = AVIF.read_bytes()
    header, (payload,) = take_apart(before)
    start = bytes([32, 0])  # model, row of its starts: see docs/format/tuned.md
    bare = heif.unwrap(payload.data)
    sections = {stored: struct.pack("<BI", 1, zlib.crc32(stored)) + start for stored in (payload.data, bare)}
    found = decode(build(header, [payload._replace(tag=0x10), Part(0x96, sections[payload.data])]))
    assert not np.array_equal(found.pixels, decode(before).pixels)
    with pytest.raises(CorruptFile, match="another payload"):
        decode(build(header, [payload._replace(tag=0x10), Part(0x96, sections[bare])]))


def test_version_1_kept_the_avif_file_whole_and_version_2_does_not() -> None:
    header, (payload,) = take_apart(AVIF.read_bytes())
    assert payload.data[4:12] == b"ftypavif"
    again = build(header[:4] + b"\2" + header[5:], [payload._replace(data=heif.unwrap(payload.data))])
    assert np.array_equal(decode(again).pixels, decode(build(header, [payload])).pixels)
    for version, data in ((b"\1", heif.unwrap(payload.data)), (b"\2", payload.data)):
        with pytest.raises(CorruptFile, match="single still picture"):
            decode(build(header[:4] + version + header[5:], [payload._replace(data=data)]))


def test_other_codecs_payloads_are_the_same_in_version_1() -> None:
    header, (payload,) = take_apart((GOLDEN / "webp" / "v1" / "rgb-60.nnc").read_bytes())
    again = decode(build(header[:4] + b"\2" + header[5:], [payload]))
    assert np.array_equal(again.pixels, decode(build(header, [payload])).pixels)


def test_inspect_says_the_version() -> None:
    assert inspect(AVIF.read_bytes()).version == 1
    assert inspect(encode(pictures.picture("L"), Settings("avif", Options(effort=1))).data).version == 2
