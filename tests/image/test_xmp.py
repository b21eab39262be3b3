"""Extended XMP: packets above 64 KB go into JPEG segments and come back as they were."""

import io
import struct

import PIL.Image
import pytest

from nncodec.image import read
from nncodec.image.xmp import extended_segments, with_extension
from tests import pictures

RDF = b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
END = b"</rdf:RDF></x:xmpmeta>"
DIGEST = b"0123456789ABCDEF0123456789ABCDEF"
MAIN = b'<x:xmpmeta xmlns:x="adobe:ns:meta/">' + RDF + b'<rdf:Description rdf:about=""%b><a/></rdf:Description>' + END
POINTING = MAIN % (b' xmpNote:HasExtendedXMP="' + DIGEST + b'"')
MORE = b'<rdf:Description rdf:about=""><b>' + b"c" * 1000 + b"</b></rdf:Description>"
EXTENSION = b'<x:xmpmeta xmlns:x="adobe:ns:meta/">' + RDF + MORE + END
JOINED = (MAIN % b"").replace(END, MORE + END)


def piece(at: int, data: bytes, size: int = len(EXTENSION)) -> bytes:
    """The content of an APP1 segment with a part of the extended XMP."""
    return b"http://ns.adobe.com/xmp/extension/\0" + DIGEST + struct.pack(">II", size, at) + data


def jpeg_with(packet: bytes, pieces: list[bytes]) -> bytes:
    """A JPEG file with a packet and further APP1 segments."""
    extra = b"".join(b"\xff\xe1" + struct.pack(">H", 2 + len(content)) + content for content in pieces)
    return pictures.file_of(pictures.photograph(16, 16), "JPEG", xmp=packet, extra=extra)


PIECES = [piece(0, EXTENSION[:500]), piece(500, EXTENSION[500:])]


@pytest.mark.parametrize("pieces", [PIECES, PIECES[::-1]])
def test_an_extension_is_put_together_in_any_order_and_joined(pieces: list[bytes]) -> None:
    found = read(jpeg_with(POINTING, pieces))
    assert found.metadata.xmp == JOINED
    assert found.notes == ()


@pytest.mark.parametrize(
    "pieces",
    [
        [],
        PIECES[:1],
        PIECES[1:],
        [piece(0, EXTENSION, 5)],
        [piece(0, EXTENSION[:600]), PIECES[1]],
        [piece(0, b"", 0)],
        [piece(0, b"no XMP", 6)],
        [PIECES[0][:70]],
    ],
)
def test_a_damaged_extension_is_noted_and_no_longer_pointed_to(pieces: list[bytes]) -> None:
    found = read(jpeg_with(POINTING, pieces))
    assert found.metadata.xmp == MAIN % b""
    assert len(found.notes) == 1
    assert "extended XMP" in found.notes[0]


def test_a_pointer_may_be_an_element() -> None:
    element = b"<xmpNote:HasExtendedXMP>" + DIGEST + b"</xmpNote:HasExtendedXMP>"
    assert with_extension((MAIN % b"").replace(b"<a/>", b"<a/>" + element), PIECES) == (JOINED, ())


@pytest.mark.parametrize("packet", [b"x" * 70_000, b"\xff" + EXTENSION * 70])
def test_what_is_no_xmp_is_not_cut_up(packet: bytes) -> None:
    assert extended_segments(packet) is None


def test_segments_are_those_of_a_jpeg() -> None:
    packet = EXTENSION.replace(b"c" * 1000, b"c" * 200_000)
    segments = extended_segments(packet)
    assert segments is not None
    still = PIL.Image.open(io.BytesIO(pictures.file_of(pictures.photograph(16, 16), "JPEG", extra=segments)))
    contents = [content for marker, content in still.applist if marker == "APP1"]  # type: ignore[attr-defined]
    assert len(contents) == 5
    assert b"HasExtendedXMP" in still.info["xmp"]
    assert with_extension(still.info["xmp"], contents) == (packet, ())


@pytest.mark.parametrize(
    "hostile",
    [
        b" " * 2**21,
        b"<rdf:RDF xmlns:rdf=''>" * 2**16,
        b"<?xpacket begin?>" + b"<?xpacket end" * 2**17,
        b"<xmpNote:HasExtendedXMP" * 2**16,
        b" xmpNote:HasExtendedXMP=" * 2**16,
        b"xmpNote:HasExtendedXMP='" + b"<rdf:Description rdf:about=''" * 2**16,
    ],
)
def test_hostile_packets_are_searched_once_and_do_not_grow(hostile: bytes) -> None:
    """A search that starts anew at each byte would take minutes."""
    pieces = [b"http://ns.adobe.com/xmp/extension/\0" + DIGEST + struct.pack(">II", len(hostile), 0) + hostile]
    extended_segments(hostile)
    whole, _ = with_extension(POINTING.replace(b"<a/>", hostile), pieces)
    assert len(whole) <= len(POINTING) + 2 * len(hostile)
