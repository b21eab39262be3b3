"""JPEG files in fewer bytes: the file that comes out is the one that went in, or it was stored as it is."""

import sys
import types

import numpy as np
import PIL.Image
import pytest

from nncodec.codec import Frame, Options
from nncodec.codecs import by_name
from nncodec.container import Container, Kind, Section, parse, serialize
from nncodec.errors import CorruptFile, EncodeError, InternalError, LimitExceeded, UnsupportedFile
from nncodec.image import read
from nncodec.pipeline import Settings, decode, inspect, keep_file, original
from tests import pictures
from tests.codecs.lepton.payloads import header_of, with_headers
from tests.make_golden import GOLDEN

PHOTO = pictures.photograph(120, 170)
PLAIN = pictures.file_of(PHOTO, "JPEG", quality=90)
TWO = [PIL.Image.fromarray(pictures.photograph(80, 90, seed=seed)) for seed in (1, 2)]
SHRUNK = {
    "baseline": PLAIN,
    "progressive": pictures.file_of(PHOTO, "JPEG", quality=90, progressive=True),
    "4:4:4": pictures.file_of(PHOTO, "JPEG", quality=90, subsampling="4:4:4"),
    "4:2:2": pictures.file_of(PHOTO, "JPEG", quality=90, subsampling="4:2:2"),
    "gray": pictures.file_of(PHOTO[:, :, 0], "JPEG", quality=90),
    "restart markers": pictures.file_of(PHOTO, "JPEG", quality=90, restart_marker_blocks=5),
    "with metadata": pictures.file_of(
        PHOTO, "JPEG", exif=b"Exif\0\0" + pictures.exif(6), icc_profile=pictures.icc(), xmp=pictures.XMP
    ),
    "with a rest": PLAIN + b"a rest that is no JPEG",
    "two frames": pictures.file_of(TWO[0], "MPO", save_all=True, append_images=[TWO[1]]),
    "one pixel": pictures.file_of(pictures.photograph(1, 1), "JPEG"),
}
STORED = {
    "four components": pictures.file_of(PIL.Image.fromarray(PHOTO).convert("CMYK"), "JPEG"),
    "without an end of image": PLAIN[:-2],
    "with zeros for a rest": PLAIN + bytes(2 << 20),
    "with bytes between segments": PLAIN[:2] + b"\xff\xff\xff" + PLAIN[2:],
}


@pytest.fixture
def lepton() -> None:
    """Skip a test where the library has no wheel."""
    pytest.importorskip("lepton_jpeg_python", exc_type=ImportError)


def kept(jpeg: bytes) -> bytes:
    """A file that keeps a JPEG, packed if it gets smaller."""
    return keep_file(jpeg, Settings()).data


@pytest.mark.parametrize("jpeg", SHRUNK.values(), ids=SHRUNK.keys())
def test_a_jpeg_gets_smaller_and_comes_back_bit_for_bit(jpeg: bytes, lepton: None) -> None:
    data = kept(jpeg)
    assert inspect(data).codec == "lepton"
    assert len(data) < len(jpeg)
    assert original(data) == (jpeg, ".jpg")


@pytest.mark.parametrize("jpeg", STORED.values(), ids=STORED.keys())
def test_what_does_not_come_back_is_stored_as_it_is_and_the_reason_told(jpeg: bytes, lepton: None) -> None:
    done = keep_file(jpeg, Settings())
    assert (done.codec, original(done.data)) == ("jpegfile", (jpeg, ".jpg"))
    assert done.details[0].startswith("stored as it is: ")
    assert len(done.data) <= len(jpeg) + 23


@pytest.mark.parametrize("jpeg", SHRUNK.values(), ids=SHRUNK.keys())
def test_pixels_and_metadata_are_those_of_the_jpeg(jpeg: bytes, lepton: None) -> None:
    found, read_directly = decode(kept(jpeg)), read(jpeg)
    assert np.array_equal(found.picture.pixels, read_directly.pixels)
    assert found.metadata == read_directly.metadata


def test_photographs_lose_a_tenth_of_their_bytes(lepton: None) -> None:
    assert len(kept(PLAIN)) < 0.9 * len(PLAIN)


@pytest.mark.parametrize("fault", [RuntimeError("Compression failed: NoMemory: none"), BaseException("a panic")])
def test_a_fault_of_the_library_costs_bytes_and_nothing_else(
    fault: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(data: bytes, config: object) -> bytes:
        raise fault

    monkeypatch.setitem(sys.modules, "lepton_jpeg_python", types.SimpleNamespace(compress_bytes=failing))
    done = keep_file(PLAIN, Settings())
    assert (done.codec, original(done.data)[0]) == ("jpegfile", PLAIN)


def test_a_library_that_gives_back_other_bytes_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    payload = parse((GOLDEN / "lepton" / "baseline.nnc").read_bytes()).payload
    jpeg = pictures.file_of(pictures.photograph(72, 96), "JPEG", quality=90, restart_marker_blocks=7)
    wrong = types.SimpleNamespace(
        compress_bytes=lambda data, config: payload[4:], decompress_bytes=lambda data, config: jpeg[:-1] + b"x"
    )
    monkeypatch.setitem(sys.modules, "lepton_jpeg_python", wrong)
    assert keep_file(jpeg, Settings()).codec == "jpegfile"
    with pytest.raises(CorruptFile, match="other bytes than were packed"):
        original((GOLDEN / "lepton" / "baseline.nnc").read_bytes())


@pytest.mark.parametrize("fault", [RuntimeError("Decompression failed: ShortRead"), BaseException("a panic")])
def test_a_fault_of_the_library_in_decoding_is_a_corrupt_file(
    fault: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(data: bytes, config: object) -> bytes:
        raise fault

    monkeypatch.setitem(sys.modules, "lepton_jpeg_python", types.SimpleNamespace(decompress_bytes=failing))
    with pytest.raises(CorruptFile, match="cannot be decoded"):
        decode((GOLDEN / "lepton" / "baseline.nnc").read_bytes())


def test_without_the_library_a_file_is_unsupported_with_a_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lepton_jpeg_python", None)
    data = (GOLDEN / "lepton" / "baseline.nnc").read_bytes()
    for read_it in (decode, original):
        with pytest.raises(UnsupportedFile, match="lepton-jpeg-python is needed") as caught:
            read_it(data)
        assert "pip install lepton-jpeg-python" in str(caught.value.hint)
    assert inspect(data).codec == "lepton"


def test_every_damaged_payload_gives_our_error(lepton: None) -> None:
    """Or the file itself, where the library does not read the byte; the container's checksums are right."""
    container = parse(kept(PLAIN))
    refused = 0
    for at in range(0, len(container.payload), len(container.payload) // 150):
        payload = bytearray(container.payload)
        payload[at] ^= 0x55
        try:
            data = serialize(Container(container.header, (Section(Kind.PAYLOAD, bytes(payload)),)))
            assert original(data)[0] == PLAIN
        except InternalError:
            raise
        except (CorruptFile, LimitExceeded):
            refused += 1
    assert refused > 140


def segments_of(headers: bytes) -> list[bytes]:
    """The marker segments of a JPEG's headers, the start of image left out."""
    found, at = list[bytes](), 0
    while at < len(headers):
        end = at + 2 + int.from_bytes(headers[at + 2 : at + 4], "big")
        found.append(headers[at:end])
        at = end
    return found


def with_damage(segments: list[bytes], rng: np.random.Generator) -> bytes:
    """Headers of which a segment is lost, doubled, moved or changed."""
    segments, (one, other) = list(segments), rng.integers(len(segments), size=2)
    what = rng.integers(4)
    if what == 0:
        del segments[one]
    elif what == 1:
        segments.insert(other, segments[one])
    elif what == 2:
        segments[one], segments[other] = segments[other], segments[one]
    else:
        changed = bytearray(segments[one])
        changed[rng.choice([1, *range(4, len(changed))])] = rng.choice([0, 1, 0x11, 0x22, 0x40, 0xC0, 0xC2, 0xDA, 0xE0])
        segments[one] = bytes(changed)
    return b"".join(segments)


@pytest.mark.parametrize("kind", ["baseline", "progressive", "with a rest"])
def test_damaged_headers_give_our_error_and_never_end_the_process(kind: str, lepton: None) -> None:
    """The library allocates what they state: without a scan, 550 GB."""
    codec, rng = by_name("lepton"), np.random.default_rng(1)
    payload = codec.pack(SHRUNK[kind])
    header, refused = header_of(payload), 0
    segments = segments_of(header[7 : 7 + int.from_bytes(header[3:7], "little")])
    for _ in range(200):
        damaged = with_headers(payload, lambda headers: with_damage(segments, rng))
        try:
            assert codec.unpack(damaged, Frame(170, 120, 3)) == SHRUNK[kind]
        except (CorruptFile, LimitExceeded):
            refused += 1
    assert refused > 150


def test_pixels_cannot_be_encoded_with_it() -> None:
    with pytest.raises(EncodeError, match="keeps existing JPEG files"):
        by_name("lepton").encode(PHOTO, Options())


def test_the_original_stays_below_the_limits() -> None:
    data = (GOLDEN / "lepton" / "baseline.nnc").read_bytes()
    for limits in ({"max_pixels": 96 * 72 - 1}, {"max_memory": 1 << 20}):
        with pytest.raises(LimitExceeded):
            original(data, **limits)


def test_a_frame_that_disagrees_is_refused_before_the_library_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lepton_jpeg_python", None)
    payload = parse((GOLDEN / "lepton" / "baseline.nnc").read_bytes()).payload
    with pytest.raises(CorruptFile):
        by_name("lepton").unpack(payload, Frame(72, 96, 3))
