"""Metadata of sources: byte for byte from the file's own structure, or a note."""

import io
import struct

import numpy as np
import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from nncodec.image import Metadata, oriented, read, write
from nncodec.image.tiff_exif import exif_of_tiff
from tests import pictures
from tests.image.test_writing import camera_exif, entry

PIXELS = pictures.photograph(24, 33)


def tiff_saying(text: bytes) -> bytes:
    """A TIFF whose ImageDescription are these bytes and a zero."""
    name = b"~" * len(text)
    return pictures.file_of(PIXELS, "TIFF", description=name.decode()).replace(name, text)


def test_texts_of_tiff_keep_their_bytes() -> None:
    found = read(tiff_saying("café Größe".encode())).metadata.exif
    assert found is not None
    assert "café Größe\0".encode() in found


@pytest.mark.parametrize("kind", [1, 2, 4, 7])
@pytest.mark.parametrize(("tag", "name"), [(34675, "icc"), (700, "xmp")])
def test_profile_and_xmp_of_tiff_keep_their_bytes_whatever_the_type_of_their_tag(
    tag: int, name: str, kind: int
) -> None:
    """Bytes, text, numbers of 32 bits, undefined: types 1, 2, 4 and 7."""
    block = {"icc": pictures.icc(), "xmp": pictures.XMP}[name]
    block += b" " * (-len(block) % 4)
    data = bytearray(pictures.file_of(PIXELS, "TIFF", tiffinfo={tag: block}))
    (directory,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, directory)
    entries = [directory + 2 + 12 * i for i in range(count)]
    at = next(at for at in entries if struct.unpack_from("<H", data, at) == (tag,))
    struct.pack_into("<HI", data, at + 2, kind, len(block) // (4 if kind == 4 else 1))
    assert getattr(read(bytes(data)).metadata, name) == block


@pytest.mark.parametrize("order", ["<", ">"])
def test_directories_of_a_camera_come_back_from_tiff(order: str) -> None:
    data, _ = write(pictures.picture("RGB", meta=Metadata(exif=camera_exif(order))), "TIFF")
    found = read(data)
    assert found.notes == ()
    exif = PIL.Image.Exif()
    exif.load(b"Exif\0\0" + (found.metadata.exif or b""))
    assert exif[0x010F] == "nnc"
    assert exif.get_ifd(0x8769) == {0x927C: b"\0maker\xff\0!"}
    assert exif.get_ifd(0x8825) == {1: "N"}


def test_a_maker_note_stays_at_its_offset() -> None:
    block = camera_exif()
    found = read(write(pictures.picture("RGB", meta=Metadata(exif=block)), "TIFF")[0]).metadata.exif or b""
    note = b"\0maker\xff\0!"
    assert found.index(note) == block.index(note)


def test_a_maker_note_that_moves_is_noted() -> None:
    block = camera_exif()
    note_at = block.index(b"\0maker\xff\0!")
    far = block[:note_at].replace(struct.pack("<I", note_at), struct.pack("<I", 30_000)).ljust(30_000, b"\0")
    found = read(write(pictures.picture("RGB", meta=Metadata(exif=far + block[note_at:])), "TIFF")[0])
    assert len(found.notes) == 1
    assert "maker note" in found.notes[0]


@given(at=st.integers(0, 400), put=st.binary(min_size=1, max_size=4), frame=st.integers(0, 2))
def test_damaged_directories_give_a_block_or_none(at: int, put: bytes, frame: int) -> None:
    data = write(pictures.picture("L", 4, 4, meta=Metadata(exif=camera_exif())), "TIFF")[0]
    found = exif_of_tiff(data[:at] + put + data[at + len(put) :], frame)
    assert found is None or found.block[:4] == b"II*\0"


def test_values_that_point_at_one_place_many_times_are_bounded() -> None:
    large = 2**22
    entries = b"".join(
        entry("<", tag, 1, large, struct.pack("<I", 8)) for tag in (0x010D, 0x010E, 0x010F, 0x0110, 0x0131)
    )
    file = b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", 5) + entries + bytes(large)
    assert exif_of_tiff(file) is None


# --- avif -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_goes_through_avif_byte_for_byte(orientation: int) -> None:
    turned = entry("<", 0x0112, 3, 1, struct.pack("<H", orientation))
    block = camera_exif(more=turned)
    data, notes = write(pictures.picture("RGB", meta=Metadata(exif=block)), "AVIF")
    assert notes == ()
    assert block in data
    assert read(data).metadata.exif == block


def test_the_box_of_an_avif_decides_its_orientation() -> None:
    """An encoder that turns by a box need not say so in Exif; the rest of the block keeps its bytes and its place."""
    turned, level = (camera_exif(more=entry("<", 0x0112, 3, 1, value)) for value in (b"\6\0", b"\1\0"))
    data = write(pictures.picture("RGB", meta=Metadata(exif=turned)), "AVIF")[0]
    assert read(data.replace(turned, level)).metadata.exif == turned
    silent = camera_exif().ljust(len(turned), b"\0")
    found = read(data.replace(turned, silent)).metadata
    assert oriented(found) == 6
    assert found.exif is not None
    assert found.exif[8 : len(silent)] == silent[8:]


# --- notes ----------------------------------------------------------------------------------------------------------


RESOURCES = (
    b"8BIM\x03\xed\x03abc\0\0\0\x03xyz\0" + b"8BIM\x04\x04\0\0" + struct.pack(">I", len(pictures.IPTC)) + pictures.IPTC
)


def test_iptc_of_a_jpeg_is_kept_and_its_comment_noted() -> None:
    """The resources may be cut into several segments."""
    extra = b""
    for part in (RESOURCES[:33], RESOURCES[33:]):
        extra += b"\xff\xed" + struct.pack(">H", 16 + len(part)) + b"Photoshop 3.0\0" + part
    found = read(pictures.file_of(PIXELS, "JPEG", comment=b"made by hand", extra=extra))
    assert (found.metadata.iptc, found.notes) == (pictures.IPTC, ("its comment is dropped",))


@pytest.mark.parametrize("order", ["<", ">"])
def test_iptc_of_a_tiff_is_kept_whatever_its_type(order: str) -> None:
    """Some programs write it as 32-bit numbers, in the file's byte order or in their own."""
    padded = pictures.IPTC + bytes(-len(pictures.IPTC) % 4)
    turned = np.frombuffer(padded, np.uint32).byteswap().tobytes()
    plain = write(pictures.picture("L", meta=Metadata(exif=camera_exif(order), iptc=padded)), "TIFF")[0]
    as_bytes = struct.pack(f"{order}2HI", 33723, 7, len(padded))
    as_numbers = struct.pack(f"{order}2HI", 33723, 4, len(padded) // 4)
    assert as_bytes in plain
    for records in (padded, turned):
        found = read(plain.replace(as_bytes, as_numbers).replace(padded, records))
        assert (found.metadata.iptc, found.notes) == (padded, ())


def test_iptc_among_the_resources_in_a_tiff_is_kept() -> None:
    tags = ImageFileDirectory_v2()
    tags[34377] = RESOURCES
    tags.tagtype[34377] = 1
    assert read(pictures.file_of(PIXELS, "TIFF", tiffinfo=tags)).metadata.iptc == pictures.IPTC


def test_damaged_iptc_of_a_tiff_is_noted() -> None:
    tags = ImageFileDirectory_v2()
    tags[33723] = b"nothing of the kind"
    tags.tagtype[33723] = 7
    assert read(pictures.file_of(PIXELS, "TIFF", tiffinfo=tags)).notes == ("its damaged IPTC is dropped",)


def test_a_comment_in_a_gif_is_noted() -> None:
    assert read(pictures.file_of(PIXELS, "GIF", comment=b"made by hand")).notes == ("its comment is dropped",)


@pytest.mark.parametrize(("ratio", "noted"), [(0, False), (49, False), (113, True)])
def test_the_shape_of_pixels_of_a_gif_is_noted(ratio: int, noted: bool) -> None:
    data = pictures.file_of(PIXELS, "GIF")
    found = read(data[:12] + bytes([ratio]) + data[13:])
    assert any("64 across, 128 down" in note for note in found.notes) == noted
    assert np.array_equal(found.pixels, np.asarray(PIL.Image.open(io.BytesIO(data)).convert("RGB")))
