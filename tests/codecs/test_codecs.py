"""One battery for every codec in the folder: a new codec is tested by being there."""

import io
import struct
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import PIL.Image
import pytest

from nncodec.codec import Codec, Frame, KeepsFiles, Options
from nncodec.codecs import all_codecs, by_id, by_name
from nncodec.errors import CorruptFile, EncodeError, UnsupportedFile
from nncodec.image.metrics import psnr
from tests import pictures
from tests.damage import MAGIC

CODECS = [codec for codec in all_codecs().values() if not isinstance(codec, KeepsFiles)]
SIZES = [(1, 1), (1, 2), (2, 1), (1, 37), (53, 1), (2, 3), (7, 7), (17, 31), (64, 64), (65, 129)]
QUICK = Options(effort=1)


@pytest.fixture(params=CODECS, ids=lambda codec: codec.name)
def codec(request: pytest.FixtureRequest) -> Codec:
    """Each codec that encodes pixels and works here."""
    found: Codec = request.param
    lack = found.missing()
    if lack:
        pytest.skip(lack)
    return found


def frame_of(pixels: npt.NDArray[np.generic]) -> Frame:
    """The frame that fits an array."""
    return Frame(pixels.shape[1], pixels.shape[0], 1 if pixels.ndim == 2 else 3, 8 * pixels.dtype.itemsize)


def there_and_back(codec: Codec, pixels: npt.NDArray[np.generic], quality: float = 90) -> npt.NDArray[np.generic]:
    """Encode and decode, and check what every decoder promises of its result."""
    payload = codec.encode(pixels, Options(quality, effort=2))
    seen = codec.decode(payload, frame_of(pixels), "cpu")
    assert (seen.shape, seen.dtype) == (pixels.shape, pixels.dtype)
    return seen


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
    numbers = {"jpeg": 1, "jpegfile": 2, "jpeg2000": 3, "webp": 4, "avif": 5, "layered": 8, "compact": 17}
    assert {name: all_codecs()[name].id for name in numbers} == numbers


def test_unknown_codecs_are_refused() -> None:
    with pytest.raises(EncodeError, match="no codec is called 'gif'"):
        by_name("gif")
    with pytest.raises(UnsupportedFile, match="255"):
        by_id(255)


# --- pixels ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_any_size_survives(codec: Codec, size: tuple[int, int], channels: int) -> None:
    there_and_back(codec, pictures.photograph(*size, channels))


@pytest.mark.parametrize("channels", [1, 3])
def test_the_picture_is_recognised(codec: Codec, channels: int) -> None:
    """Channels in order, nothing turned or shifted: a wrong one of these costs far more than 30 dB."""
    pixels = pictures.photograph(80, 112, channels)
    assert psnr(pixels, there_and_back(codec, pixels, quality=95)) > 30


def test_noise_survives(codec: Codec) -> None:
    pixels = pictures.noise(40, 48)
    assert psnr(pixels, there_and_back(codec, pixels, quality=95)) > 10


def test_noise_at_the_highest_quality_is_encoded(codec: Codec) -> None:
    """More bytes than samples: a buffer that was guessed from the size of the picture is too small."""
    there_and_back(codec, pictures.noise(300, 400), quality=100)


def test_a_flat_picture_stays_nearly_flat(codec: Codec) -> None:
    """Where there is nothing but one value, no codec has an excuse; and it costs next to nothing."""
    for value in (0, 7, 130, 255):
        pixels = pictures.flat(64, 96, value=value)
        assert np.abs(there_and_back(codec, pixels).astype(int) - value).max() <= 3
    assert len(codec.encode(pictures.flat(256, 256), QUICK)) < 2_000


def test_gray_stays_gray(codec: Codec) -> None:
    """A gray picture is not three equal channels in disguise, and its decoder gives one channel."""
    gray = pictures.photograph(48, 64, 1)
    payload = codec.encode(gray, QUICK)
    assert codec.decode(payload, frame_of(gray), "cpu").ndim == 2
    assert len(payload) <= len(codec.encode(np.dstack([gray] * 3), QUICK)) * 1.1


def test_sixteen_bits_survive_where_promised(codec: Codec) -> None:
    if 16 not in codec.depths:
        pytest.skip("8 bits only")
    deep = pictures.deep(30, 41)
    assert psnr(deep, there_and_back(codec, deep, quality=90)) > 35
    assert np.array_equal(there_and_back(codec, deep, quality=100), deep)


@pytest.mark.parametrize("name", ["jpeg2000", "webp", "avif", "layered"])
@pytest.mark.parametrize("channels", [1, 3])
def test_quality_100_is_lossless_where_promised(name: str, channels: int) -> None:
    codec = by_name(name)
    for pixels in (
        pictures.noise(19, 23, channels),
        pictures.photograph(37, 50, channels),
        pictures.flat(1, 1, channels),
    ):
        assert np.array_equal(there_and_back(codec, pixels, quality=100), pixels)


# --- quality and effort ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channels", [1, 3])
def test_size_and_fidelity_grow_with_quality(codec: Codec, channels: int) -> None:
    """The one promise about quality, on which the search for targets stands."""
    pixels = pictures.photograph(96, 128, channels)
    sizes, scores = [], []
    for quality in (0, 15, 30, 45, 60, 75, 90, 100):
        payload = codec.encode(pixels, Options(quality, effort=2))
        sizes.append(len(payload))
        scores.append(psnr(pixels, codec.decode(payload, frame_of(pixels), "cpu")))
    assert sizes == sorted(sizes)
    assert scores == sorted(scores)
    assert sizes[-1] > 3 * sizes[0]


def test_the_grid_of_the_search_is_no_finer_than_the_codec(codec: Codec) -> None:
    """A step that changed nothing would only cost tries; one of more than 2 would miss targets widely.

    But for the recurrent codec, whose quality is a number of iterations.
    """
    assert 0 < codec.quality_step <= (7 if codec.name == "recurrent" else 2)
    pixels = pictures.photograph(96, 128)
    steps = [Options(min(100, 50 + i * codec.quality_step), effort=1) for i in range(20)]
    assert len({codec.encode(pixels, options) for options in steps}) >= 3


def test_every_effort_works(codec: Codec) -> None:
    if codec.name in ("learned", "ccnn"):
        pytest.importorskip("torch")
    pixels = pictures.photograph(24, 32)
    for effort in range(1, 10):
        payload = codec.encode(pixels, Options(80, effort))
        assert psnr(pixels, codec.decode(payload, frame_of(pixels), "cpu")) > 25


def test_encoding_is_reproducible(codec: Codec) -> None:
    pixels = pictures.photograph(33, 47)
    assert codec.encode(pixels, QUICK) == codec.encode(pixels.copy(), QUICK)


def test_pixels_are_not_written_to(codec: Codec) -> None:
    pixels = pictures.photograph(20, 20)
    pixels.flags.writeable = False
    there_and_back(codec, pixels)


# --- what a decoder refuses -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", [(1, 0), (0, 1), (-1, 0), (0, -1), (100_000, 100_000)], ids=str)
def test_a_payload_of_another_size_is_refused(codec: Codec, change: tuple[int, int]) -> None:
    payload = codec.encode(pictures.photograph(24, 32), QUICK)
    with pytest.raises(CorruptFile):
        codec.decode(payload, Frame(32 + change[0], 24 + change[1], 3), "cpu")


def test_a_payload_with_other_channels_is_refused_or_converted(codec: Codec) -> None:
    """WebP has no gray, so gray and colour look the same there; all others must tell them apart."""
    colour = codec.encode(pictures.photograph(24, 32), QUICK)
    if codec.name == "webp":
        assert codec.decode(colour, Frame(32, 24, 1), "cpu").shape == (24, 32)
        return
    with pytest.raises(CorruptFile):
        codec.decode(colour, Frame(32, 24, 1), "cpu")
    gray = codec.encode(pictures.photograph(24, 32, 1), QUICK)
    with pytest.raises(CorruptFile):
        codec.decode(gray, Frame(32, 24, 3), "cpu")


def test_nothing_and_nonsense_are_refused(codec: Codec) -> None:
    for payload in (b"", b"\0", b"\0" * 500, MAGIC * 100, bytes(range(256)) * 4):
        with pytest.raises(CorruptFile):
            codec.decode(payload, Frame(24, 32, 3), "cpu")


def test_a_cut_payload_gives_our_error_or_a_picture(codec: Codec) -> None:
    payload = codec.encode(pictures.photograph(40, 56), Options(60, effort=1))
    refused = 0
    for end in range(0, len(payload), max(1, len(payload) // 40)):
        try:
            assert codec.decode(payload[:end], Frame(56, 40, 3), "cpu").shape == (40, 56, 3)
        except CorruptFile:
            refused += 1
    assert refused >= 20


def test_the_payload_of_another_codec_is_refused(codec: Codec) -> None:
    pixels = pictures.photograph(24, 32)
    for other in CODECS:
        if other is not codec and not other.missing():
            with pytest.raises((CorruptFile, UnsupportedFile)):  # a first byte may stand for weights that are not here
                codec.decode(other.encode(pixels, QUICK), frame_of(pixels), "cpu")


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


def test_avif_is_refused_if_it_is_coded_larger_than_the_file_says() -> None:
    """An AV1 decoder allocates by the sequence header."""
    payload = by_name("avif").encode(pictures.flat(400, 600), QUICK)
    with pytest.raises(CorruptFile, match="coded as 600 x 400"):
        by_name("avif").decode(payload, Frame(6, 4, 3), "cpu")


def test_avif_in_colour_is_refused_for_gray() -> None:
    payload = by_name("avif").encode(pictures.photograph(16, 16), QUICK)
    with pytest.raises(CorruptFile, match="the file says gray"):
        by_name("avif").decode(payload, Frame(16, 16, 1), "cpu")


def test_webp_with_alpha_or_frames_is_refused() -> None:
    rgba = np.dstack([pictures.photograph(16, 16), pictures.transparency(16, 16)])
    frames = [PIL.Image.fromarray(pictures.noise(16, 16, seed=seed)) for seed in (1, 2)]
    animated = pictures.file_of(frames[0], "WEBP", save_all=True, append_images=frames[1:])
    for payload in (pictures.file_of(rgba, "WEBP"), animated):
        with pytest.raises(CorruptFile, match="alpha or is animated"):
            by_name("webp").decode(payload, Frame(16, 16, 3), "cpu")
