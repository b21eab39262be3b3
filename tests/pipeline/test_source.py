"""Kept as JPEG, lossless or normal: the decision is the same wherever it is asked for."""

import sys

import numpy as np
import pytest

from nncodec.codec import Options
from nncodec.container import parse
from nncodec.errors import EncodeError, LimitExceeded
from nncodec.image import read
from nncodec.pipeline import Settings, SourceOptions, Target, encode_picture, encode_source, inspect, original
from nncodec.pipeline.decoding import decode
from tests import pictures

PHOTO = pictures.photograph(24, 33)
JPEG = pictures.file_of(PHOTO, "JPEG", quality=80)
PNG = pictures.file_of(PHOTO, "PNG")
QUICK = Settings("webp", Options(60, effort=1), restore="none")


def test_a_jpeg_is_kept_on_request_alone() -> None:
    kept = encode_source(JPEG, QUICK, SourceOptions(plain_jpeg=True))
    assert original(kept.data) == (JPEG, ".jpg")
    assert (kept.codec, kept.kept, kept.psnr, kept.n_pixels) == ("jpegfile", True, float("inf"), 24 * 33)
    coded = encode_source(JPEG, QUICK, SourceOptions())
    assert (coded.codec, coded.kept) == ("webp", False)


@pytest.mark.parametrize("options", [SourceOptions(keep_jpeg=True), SourceOptions(lossless=True)], ids=str)
def test_without_the_coder_a_kept_jpeg_is_stored_as_it_is(
    options: SourceOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "lepton_jpeg_python", None)
    kept = encode_source(JPEG, QUICK, options)
    assert (original(kept.data), kept.codec, kept.kept) == ((JPEG, ".jpg"), "jpegfile", True)
    assert "lepton-jpeg-python is needed" in kept.details[0]


@pytest.mark.parametrize(
    ("settings", "options"),
    [
        (Settings(strip=True), SourceOptions(lossless=True)),
        (Settings(strip_icc=True), SourceOptions(lossless=True)),
        (QUICK, SourceOptions(lossless=True, frame=0)),
        (QUICK, SourceOptions("webp", lossless=True)),
    ],
    ids=["strip", "strip-icc", "frame", "codec"],
)
def test_lossless_codes_the_pixels_of_a_jpeg_that_cannot_stay_as_it_is(
    settings: Settings, options: SourceOptions
) -> None:
    done = encode_source(JPEG, settings, options)
    assert not done.kept
    assert np.array_equal(decode(done.data).pixels, read(JPEG).pixels)


@pytest.mark.parametrize("lossless", [False, True])
def test_other_sources_are_encoded_when_jpegs_are_kept(lossless: bool) -> None:
    done = encode_source(PNG, QUICK, SourceOptions(keep_jpeg=True, lossless=lossless))
    assert not done.kept
    assert np.array_equal(decode(done.data).pixels, PHOTO) == lossless


def test_a_kept_jpeg_stays_below_the_pixel_limit() -> None:
    limited = Settings(max_pixels=24 * 33 - 1)
    with pytest.raises(LimitExceeded):
        encode_source(JPEG, limited, SourceOptions(keep_jpeg=True))


@pytest.mark.parametrize(
    "settings", [Settings(strip=True), Settings(strip_icc=True), Settings(target=Target(size=9000))], ids=str
)
@pytest.mark.parametrize("source", [JPEG, PNG], ids=["jpeg", "png"])
@pytest.mark.parametrize("wanted", ["keep_jpeg", "plain_jpeg"])
def test_what_a_kept_jpeg_cannot_follow_is_refused_for_every_source(
    source: bytes, settings: Settings, wanted: str
) -> None:
    """A folder of both kinds is refused before any of it is written."""
    with pytest.raises(EncodeError, match="a kept JPEG"):
        encode_source(source, settings, SourceOptions(**{wanted: True}))


def test_lossless_takes_the_codec_that_was_asked_for() -> None:
    picture = pictures.picture("RGB")
    assert encode_picture(picture, QUICK, SourceOptions("jpeg2000", lossless=True)).codec == "jpeg2000"
    chosen = encode_picture(picture, QUICK, SourceOptions(lossless=True))
    each = {c: encode_picture(picture, QUICK, SourceOptions(c, lossless=True)) for c in ("webp", "jpeg2000")}
    assert len(chosen.data) == min(len(done.data) for done in each.values())


def test_notes_tell_what_happened_to_the_source() -> None:
    again = encode_source(encode_source(PNG, QUICK, SourceOptions()).data, QUICK, SourceOptions())
    assert again.notes == ("an .nnc file was encoded again: its loss adds to the new one",)
    assert encode_source(PNG, QUICK, SourceOptions()).notes == ()


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (SourceOptions(keep_jpeg=True), None),
        (SourceOptions(lossless=True), None),
        (SourceOptions(), None),
        (SourceOptions(), Target(size=5000)),
    ],
    ids=str,
)
def test_what_is_known_of_a_file_is_what_it_says_of_itself(source: SourceOptions, target: Target | None) -> None:
    settings = Settings("jpeg", Options(60, effort=1), target)
    done = encode_source(pictures.file_of(PHOTO, "JPEG", xmp=pictures.XMP), settings, source)
    assert done.container == parse(done.data)
    assert done.info == inspect(done.data)
    assert done.bpp == inspect(done.data).bpp
