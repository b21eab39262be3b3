"""The codec `layered`, and files whose picture comes in layers."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

import nncodec
from nncodec.codec import Frame, HasBases, HasLayers, Options, is_lossless
from nncodec.codecs import by_id, by_name
from nncodec.errors import CorruptFile, EncodeError, UnsupportedFile
from nncodec.image import Picture
from nncodec.image.metrics import psnr
from nncodec.image.scaling import halved, upscale
from nncodec.pipeline import Settings, Target, decode, encode, inspect
from tests import pictures
from tests.conftest import Ran
from tests.damage import Part, build, leb128, offsets, take_apart

BASES = [name for name in by_name("layered").bases if "/" not in name]
PHOTO = pictures.photograph(75, 101)
LAYERED = by_name("layered")
assert isinstance(LAYERED, HasLayers)


def frame_of(pixels: npt.NDArray[np.generic]) -> Frame:
    """The frame that fits an array."""
    return Frame(pixels.shape[1], pixels.shape[0], 1 if pixels.ndim == 2 else 3)


def fields(payload: bytes) -> tuple[int, int, bool, bytes, bytes]:
    """Number of the base, times, wraps, small picture and residual, read by hand after docs/format/layered.md."""
    length = shift = 0
    at = 1
    while True:
        length |= (payload[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if payload[at - 1] < 0x80:
            break
    return payload[0] >> 3, payload[0] & 3, bool(payload[0] & 4), payload[at : at + length], payload[at + length :]


# --- the codec ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("quality", [5, 85, 100])
def test_the_payload_is_that_of_the_format(base: str, quality: float) -> None:
    payload = by_name(f"layered:{base}").encode(PHOTO, Options(quality, 4))
    number, times, wraps, small, residual = fields(payload)
    coder = by_name(base)
    assert (number, wraps) == (coder.id, is_lossless(coder, quality))
    seen = coder.decode(small, Frame(halved(101, times), halved(75, times), 3), "cpu")
    expected = upscale(seen, 75, 101, times).astype(int)
    if residual:
        expected += coder.decode(residual, frame_of(PHOTO), "cpu").astype(int) - 128
    expected = expected % 256 if wraps else expected.clip(0, 255)
    assert np.array_equal(LAYERED.decode(payload, frame_of(PHOTO), "cpu"), expected)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("base", BASES[1:])
def test_every_base_grows_with_quality_and_takes_any_size(base: str, channels: int) -> None:
    codec = by_name(f"layered:{base}")
    sizes, scores = [], []
    pixels = pictures.photograph(65, 130, channels)
    for quality in (0, 25, 50, 75, 100):
        payload = codec.encode(pixels, Options(quality, effort=2))
        sizes.append(len(payload))
        scores.append(psnr(pixels, codec.decode(payload, frame_of(pixels), "cpu")))
    assert (sizes, scores) == (sorted(sizes), sorted(scores))
    for shape in ((1, 1), (1, 9), (17, 2)):
        tiny = pictures.photograph(*shape, channels)
        payload = codec.encode(tiny, Options(90, effort=4))
        assert codec.decode(payload, frame_of(tiny), "cpu").shape == tiny.shape


@pytest.mark.parametrize("base", BASES)
def test_quality_100_is_lossless_on_every_base_that_can(base: str) -> None:
    """Noise has differences of more than 127, which only wrap or are lost."""
    codec, pixels = by_name(f"layered:{base}"), pictures.noise(21, 34)
    seen = codec.decode(codec.encode(pixels, Options(100, 4)), frame_of(pixels), "cpu")
    assert np.array_equal(seen, pixels) == is_lossless(by_name(base), 100) == is_lossless(codec, 100)


def test_few_bits_are_spent_on_one_layer_and_many_on_two() -> None:
    layers = {q: len(LAYERED.cut(LAYERED.encode(PHOTO, Options(q)))) for q in (0, 10, 80, 99)}
    assert layers == {0: 1, 10: 1, 80: 2, 99: 2}


def test_layers_joined_are_the_payload() -> None:
    payload = LAYERED.encode(PHOTO, Options(80))
    first, second = LAYERED.cut(payload)
    assert first + second == payload
    assert (len(first), second) == (len(payload) - len(fields(payload)[4]), fields(payload)[4])
    assert LAYERED.decode(first, frame_of(PHOTO), "cpu").shape == PHOTO.shape


def test_a_better_base_is_chosen_by_more_effort() -> None:
    """By what the choice is made by: squared error plus rate times slope."""

    def cost(effort: int) -> float:
        payload = by_name("layered:jpeg").encode(PHOTO, Options(60, effort))
        error = PHOTO.astype(float) - LAYERED.decode(payload, frame_of(PHOTO), "cpu")
        return float((error**2).mean() + 2 ** (13 - 14 * 0.6) * 8 * len(payload) / (75 * 101))

    assert cost(7) <= cost(4) <= cost(1)
    assert cost(7) < cost(1)


def test_bases_are_chosen_by_name() -> None:
    assert isinstance(LAYERED, HasBases)
    assert LAYERED.base == "avif"
    assert BASES == ["avif", "webp", "jpeg2000", "jpeg"]
    assert by_name("layered:avif").encode(PHOTO, Options(20, 1)) == LAYERED.encode(PHOTO, Options(20, 1))
    on_jpeg = by_name("layered:jpeg")
    assert (on_jpeg.id, on_jpeg.name, on_jpeg.max_side) == (8, "layered:jpeg", by_name("jpeg").max_side)
    assert by_id(8) is LAYERED


@pytest.mark.parametrize("effort", [1, 5])
@pytest.mark.parametrize("times", [1, 2, 3])
def test_the_scale_may_be_part_of_the_name(times: int, effort: int) -> None:
    codec = by_name(f"layered:webp/{2**times}")
    assert (codec.id, codec.name) == (8, f"layered:webp/{2**times}")
    for quality in (5, 60, 100):
        payload = codec.encode(PHOTO, Options(quality, effort))
        assert fields(payload)[:2] == (by_name("webp").id, times)
        found = LAYERED.decode(payload, frame_of(PHOTO), "cpu")
    assert np.array_equal(found, PHOTO)  # at quality 100


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("avif:jpeg", "avif builds on no other codec"),
        ("layered:", "cannot build on ''"),
        ("layered:layered", "cannot build on 'layered'"),
        ("layered:avif/3", "cannot build on 'avif/3'"),
        ("layered:avif/", "cannot build on 'avif/'"),
        ("compact:avif/2", "cannot build on 'avif/2'"),
        ("layered:jpeg:jpeg", "cannot build on 'jpeg:jpeg'"),
        ("layred:jpeg", "no codec is called 'layred'"),
    ],
)
def test_other_bases_are_refused(name: str, why: str) -> None:
    with pytest.raises(EncodeError, match=why) as caught:
        by_name(name)
    assert caught.value.hint


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(bytes([8 << 3 | 1]) + b"\1x", id="on itself"),
        pytest.param(bytes([16 << 3 | 1]) + b"\1x", id="on learned"),
        pytest.param(bytes([2 << 3 | 1]) + b"\1x", id="on a kept file"),
        pytest.param(bytes([1 << 3]) + b"\1x", id="in full size"),
        pytest.param(bytes([1 << 3 | 1]), id="no length"),
        pytest.param(bytes([1 << 3 | 1, 0]), id="length 0"),
        pytest.param(bytes([1 << 3 | 1, 2]) + b"x", id="length past the end"),
        pytest.param(bytes([1 << 3 | 1, 0x81, 0]) + b"x", id="length not in its shortest form"),
        pytest.param(bytes([1 << 3 | 1]) + b"\xff" * 9, id="endless length"),
    ],
)
def test_heads_that_say_nothing_sound_are_refused(payload: bytes) -> None:
    for read in (LAYERED.cut, lambda data: LAYERED.decode(data, Frame(9, 9, 3), "cpu")):
        with pytest.raises(CorruptFile):
            read(payload)


def test_a_small_picture_of_another_size_is_refused() -> None:
    small = by_name("webp").encode(pictures.photograph(38, 50), Options(50))
    payload = bytes([4 << 3 | 1]) + leb128(len(small)) + small
    assert LAYERED.decode(payload, Frame(99, 75, 3), "cpu").shape == (75, 99, 3)
    for width, height in ((98, 75), (101, 75), (99, 77), (50, 38)):
        if (halved(width, 1), halved(height, 1)) != (50, 38):
            with pytest.raises(CorruptFile):
                LAYERED.decode(payload, Frame(width, height, 3), "cpu")


# --- files ----------------------------------------------------------------------------------------------------------

PICTURE = Picture(PHOTO, pictures.transparency(75, 101), pictures.metadata(6))
FILE = encode(PICTURE, Settings("layered", Options(80, 4), restore="none")).data
HEADER, PARTS = take_apart(FILE)
TIMES = PARTS[1].data[0] & 3
SMALL = (halved(75, TIMES), halved(101, TIMES))


def test_the_second_layer_is_a_section_of_its_own() -> None:
    assert [part.tag & 0x7F for part in PARTS] == [0x03, 0x10, 0x12, 0x14, 0x21, 0x23]
    info = inspect(FILE)
    assert info.layers == 2
    assert dict(info.sections)["layer"] == len(PARTS[3].data) > 0


def test_one_layer_is_the_small_picture_with_its_alpha_and_metadata() -> None:
    found = decode(FILE, layers=1)
    assert found.picture.pixels.shape == (*SMALL, 3)
    assert found.metadata == PICTURE.metadata
    assert found.picture.alpha is not None
    assert found.picture.alpha.shape == SMALL
    step = 2**TIMES
    assert PICTURE.alpha is not None
    assert found.picture.alpha[2, 3] == int(PICTURE.alpha[2 * step :][:step, 3 * step :][:, :step].mean() + 0.5)
    assert np.array_equal(decode(FILE, layers=2).pixels, decode(FILE).pixels)


def test_the_first_bytes_are_enough_for_one_layer() -> None:
    end = offsets(FILE)[1]
    cut = FILE[: end + 20]
    with pytest.raises(CorruptFile):
        decode(cut, layers=1)
    for layers in (1, 2):  # of a cut file, what is there
        found = decode(cut, partial=True, layers=layers)
        assert (found.complete, found.picture.alpha) == (False, None)
        assert np.array_equal(found.picture.pixels, decode(FILE, layers=1).picture.pixels)
    full = decode(cut, partial=True).picture.pixels
    assert full.shape == PHOTO.shape
    assert 20 < psnr(PHOTO, full) < psnr(PHOTO, decode(FILE).picture.pixels)
    with pytest.raises(CorruptFile):
        decode(FILE[: end - 1], partial=True, layers=1)


def test_layers_that_are_not_there_are_refused() -> None:
    for data, count, asked in ((FILE, "2 layers", 3), (nncodec.encode(PHOTO, "webp"), "1 layer,", 2)):
        with pytest.raises(EncodeError, match=f"the file has {count}"):
            decode(data, layers=asked)
    with pytest.raises(EncodeError, match="0 layers"):
        decode(FILE, layers=0)


def test_files_of_other_codecs_have_one_layer() -> None:
    data = nncodec.encode(PHOTO, "webp")
    assert inspect(data).layers == 1
    assert np.array_equal(nncodec.decode(data, layers=1).pixels, nncodec.decode(data).pixels)


def _cut_elsewhere(header: bytes, parts: list[Part], shift: int) -> bytes:
    whole, at = parts[1].data + parts[3].data, len(parts[1].data) + shift
    moved = [parts[0], parts[1]._replace(data=whole[:at]), parts[2], parts[3]._replace(data=whole[at:]), *parts[4:]]
    return build(header, moved)


@pytest.mark.parametrize("shift", [-1, 1, len(PARTS[3].data)])
def test_layers_that_are_cut_elsewhere_are_refused(shift: int) -> None:
    """There is one spelling of each file."""
    assert _cut_elsewhere(HEADER, PARTS, 0) == FILE
    with pytest.raises(CorruptFile):
        decode(_cut_elsewhere(HEADER, PARTS, shift))


def test_a_third_layer_is_refused() -> None:
    half = PARTS[3]._replace(data=PARTS[3].data[:50])
    rest = PARTS[3]._replace(data=PARTS[3].data[50:])
    with pytest.raises(CorruptFile, match="cut in 3"):
        decode(build(HEADER, [*PARTS[:3], half, rest, *PARTS[4:]]))


def test_a_restorer_is_for_all_layers_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = [*PARTS[:4], Part(0x16, b"\1\0\0\0\0bound to another payload"), *PARTS[4:]]
    data = build(HEADER, parts)
    for asked in (None, 2):
        with pytest.raises(CorruptFile, match="restorer"):
            decode(data, layers=asked)
    assert decode(data, layers=1).picture.pixels.shape == (*SMALL, 3)


def test_restorers_take_the_damage_for_that_of_the_base() -> None:
    """The starts of `tuned` are of one codec each, none of `layered`."""
    for base in ("avif", "jpeg"):
        settings = Settings(f"layered:{base}", Options(55), restore="tuned")
        sections = dict(inspect(encode(Picture(pictures.photograph(192, 256)), settings).data).sections)
        assert "restorer" in sections


def test_restorers_come_with_layers() -> None:
    """The final encode of a search goes on from the layers of a file."""
    done = encode(Picture(PHOTO), Settings("layered:jpeg", Options(effort=4), Target(bpp=1.5), restore="tuned"))
    assert done.bpp <= 1.5
    assert done.codec == "layered:jpeg"
    assert psnr(PHOTO, decode(done.data).picture.pixels) == pytest.approx(done.psnr)


def test_layers_of_a_codec_without_are_refused_before_anything() -> None:
    header, parts = take_apart(nncodec.encode(PHOTO, "webp"))
    data = build(header, [Part(0x10, parts[0].data), Part(0x94, b"x")])
    for asked in (None, 1):
        with pytest.raises(UnsupportedFile, match="webp has no layers"):
            decode(data, layers=asked)


# --- the command ----------------------------------------------------------------------------------------------------


def test_the_command_shows_and_decodes_layers(nnc: Callable[..., Ran], photo: Path) -> None:
    assert nnc("encode", photo, "-c", "layered:webp", "-q", 90, "-e", 4).code == 0
    assert ", 2 layers, " in nnc("info", "photo.nnc").out
    assert json.loads(nnc("info", "--json", "photo.nnc").out)["layers"] == 2
    said = nnc("decode", "photo.nnc", "--layers", 1, "-o", "small.png").err
    times = take_apart(Path("photo.nnc").read_bytes())[1][0].data[0] & 3
    assert f"{halved(33, times)} x {halved(24, times)} RGB" in said
    assert nnc("test", "photo.nnc").code == 0
    Path("cut.nnc").write_bytes(Path("photo.nnc").read_bytes()[:-1])
    assert nnc("decode", "cut.nnc", "--layers", 1).code == 3
    assert nnc("decode", "cut.nnc", "--layers", 1, "--partial").code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["decode", "photo.nnc", "--layers", 0], 2, "0 is not in the range"),
        (["decode", "photo.nnc", "-f", "--layers", 3], 1, "the file has 2 layers, not 3"),
        (["encode", "photo.png", "-f", "-c", "avif:jpeg"], 2, "avif builds on no other codec"),
        (["encode", "photo.png", "-f", "-c", "layered:gif"], 2, "one of: avif, webp, jpeg2000, jpeg"),
        (["bench", ".", "-o", "t.tsv", "-c", "layered:gif"], 2, "cannot build on 'gif'"),
    ],
    ids=lambda value: value[-1] if isinstance(value, list) else "",
)
def test_wrong_calls(nnc: Callable[..., Ran], photo: Path, arguments: list[object], code: int, said: str) -> None:
    nnc("encode", photo, "-c", "layered:webp", "-q", 90, "-e", 4)
    result = nnc(*arguments)
    assert (result.code, said in result.err) == (code, True), result.err
