"""AV1 pictures without a file around them, and the file that is put around them again."""

import random
from pathlib import Path

import numpy as np
import pytest

from nncodec.codec import Options
from nncodec.codecs import by_name
from nncodec.codecs.avif import heif
from nncodec.codecs.avif.av1 import SequenceHeader, bare, complete, sequence_header
from nncodec.container import parse
from nncodec.errors import CorruptFile, LimitExceeded
from nncodec.image.stills import decode_still, encode_still
from tests import pictures

GOLDEN = sorted((Path(__file__).parents[2] / "golden" / "avif" / "v1").glob("*.nnc"))
SIZES = [(1, 1), (1, 2), (2, 1), (17, 31), (40, 56), (255, 256), (256, 255), (1, 300), (300, 1), (512, 768), (1, 32768)]
COLOUR = (1, 13, 6)
"""BT.709 primaries, sRGB transfer, BT.601 matrix (ITU-T H.273)."""
PICTURE = bytes.fromhex("0a09 381577 9d8404341a40 30 fedcba")
"""A sequence header as libaom writes it, 56 x 40, and a frame of three bytes that no decoder would like."""
ITEM = bytes.fromhex("1200 0a09 381577 9d8404341a40 3203 fedcba")


def by_pillow(pixels: np.ndarray, quality: int = 50, subsampling: str = "4:4:4", **more: object) -> bytes:
    """A whole AVIF file."""
    return encode_still(pixels, "AVIF", quality=quality, subsampling=subsampling, speed=10, **more)


# --- the bit stream -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("channels", [1, 3])
def test_the_sequence_header_says_what_was_encoded(size: tuple[int, int], channels: int) -> None:
    height, width = size
    found = sequence_header(by_name("avif").encode(pictures.flat(height, width, channels), Options(50, effort=1)))
    assert (found.width, found.height, found.gray) == (width, height, channels == 1)
    assert (found.colour, found.full_range) == (COLOUR, True)


def test_lossless_colour_is_three_planes_high() -> None:
    found = sequence_header(by_name("avif").encode(pictures.photograph(11, 13), Options(100, effort=1)))
    assert (found.width, found.height, found.gray) == (13, 33, True)


def test_a_sequence_header_bit_by_bit() -> None:
    """Profile 0, still, reduced, level 0; 4 + 3 bits for 12 x 5; tools; 8 bits, gray; 9, 16, 1, limited range; rest."""
    bits = "000 1 1 00000" + "0011 0010" + "1011 100" + "101010" + "0 1" + "1 00001001 00010000 00000001 0" + "1 0 1"
    packed = bits.replace(" ", "")
    header = int(packed.ljust(-(-len(packed) // 8) * 8, "0"), 2).to_bytes(-(-len(packed) // 8), "big")
    found = sequence_header(bytes([0x0A, len(header)]) + header + b"\x30")
    assert found == SequenceHeader(0, 0, 12, 5, (9, 16, 1), False)


def test_bare_drops_the_delimiter_and_the_length_of_the_frame() -> None:
    assert bare(ITEM) == PICTURE
    assert bare(ITEM[2:]) == PICTURE
    assert bare(ITEM[:14] + b"\x83" + b"\x80" * 6 + b"\0" + ITEM[15:]) == PICTURE
    assert complete(PICTURE) == ITEM


@pytest.mark.parametrize("n_bytes", [0, 1, 127, 128, 16383, 16384, 100_000])
def test_complete_undoes_bare_at_every_length(n_bytes: int) -> None:
    picture = PICTURE + bytes(n_bytes)
    assert bare(complete(picture)) == picture


@pytest.mark.parametrize(
    "item",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(ITEM[:13], id="no frame"),
        pytest.param(ITEM[:2] + ITEM[13:], id="no sequence header"),
        pytest.param(ITEM[:13] + ITEM[2:], id="two sequence headers"),
        pytest.param(ITEM + ITEM[13:], id="two frames"),
        pytest.param(ITEM[13:] + ITEM[2:13], id="wrong order"),
        pytest.param(ITEM[:2] + ITEM, id="two delimiters"),
        pytest.param(ITEM[:-1], id="frame cut"),
        pytest.param(ITEM[:-4], id="frame's length missing"),
        pytest.param(ITEM + b"\x0a", id="something after it"),
        pytest.param(ITEM[:14] + b"\x83" + b"\x80" * 7 + b"\0" + ITEM[15:], id="a length in nine bytes"),
        pytest.param(ITEM[:13] + b"\x30" + ITEM[15:], id="no length"),
        pytest.param(ITEM[:13] + b"\x36\0" + ITEM[14:], id="extension"),
        pytest.param(b"\x92" + ITEM[1:], id="reserved bit"),
        pytest.param(b"\x12" + b"\xff" * 10_000_000, id="an endless length"),
    ],
)
def test_other_units_are_corrupt(item: bytes) -> None:
    with pytest.raises(CorruptFile, match="single still picture"):
        bare(item)


@pytest.mark.parametrize(
    "picture",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(PICTURE[:1], id="one byte"),
        pytest.param(PICTURE[:11], id="no frame"),
        pytest.param(ITEM, id="a delimiter"),
        pytest.param(ITEM[2:], id="a frame with its length"),
        pytest.param(b"\x0a\x89\0" + PICTURE[2:], id="a length in two bytes"),
        pytest.param(b"\x0a\x89" + PICTURE[2:11] + bytes(128) + PICTURE[11:], id="a length of 137"),
        pytest.param(b"\x0a\x05" + PICTURE[2:7] + PICTURE[11:], id="sequence header cut"),
        pytest.param(b"\x0a\0\x30", id="sequence header empty"),
        pytest.param(PICTURE[:2] + b"\x58" + PICTURE[3:], id="profile 2"),
        pytest.param(PICTURE[:2] + b"\x30" + PICTURE[3:], id="not reduced"),
        pytest.param(PICTURE[:2] + b"\x28" + PICTURE[3:], id="not still"),
        pytest.param(PICTURE[:6] + b"\x8c" + PICTURE[7:], id="10 bits"),
        pytest.param(PICTURE[:6] + b"\x80" + PICTURE[7:], id="no colour description"),
        pytest.param(PICTURE[:9] + b"\x02\x40" + PICTURE[11:], id="identity matrix"),
    ],
)
def test_other_pictures_are_corrupt(picture: bytes) -> None:
    for reads in (sequence_header, heif.wrap):
        with pytest.raises(CorruptFile, match="single still picture"):
            reads(picture)


@pytest.mark.parametrize(("channels", "subsampling"), [(3, "4:2:0"), (3, "4:2:2")])
def test_other_subsampling_is_corrupt(channels: int, subsampling: str) -> None:
    picture = heif.unwrap(by_pillow(pictures.photograph(16, 16, channels), subsampling=subsampling))
    with pytest.raises(CorruptFile, match="single still picture"):
        sequence_header(picture)


def test_damage_gives_a_header_or_our_error() -> None:
    rng = random.Random(1)
    for _ in range(3000):
        data = bytearray(PICTURE + bytes(20))
        for _ in range(rng.choice((1, 2, 8))):
            data[rng.randrange(12)] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
        try:
            found = sequence_header(bytes(data[: rng.choice((len(data), rng.randrange(len(data))))]))
        except CorruptFile:
            continue
        assert 1 <= found.width <= 65536
        assert 1 <= found.height <= 65536


# --- the file around it ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_the_file_is_the_one_that_libavif_wrote(path: Path) -> None:
    """Version 1 kept them whole, as libavif 1.4 wrote them: every size, gray and colour, lossy and lossless."""
    file = parse(path.read_bytes()).payload
    assert heif.wrap(heif.unwrap(file)) == file


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("quality", [0, 30, 99, 100])
@pytest.mark.parametrize("size", [(1, 1), (33, 50), (65, 7)], ids=str)
def test_pixels_stay_as_they_are(size: tuple[int, int], quality: int, channels: int) -> None:
    subsampling = "4:0:0" if channels == 1 else "4:4:4"
    file = by_pillow(pictures.photograph(*size, channels), quality, subsampling)
    again = heif.wrap(heif.unwrap(file))
    before, after = (np.array(decode_still(data, "it", "AVIF", size)) for data in (file, again))
    assert np.array_equal(before, after)
    assert len(heif.unwrap(file)) < len(file) - 250


FILE = by_pillow(pictures.photograph(40, 56))


@pytest.mark.parametrize("data", [b"", b"\0" * 7, b"\0" * 400, FILE[:100], FILE[:-200], FILE * 2, FILE[8:]])
def test_other_files_are_corrupt(data: bytes) -> None:
    with pytest.raises(CorruptFile, match="single still picture"):
        heif.unwrap(data)


def test_a_file_with_a_second_item_is_corrupt() -> None:
    """Our encoder writes one: alpha is a section of the file, and grids are not used."""
    rgba = np.dstack([pictures.photograph(16, 16), pictures.transparency(16, 16)])
    with pytest.raises(CorruptFile, match="single still picture"):
        heif.unwrap(by_pillow(rgba))


def test_an_item_that_lies_elsewhere_is_corrupt() -> None:
    """Another construction method, item count or field size would let the picture be found in a decoy."""
    at = FILE.index(b"iloc") + 4
    for offset, value in ((4, 0x45), (5, 0x10), (7, 2), (13, 2)):
        data = bytearray(FILE)
        data[at + offset] = value
        with pytest.raises(CorruptFile):
            heif.unwrap(bytes(data))


def test_a_picture_that_boxes_cannot_count_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heif, "_MAX_ITEM", 100)
    heif.wrap(PICTURE + bytes(80))
    with pytest.raises(LimitExceeded, match="101 bytes"):
        heif.wrap(PICTURE + bytes(101 - len(ITEM)))
