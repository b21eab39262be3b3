"""The size in the AV1 sequence header, which an AVIF decoder allocates by."""

import random

import pytest

from nncodec.av1 import coded_size
from nncodec.codecs import Options, by_name
from nncodec.errors import CorruptFile
from tests import pictures

SIZES = [(1, 1), (1, 2), (2, 1), (17, 31), (40, 56), (255, 256), (256, 255), (1, 300), (300, 1), (512, 768), (1, 32768)]


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("channels", [1, 3])
def test_it_is_the_size_of_what_was_encoded(size: tuple[int, int], channels: int) -> None:
    height, width = size
    payload = by_name("avif").encode(pictures.flat(height, width, channels), Options(50, effort=1))
    assert coded_size(payload) == (width, height)


def test_lossless_colour_is_three_planes_high() -> None:
    payload = by_name("avif").encode(pictures.photograph(11, 13), Options(100, effort=1))
    assert coded_size(payload) == (13, 33)


PAYLOAD = by_name("avif").encode(pictures.photograph(40, 56), Options(50, effort=1))


@pytest.mark.parametrize("data", [b"", b"\0" * 7, b"\0" * 400, PAYLOAD[:100], PAYLOAD[:-200], PAYLOAD * 2, PAYLOAD[8:]])
def test_other_layouts_are_corrupt(data: bytes) -> None:
    with pytest.raises(CorruptFile, match="single still picture"):
        coded_size(data)


def test_an_item_that_lies_elsewhere_is_corrupt() -> None:
    """Another construction method, item count or field size would let the sequence header be found in a decoy."""
    at = PAYLOAD.index(b"iloc") + 4
    for offset, value in ((4, 0x45), (5, 0x10), (7, 2), (13, 2)):
        data = bytearray(PAYLOAD)
        data[at + offset] = value
        with pytest.raises(CorruptFile):
            coded_size(bytes(data))


def test_two_sequence_headers_are_corrupt() -> None:
    """The decoder would believe the second."""
    at = PAYLOAD.index(b"mdat") + 4
    header = PAYLOAD[at + 2 : at + 4 + PAYLOAD[at + 3]]  # after the temporal delimiter of two bytes
    assert header[0] == 0x0A
    data = bytearray(PAYLOAD[: at + 2] + header + PAYLOAD[at + 2 :])
    data[at - 8 : at - 4] = (len(PAYLOAD) - at + 8 + len(header)).to_bytes(4, "big")
    length = PAYLOAD.index(b"iloc") + 4 + 18
    data[length : length + 4] = (len(PAYLOAD) - at + len(header)).to_bytes(4, "big")
    with pytest.raises(CorruptFile):
        coded_size(bytes(data))


def test_damage_gives_a_size_or_our_error() -> None:
    rng = random.Random(1)
    for _ in range(3000):
        data = bytearray(PAYLOAD)
        for _ in range(rng.choice((1, 2, 8))):
            data[rng.randrange(min(len(data), 320))] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
        try:
            width, height = coded_size(bytes(data[: rng.choice((len(data), rng.randrange(320)))]))
        except CorruptFile:
            continue
        assert 1 <= width <= 65536
        assert 1 <= height <= 65536
