"""PNG: the transparent colour is in samples of the file, and what it says of its colours is kept or noted."""

import io
import struct
import zlib

import numpy as np
import PIL.Image
import pytest

from nncodec.errors import CorruptFile, EncodeError
from nncodec.image import from_pillow, read
from tests import pictures
from tests.image.png_chunks import chunk, png

STILL = PIL.Image.fromarray(pictures.photograph(20, 30))

GRAYS = {
    1: bytes.fromhex("00 50"),
    2: bytes.fromhex("00 1b"),
    4: bytes.fromhex("00 01 23"),
    8: bytes.fromhex("00 00 01 02 03"),
}
"""A row of four samples, by bits: 0 1 2 3, and 0 1 0 1 of 1 bit."""


@pytest.mark.parametrize("bits", GRAYS)
@pytest.mark.parametrize("key", [0, 1])
def test_transparent_gray_is_in_samples_of_the_file(bits: int, key: int) -> None:
    picture = read(png(4, 1, bits, 0, GRAYS[bits], chunk(b"tRNS", struct.pack(">H", key))))
    samples = np.array([[0, 1, 0, 1] if bits == 1 else [0, 1, 2, 3]])
    assert picture.alpha is not None
    assert np.array_equal(picture.alpha, np.where(samples == key, 0, 255))
    assert np.array_equal(picture.pixels, samples * 255 // (2**bits - 1))


def test_bits_of_the_key_above_the_depth_are_ignored() -> None:
    """PNG, third edition, 11.3.1.1: the least significant bits are used."""
    gray = read(png(4, 1, 4, 0, GRAYS[4], chunk(b"tRNS", struct.pack(">H", 0x7152))))
    colour = read(png(2, 1, 8, 2, bytes(7), chunk(b"tRNS", bytes.fromhex("0100 0200 0300"))))
    assert gray.alpha is not None
    assert gray.alpha.tolist() == [[255, 255, 0, 255]]
    assert colour.alpha is not None
    assert colour.alpha.tolist() == [[0, 0]]


KEY = chunk(b"tRNS", bytes.fromhex("1234 5678 9abc"))
COLOURS = bytes.fromhex("00 123456789abc 123456789abd 133456789abc")
"""A row of 16-bit colours: the key, one with its high bytes and one without."""


def test_transparent_16_bit_colour_is_compared_before_it_is_cut() -> None:
    data = png(3, 1, 16, 2, COLOURS, KEY)
    picture = read(data, depth=8)
    assert picture.alpha is not None
    assert picture.alpha.tolist() == [[0, 255, 255]]
    assert np.array_equal(picture.pixels, read(png(3, 1, 16, 2, COLOURS), depth=8).pixels)
    with pytest.raises(EncodeError, match="would be cut to 8"):
        read(data)
    with pytest.raises(EncodeError, match="transparent colour"):  # the file's samples are out of reach
        from_pillow(PIL.Image.open(io.BytesIO(data)), depth=8)


def test_transparent_16_bit_gray_is_kept_where_8_bits_are_allowed() -> None:
    data = png(3, 1, 16, 0, bytes.fromhex("00 1234 1235 ffff"), chunk(b"tRNS", bytes.fromhex("1234")))
    picture = read(data, depth=8)
    assert picture.pixels.tolist() == [[18, 18, 255]]
    assert picture.alpha is not None
    assert picture.alpha.tolist() == [[0, 255, 255]]
    with pytest.raises(EncodeError, match="transparent colour") as caught:
        read(data)
    assert caught.value.hint == "--depth 8 allows it"


def test_an_opened_pillow_image_is_left_as_it_was() -> None:
    still = PIL.Image.open(io.BytesIO(png(4, 1, 2, 0, GRAYS[2], chunk(b"tRNS", struct.pack(">H", 1)))))
    picture = from_pillow(still)
    assert picture.alpha is not None
    assert picture.alpha.tolist() == [[255, 0, 255, 255]]
    assert still.info["transparency"] == 1


# --- colour ---------------------------------------------------------------------------------------------------------


def with_chunks(*chunks: bytes) -> bytes:
    """A PNG with chunks behind its header."""
    data = pictures.file_of(STILL, "PNG")
    return data[:33] + b"".join(chunks) + data[33:]  # 33 bytes: signature and IHDR


LINEAR, USUAL = chunk(b"gAMA", struct.pack(">I", 100_000)), chunk(b"gAMA", struct.pack(">I", 45_455))
WIDE = chunk(b"cHRM", struct.pack(">8I", 31270, 32900, 70800, 29200, 17000, 79700, 13100, 4600))


@pytest.mark.parametrize(
    ("chunks", "noted"),
    [
        (LINEAR, 1),
        (USUAL + WIDE, 1),
        (WIDE, 1),
        (USUAL, 0),
        (b"", 0),
        (chunk(b"sRGB", b"\0") + LINEAR + WIDE, 0),
    ],
    ids=["linear", "wide", "wide alone", "as usual", "none", "sRGB comes first"],
)
def test_a_png_that_says_it_is_not_srgb_is_noted(chunks: bytes, noted: int) -> None:
    notes = read(with_chunks(chunks)).notes
    assert len(notes) == noted
    assert all(note.startswith("its gAMA and cHRM chunks are dropped") for note in notes)


@pytest.mark.parametrize(
    ("codes", "named"),
    [
        ((12, 13, 0, 1), " (primaries Display P3, transfer sRGB)"),
        ((9, 16, 0, 1), " (primaries BT.2020, transfer PQ)"),
        ((9, 18, 0, 1), " (primaries BT.2020, transfer HLG)"),
        ((1, 13, 0, 0), " (primaries BT.709, transfer sRGB)"),  # narrow range
        ((22, 4, 0, 1), " (primaries 22, transfer 4)"),
        ((1, 13), ""),
    ],
    ids=str,
)
def test_coding_independent_code_points_other_than_srgb_are_noted(codes: tuple[int, ...], named: str) -> None:
    """Numbers are those of ITU-T H.273."""
    cicp = chunk(b"cICP", bytes(codes))
    note = f"its cICP chunk{named} is dropped: it will be taken for sRGB, and may look different"
    assert read(with_chunks(cicp)).notes == (note,)
    assert read(with_chunks(cicp, LINEAR)).notes == (note,)
    profile = chunk(b"iCCP", b"p\0\0" + zlib.compress(pictures.icc()))
    found = read(with_chunks(cicp, profile))
    assert found.metadata.icc == pictures.icc()
    assert found.notes == (note.replace("taken for sRGB", "shown by its colour profile"),)


def test_code_points_of_srgb_come_before_gamma_and_need_no_note() -> None:
    assert read(with_chunks(chunk(b"cICP", bytes((1, 13, 0, 1))), LINEAR)).notes == ()


@pytest.mark.parametrize("stream", [b"x\x9cgarbage", zlib.compress(b"")], ids=["broken", "empty"])
def test_a_broken_profile_is_noted(stream: bytes) -> None:
    picture = read(with_chunks(chunk(b"iCCP", b"p\0\0" + stream)))
    assert picture.metadata.icc is None
    assert picture.notes == ("its colour profile is damaged, and dropped: it may look different",)


def test_a_profile_that_is_cut_short_is_noted() -> None:
    cut = pictures.icc()[:-1]
    picture = read(with_chunks(chunk(b"iCCP", b"p\0\0" + zlib.compress(cut))))
    assert picture.metadata.icc == cut
    assert picture.notes == ("its colour profile is cut short, and kept as it is: it may look different",)


def damaged(kind: bytes, content: bytes) -> bytes:
    """A chunk with a wrong checksum."""
    return chunk(kind, content)[:-1] + b"\x55"


def test_a_damaged_ancillary_chunk_is_left_out_with_a_note() -> None:
    broken, sound = damaged(b"tIME", bytes(7)), chunk(b"pHYs", struct.pack(">IIB", 11811, 11811, 1))
    found = read(png(4, 1, 8, 0, GRAYS[8], broken, sound))
    assert found.notes == ("its tIME chunk is damaged, and dropped",)
    assert found.metadata.exif is not None
    assert found.pixels.tolist() == [[0, 1, 2, 3]]


def test_a_damaged_transparent_colour_is_damage() -> None:
    with pytest.raises(CorruptFile, match="tRNS"):
        read(png(4, 1, 8, 0, GRAYS[8], damaged(b"tRNS", b"\0\1")))
