"""The codec of a picture for which none is named."""

import math

import numpy as np
import pytest

import nncodec
from nncodec.codec import Options
from nncodec.image import Picture, Pixels
from nncodec.pipeline import DEFAULT_CODEC, Settings, SourceOptions, Target, encode, encode_picture
from nncodec.pipeline.choosing import lossless_rate
from tests import pictures

QUICK = Settings(options=Options(50, effort=1))


def drawing(height: int = 200, width: int = 300) -> Pixels:
    """Twelve flat rectangles with hard edges."""
    pixels = np.full((height, width, 3), 255, np.uint8)
    rng = np.random.default_rng(1)
    for _ in range(12):
        top, left = rng.integers(0, height), rng.integers(0, width)
        pixels[top : top + 40, left : left + 60] = rng.integers(0, 256, 3)
    return pixels


def test_a_photograph_gets_the_default_codec() -> None:
    picture = Picture(pictures.photograph(120, 160))
    assert encode_picture(picture, QUICK, SourceOptions()).data == encode(picture, QUICK).data


def test_a_drawing_is_coded_without_loss_and_not_larger() -> None:
    picture = Picture(drawing())
    done = encode_picture(picture, QUICK, SourceOptions())
    assert math.isinf(done.psnr)
    assert len(done.data) <= len(encode(picture, QUICK).data)


def test_a_named_codec_is_taken() -> None:
    done = encode_picture(Picture(drawing()), QUICK, SourceOptions(DEFAULT_CODEC))
    assert done.codec == DEFAULT_CODEC
    assert not math.isinf(done.psnr)


def test_a_target_is_met_by_the_default_codec() -> None:
    picture = Picture(drawing())
    settings = Settings(options=Options(effort=1), target=Target(psnr=30))
    assert encode_picture(picture, settings, SourceOptions()).codec == DEFAULT_CODEC


@pytest.mark.parametrize(
    ("pixels", "codec"),
    [(pictures.deep(40, 50), "jpeg2000"), (pictures.flat(1, 66_000), "jpeg2000")],
    ids=["16", "wide"],
)
def test_what_the_default_codec_cannot_hold_gets_one_that_can(pixels: Pixels, codec: str) -> None:
    done = encode_picture(Picture(pixels), QUICK, SourceOptions())
    assert done.codec in (codec, "webp")
    assert done.container.header.depth == 8 * pixels.itemsize


def test_quality_means_the_same_with_the_other_codec() -> None:
    """The default codec's 57 is the other's 67, at about 36.6 dB."""
    deep = pictures.photograph(160, 160, channels=1).astype(np.uint16) * 257
    done = encode_picture(Picture(deep), Settings(options=Options(57, effort=1)), SourceOptions())
    assert done.codec == "jpeg2000"
    assert done.quality == pytest.approx(67, abs=2)


@pytest.mark.parametrize("codec", [None, "auto"])
def test_auto_is_the_default_in_python_and_hundred_is_lossless(codec: str | None) -> None:
    pixels = pictures.photograph(40, 50)
    data = nncodec.encode(pixels, codec, 100)
    assert data == nncodec.encode(pixels, lossless=True)
    assert np.array_equal(nncodec.decode(data).pixels, pixels)
    assert nncodec.encode(pixels, codec, 60, effort=1) == nncodec.encode(pixels, "avif", 60, effort=1)


def test_the_estimate_tells_drawings_from_noise() -> None:
    assert lossless_rate(drawing()) < 1.5
    assert lossless_rate(pictures.noise(200, 300)) > 20
    assert lossless_rate(pictures.flat(1, 1)) > 0
