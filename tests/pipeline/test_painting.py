"""Invented detail: how strongly it is painted, pictures of twice the size, and that it is said each time."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nncodec.codec import Codec, Options, Paints
from nncodec.codecs import by_name
from nncodec.container import Container, Kind, Section, parse, serialize
from nncodec.errors import CorruptFile, EncodeError, InternalError, LimitExceeded, NncError
from nncodec.image import Picture
from nncodec.image.metrics import psnr
from nncodec.image.scaling import upscale
from nncodec.pipeline import Settings, SourceOptions, decode, encode, encode_source, inspect
from nncodec.pipeline.limits import decoding_memory
from nncodec.pipeline.targets import Target
from tests import pictures

GOLDEN = Path(__file__).parents[1] / "golden"
PHOTO = pictures.photograph(75, 101)
BOTH = pytest.mark.parametrize("name", ["superres", "generative"])


def coded(name: str, picture: Picture | None = None, **options: float | None) -> bytes:
    """A file of a picture, quickly encoded."""
    settings = Settings(name, replace(Options(30, effort=1), **options), restore="none")
    return encode(picture or Picture(PHOTO), settings).data


def golden(codec: str) -> bytes:
    return next(path for path in sorted((GOLDEN / codec).glob("*.nnc")) if "131x97" in path.name).read_bytes()


# --- strength -------------------------------------------------------------------------------------------------------


@BOTH
def test_the_strength_of_the_file_is_kept_and_another_may_be_asked_for(name: str) -> None:
    strong, exact = coded(name), coded(name, perceptual=0.0)
    assert [inspect(data).perceptual for data in (strong, exact)] == [1, 0]
    assert np.array_equal(decode(strong, perceptual=0.0).pixels, decode(exact).pixels)
    assert np.array_equal(decode(exact, perceptual=1.0).pixels, decode(strong).pixels)
    assert len(strong) == len(exact)


@BOTH
def test_encoder_and_decoder_say_that_detail_is_invented(name: str) -> None:
    done = encode(Picture(PHOTO), Settings(name, Options(30, effort=1)))
    shown = decode(done.data)
    for notes in (done.notes, shown.picture.notes):
        assert [note for note in notes if note.startswith(f"{name} invents detail")] == list(notes)
    assert encode(Picture(PHOTO), Settings("webp", Options(30))).notes == ()


def test_others_invent_nothing() -> None:
    data = coded("webp")
    assert inspect(data).perceptual is None
    for strength in (0.0, 0.5, 1.0):
        with pytest.raises(EncodeError, match="webp invents no detail"):
            decode(data, perceptual=strength)
        with pytest.raises(EncodeError, match="webp invents no detail"):
            coded("webp", perceptual=strength)


@pytest.mark.parametrize("strength", [-0.01, 1.01, float("nan"), float("inf")])
def test_a_strength_is_between_0_and_1(strength: float) -> None:
    with pytest.raises(EncodeError, match="a strength of"):
        coded("superres", perceptual=strength)
    with pytest.raises(EncodeError, match="a strength of"):
        decode(golden("superres"), perceptual=strength)


@pytest.mark.parametrize("restore", ["luma", "tuned", "luma+tuned"])
@BOTH
def test_restorers_are_refused(name: str, restore: str) -> None:
    with pytest.raises(EncodeError, match="restorers would take out"):
        encode(Picture(PHOTO), Settings(name, Options(30, effort=9), restore=restore))


def test_none_is_tried_by_default() -> None:
    done = encode(Picture(PHOTO), Settings("superres:jpeg", Options(10, effort=7)))
    assert inspect(done.data).restorers == ()


@pytest.mark.parametrize("options", [SourceOptions(keep_jpeg=True), SourceOptions(plain_jpeg=True)])
def test_nothing_is_painted_into_a_kept_jpeg(options: SourceOptions) -> None:
    jpeg = pictures.file_of(PHOTO, "JPEG")
    with pytest.raises(EncodeError, match="nothing is painted"):
        encode_source(jpeg, Settings("avif", Options(perceptual=0.5)), options)


@pytest.mark.parametrize("quality", [50, 100])
def test_a_strength_alone_chooses_no_codec_that_paints(quality: float) -> None:
    for source in (pictures.file_of(PHOTO, "JPEG"), pictures.file_of(PHOTO, "PNG")):
        with pytest.raises(EncodeError, match="invents no detail"):
            encode_source(source, Settings("avif", Options(quality, perceptual=0.5)), SourceOptions())


def test_a_damaged_head_is_damage_and_no_crash() -> None:
    found = parse(golden("superres"))
    sections = tuple(
        section._replace(data=section.data[:1] + b"\x02" + section.data[2:])
        if section.kind == Kind.PAYLOAD
        else section
        for section in found.sections
    )
    data = serialize(Container(found.header, sections))
    for ask in (decode, inspect, lambda file: decode(file, perceptual=0.5), lambda file: decode(file, scale=2)):
        with pytest.raises(CorruptFile):
            ask(data)


def test_layers_of_a_codec_that_has_none_are_refused() -> None:
    found = parse(golden("generative"))
    more = serialize(Container(found.header, (*found.sections, Section(Kind.LAYER, b"x"))))
    with pytest.raises(NncError, match="layers"):
        decode(more, perceptual=0.2)


@BOTH
def test_targets_are_met_by_what_the_decoder_shows(name: str) -> None:
    settings = Settings(name, Options(effort=1), Target.of(None, None, 24.0, None))
    done = encode(Picture(PHOTO), settings)
    assert done.psnr >= 24
    assert psnr(PHOTO, decode(done.data).pixels) == pytest.approx(done.psnr, abs=0.01)


@BOTH
def test_alpha_is_kept(name: str) -> None:
    picture = pictures.picture("RGBA", 33, 40)
    found = decode(coded(name, picture)).picture
    assert np.array_equal(found.alpha, picture.alpha)


def test_the_codecs_paint_and_say_so() -> None:
    painting: list[Codec] = [by_name(name) for name in ("superres", "superres:jpeg", "generative")]
    assert all(isinstance(codec, Paints) for codec in painting)
    assert not any(isinstance(by_name(name), Paints) for name in ("webp", "compact", "learned"))


# --- twice the size -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
@pytest.mark.parametrize("codec", ["webp", "superres:webp"])
def test_a_picture_of_twice_the_size(codec: str, mode: str) -> None:
    picture = pictures.picture(mode, 31, 44)
    data = coded(codec, picture)
    plain, large = decode(data).picture, decode(data, scale=2).picture
    assert large.pixels.shape == (62, 88, *picture.pixels.shape[2:])
    assert large.pixels.dtype == np.uint8
    assert psnr(large.pixels, upscale(plain.pixels.astype(np.uint8), 62, 88, 1)) > 25
    if picture.alpha is None:
        assert large.alpha is None
    else:
        assert np.array_equal(large.alpha, upscale(plain.alpha, 62, 88, 1))
    assert large.notes == (*plain.notes, "the picture was enlarged 2 times: its finest detail is invented")


def test_its_metadata_stay() -> None:
    picture = pictures.picture("RGB", 20, 24, meta=pictures.metadata())
    assert decode(coded("webp", picture), scale=2).metadata == picture.metadata


def test_a_single_pixel_is_enlarged() -> None:
    assert decode(coded("webp", Picture(pictures.photograph(1, 1))), scale=2).pixels.shape == (2, 2, 3)


def test_a_strength_goes_with_a_scale_for_every_codec() -> None:
    data = coded("webp")
    whole, exact = (decode(data, scale=2, perceptual=strength).pixels for strength in (None, 0.0))
    assert np.array_equal(whole, decode(data, scale=2, perceptual=1.0).pixels)
    assert whole.shape == exact.shape == (150, 202, 3)


def test_restored_pictures_and_layers_are_enlarged() -> None:
    restored = next((GOLDEN / "restorers" / "luma").glob("*webp*.nnc")).read_bytes()
    assert decode(restored, scale=2).pixels.shape == (256, 384, 3)
    layered = (GOLDEN / "layered" / "rgb-85.nnc").read_bytes()
    small = decode(layered, layers=1).pixels.shape
    assert decode(layered, layers=1, scale=2).pixels.shape == (2 * small[0], 2 * small[1], 3)


@pytest.mark.parametrize("scale", [0, 3, 4, -1])
def test_other_scales_are_refused(scale: int) -> None:
    with pytest.raises(EncodeError, match=f"a picture {scale} times as large"):
        decode(golden("superres"), scale=scale)


def test_a_picture_is_shrunk_or_enlarged() -> None:
    with pytest.raises(EncodeError, match="either shrunk or enlarged"):
        decode(golden("superres"), scale=2, max_side=20)


def test_deep_samples_are_not_enlarged() -> None:
    data = coded("jpeg2000", pictures.picture("I;16"))
    with pytest.raises(EncodeError, match="16 bits are not enlarged"):
        decode(data, scale=2)
    assert decode(data, scale=1).pixels.dtype == np.uint16


# --- limits ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def unasked(monkeypatch: pytest.MonkeyPatch) -> bytes:
    """A file whose codec must not be asked."""

    def fail(*arguments: object) -> None:
        raise AssertionError("the codec was asked")

    data = coded("webp")
    monkeypatch.setattr(type(by_name("webp")), "decode", fail)
    return data


def test_the_limit_of_pixels_is_that_of_the_large_picture(unasked: bytes) -> None:
    with pytest.raises(LimitExceeded, match="pixels"):
        decode(unasked, scale=2, max_pixels=4 * 75 * 101 - 1)


def test_the_limit_of_memory_is_that_of_the_large_picture(unasked: bytes) -> None:
    codec, container = by_name("webp"), parse(unasked)
    need = decoding_memory(container, codec, 2)
    assert need == (96 << 20) + 4 * 75 * 101 * by_name("superres").decoding_memory > decoding_memory(container, codec)
    with pytest.raises(LimitExceeded, match="101 x 75 pixels by webp, enlarged 2 times, may take"):
        decode(unasked, scale=2, max_memory=need - 1)
    with pytest.raises(InternalError, match="was asked"):
        decode(unasked, scale=2, max_memory=need)


def test_a_hostile_size_is_refused_at_once() -> None:
    found = parse(golden("superres"))
    huge = serialize(Container(replace(found.header, width=13_000, height=13_000), found.sections))
    with pytest.raises(LimitExceeded):
        decode(huge, scale=2)
    with pytest.raises(CorruptFile):
        decode(huge)
