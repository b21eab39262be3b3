"""The registry, the shared battery for every codec in it, and what is special about the payloads of some."""

import contextlib
import io
import struct
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nncodec.codec import Codec, Frame, Options
from nncodec.codecs import all_codecs, by_id, by_name
from nncodec.codecs.learned import adaptive_encoder
from nncodec.errors import CorruptFile, EncodeError, UnsupportedFile
from tests import pictures
from tests.codecs import battery
from tests.codecs.battery import frame_of
from tests.make_golden import GOLDEN


@pytest.fixture(params=battery.that_encode(), ids=lambda codec: codec.name)
def codec(request: pytest.FixtureRequest) -> Codec:
    """Each codec that encodes pixels and works here."""
    found: Codec = request.param
    lack = found.missing()
    if lack:
        pytest.skip(lack)
    return found


@pytest.fixture(autouse=True)
def few_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let high efforts of ``learned`` choose symbols three times again, not up to 48 times."""
    monkeypatch.setattr(adaptive_encoder, "ROUNDS", [min(rounds, 3) for rounds in adaptive_encoder.ROUNDS])


# --- the registry ---------------------------------------------------------------------------------------------------


def test_numbers_and_names_are_unique_and_found() -> None:
    codecs = all_codecs()
    assert len({codec.id for codec in codecs.values()}) == len(codecs)
    assert [codec.id for codec in codecs.values()] == sorted(codec.id for codec in codecs.values())
    for name, found in codecs.items():
        assert 1 <= found.id <= 255
        assert by_name(name) is by_id(found.id) is found
        assert found.summary
        assert "\n" not in found.summary


def test_wire_numbers_never_change() -> None:
    """A number names one payload format for ever: this list may only grow."""
    numbers = {"jpeg": 1, "jpegfile": 2, "jpeg2000": 3, "webp": 4, "avif": 5, "lepton": 6, "layered": 8, "compact": 17}
    numbers |= {"superres": 21, "generative": 22}
    assert {name: all_codecs()[name].id for name in numbers} == numbers


def test_unknown_codecs_are_refused() -> None:
    with pytest.raises(EncodeError, match="no codec is called 'gif'"):
        by_name("gif")
    with pytest.raises(UnsupportedFile, match="255"):
        by_id(255)


HEAVY = ("nncodec.nets", "nncodec.lapped", "nncodec.entropy", "torch", "constriction")


@pytest.mark.parametrize(
    "code",
    [
        "from nncodec.codecs import all_codecs; all_codecs()",
        "from nncodec.pipeline import decode; decode(open(sys.argv[1], 'rb').read())",
    ],
    ids=["listing all codecs", "decoding a webp"],
)
def test_networks_are_imported_by_those_who_use_them_alone(code: str) -> None:
    show = "print(*(name for name in sys.modules if name.startswith(('nncodec', 'torch', 'constriction'))))"
    command = [sys.executable, "-c", f"import sys\n{code}\n{show}", str(GOLDEN / "webp" / "rgb-60.nnc")]
    found = subprocess.run(command, capture_output=True, check=True, text=True).stdout.split()
    assert "nncodec.codecs.webp" in found
    assert not [name for name in found if name.startswith(HEAVY)]


def test_encoding_imports_the_codec_that_is_named_alone() -> None:
    code = "import sys; from nncodec.codecs import by_name; by_name('webp'); print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout.split()
    assert [name for name in found if name.startswith("nncodec.codecs.")] == ["nncodec.codecs.webp"]


# --- the battery ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("check", battery.CHECKS, ids=lambda check: check.__name__.removeprefix("check_"))
def test_a_codec_passes(check: Callable[[Codec], None], codec: Codec) -> None:
    check(codec)


# --- payloads without what decoders do not need ---------------------------------------------------------------------


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("quality", [1, 60, 95])
@pytest.mark.parametrize("size", [(1, 1), (40, 56), (512, 512)], ids=str)
def test_jpeg_is_the_smaller_kind_without_its_jfif_segment(size: tuple[int, int], quality: int, channels: int) -> None:
    """The pixels are those of the file that Pillow writes."""
    pixels = pictures.photograph(*size, channels)
    payload = by_name("jpeg").encode(pixels, Options(quality))
    subsampling = "4:4:4" if quality == 95 else "4:2:0"
    kinds = [
        pictures.file_of(pixels, "JPEG", quality=quality, subsampling=subsampling, optimize=True, progressive=p)
        for p in (False, True)
    ]
    assert len(payload) == min(map(len, kinds)) - 18
    assert b"JFIF" not in payload
    for kind in kinds:
        with PIL.Image.open(io.BytesIO(kind)) as still:
            assert np.array_equal(by_name("jpeg").decode(payload, frame_of(pixels), "cpu"), np.array(still))


@pytest.mark.parametrize("mode", ["L", "RGB", "I;16"])
@pytest.mark.parametrize("quality", [40, 100])
def test_jpeg2000_has_no_comment(mode: str, quality: int) -> None:
    pixels = pictures.picture(mode).pixels
    payload = by_name("jpeg2000").encode(pixels, Options(quality))
    comment = b"\xff\x64\0\x11\0\1Created by me"
    first = payload.index(b"\xff\x90")
    assert b"\xff\x64" not in payload[:first]
    with_one = payload[:first] + comment + payload[first:]
    frames = [by_name("jpeg2000").decode(data, frame_of(pixels), "cpu") for data in (payload, with_one)]
    assert np.array_equal(*frames)


# --- payloads that ask for more than their size allows --------------------------------------------------------------


def test_jpeg2000_in_many_tiles_is_refused() -> None:
    """195 bytes, 1000 x 1000 pixels in tiles of 4 x 4: OpenJPEG would take 700 MB to decode it."""
    payload = bytearray(by_name("jpeg2000").encode(pictures.flat(64, 64), Options(100)))
    at = payload.index(b"\xff\x51")
    payload[at + 6 : at + 14] = struct.pack(">2I", 1000, 1000)
    for tile in (4, 2**31):
        payload[at + 22 : at + 30] = struct.pack(">2I", tile, tile)
        with pytest.raises(CorruptFile, match="one tile"):
            by_name("jpeg2000").decode(bytes(payload), Frame(1000, 1000, 3), "cpu")


@pytest.mark.parametrize(("offset", "value"), [(4, b"\1"), (6, b"\xff\xff")], ids=["precincts", "65535 layers"])
def test_jpeg2000_with_a_multiplied_workload_is_refused(offset: int, value: bytes) -> None:
    payload = bytearray(by_name("jpeg2000").encode(pictures.flat(64, 64), Options(100)))
    at = payload.index(b"\xff\x52")
    payload[at + offset : at + offset + len(value)] = value
    with pytest.raises(CorruptFile, match="precincts or several layers"):
        by_name("jpeg2000").decode(bytes(payload), Frame(64, 64, 3), "cpu")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda data, qcd, sot: data[:qcd] + b"\xff\x5e\0\5\0\0\7" + data[qcd:], id="region of interest"),
        pytest.param(lambda data, qcd, sot: data[:qcd] + data[sot:], id="no QCD"),
        pytest.param(lambda data, qcd, sot: data[:sot] + data[qcd:], id="two QCDs"),
        pytest.param(lambda data, qcd, sot: data[:sot], id="no tile"),
        pytest.param(lambda data, qcd, sot: data[: sot + 10] + b"\0\2" + data[sot + 12 :], id="two tile parts"),
        pytest.param(lambda data, qcd, sot: data[:-2], id="no EOC"),
        pytest.param(lambda data, qcd, sot: data + b"\0", id="a byte after EOC"),
    ],
)
def test_jpeg2000_in_another_layout_is_refused(change: Callable[[bytes, int, int], bytes]) -> None:
    payload = by_name("jpeg2000").encode(pictures.flat(64, 64), Options(100))
    qcd, sot = payload.index(b"\xff\x5c"), payload.index(b"\xff\x90")
    with pytest.raises(CorruptFile, match="another header|within its header|one tile part"):
        by_name("jpeg2000").decode(change(payload, qcd, sot), Frame(64, 64, 3), "cpu")


@pytest.mark.parametrize("length", range(12))
@pytest.mark.parametrize("marker", [b"\xff\x51", b"\xff\x52"], ids=["SIZ", "COD"])
def test_a_short_marker_segment_of_jpeg2000_is_damage(marker: bytes, length: int) -> None:
    """SIZ is 38 bytes and more, COD 12 (ITU-T T.800, A.5.1 and A.6.1); the length counts itself, so 2 is empty."""
    payload = by_name("jpeg2000").encode(pictures.flat(64, 64), Options(100))
    at = payload.index(marker) + 2
    after = at + int.from_bytes(payload[at : at + 2])
    short = payload[:at] + length.to_bytes(2) + payload[at + 2 : at + max(length, 2)] + payload[after:]
    with pytest.raises(CorruptFile):
        by_name("jpeg2000").decode(short, Frame(64, 64, 3), "cpu")


@given(at=st.integers(0, 140), cut=st.integers(0, 20), put=st.binary(max_size=4))
def test_a_changed_header_of_jpeg2000_gives_our_error_or_a_picture(at: int, cut: int, put: bytes) -> None:
    payload = by_name("jpeg2000").encode(pictures.flat(64, 64), Options(100))
    with contextlib.suppress(CorruptFile):
        by_name("jpeg2000").decode(payload[:at] + put + payload[at + cut :], Frame(64, 64, 3), "cpu")


def test_the_effort_of_webp_is_libwebps_method() -> None:
    """Shown to matter: the file of another method has other bytes."""
    pixels = pictures.photograph(96, 128)
    files = [pictures.file_of(pixels, "WEBP", quality=60, method=m) for m in range(7)]
    for effort, method in ((1, 0), (4, 3), (7, 6), (9, 6)):
        assert by_name("webp").encode(pixels, Options(60, effort)) == files[method]
    assert len(set(files)) > 3
    lossless = [pictures.file_of(pixels, "WEBP", lossless=True, method=m, quality=q) for m, q in ((1, 10), (6, 100))]
    assert [by_name("webp").encode(pixels, Options(100, e)) for e in (1, 9)] == lossless
    assert len(lossless[1]) < len(lossless[0])


def test_webp_with_alpha_or_frames_is_refused() -> None:
    rgba = np.dstack([pictures.photograph(16, 16), pictures.transparency(16, 16)])
    frames = [PIL.Image.fromarray(pictures.noise(16, 16, seed=seed)) for seed in (1, 2)]
    animated = pictures.file_of(frames[0], "WEBP", save_all=True, append_images=frames[1:])
    for payload in (pictures.file_of(rgba, "WEBP"), animated):
        with pytest.raises(CorruptFile, match="alpha or is animated"):
            by_name("webp").decode(payload, Frame(16, 16, 3), "cpu")
