"""The restorer `luma`: tiles, parameters in the file, gains and refusals. Its training: test_luma_torch.py."""

import contextlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nncodec.codec import Options
from nncodec.codecs import by_name
from nncodec.container import Kind, parse
from nncodec.errors import CorruptFile, NncError, UnsupportedFile
from nncodec.image import Picture
from nncodec.image.metrics import mse
from nncodec.nets import weights
from nncodec.pipeline import Settings, Target, decode, encode
from nncodec.restorers import Task, luma
from tests import pictures

PHOTO = pictures.photograph(104, 136)
GRAY = pictures.photograph(104, 136, channels=1)
SMALL = pictures.photograph(40, 48)
NEWEST = weights.newest("luma")


def seen(pixels: np.ndarray = PHOTO, codec: str = "jpeg", quality: float = 10) -> np.ndarray:
    """A picture as a codec returns it."""
    return decode(encode(Picture(pixels), Settings(codec, Options(quality), restore="none")).data).picture.pixels


def task(pixels: np.ndarray = PHOTO, codec: str = "jpeg", quality: float = 10) -> Task:
    """To restore it, in a file so large that bytes hardly count."""
    return Task(seen(pixels, codec, quality), pixels, by_name(codec).id, 10**6, 5)


def test_shipped_network_stays_below_20_kmac_per_pixel():
    arrays = weights.load(weights.newest("luma"), "luma")
    pixels = arrays["net.leave.bias"].size / 3  # at one position
    assert 5_000 < sum(kernel.size for kernel in arrays.values() if kernel.ndim == 4) / pixels < 20_000


@pytest.mark.parametrize("pixels", [PHOTO, GRAY], ids=["colour", "gray"])
def test_three_bytes_bring_jpeg_closer_to_the_original(pixels):
    job = task(pixels)
    parameters = luma.RESTORER.fit(job)
    assert len(parameters) == 3
    assert mse(luma.RESTORER.apply(job.seen, parameters, "cpu"), pixels) < 0.95 * mse(job.seen, pixels)


@pytest.mark.parametrize("shape", [(104, 136, 3), (61, 75, 3), (61, 75), (1, 1, 3), (3, 200)], ids=str)
def test_tiles_do_not_show(shape, monkeypatch):
    pixels = seen(pictures.photograph(*shape[:2], channels=3 if len(shape) == 3 else 1))
    parameters = bytes([weights.newest("luma"), 7, 0xA9 if len(shape) == 3 else 0x09])
    whole = luma.RESTORER.apply(pixels, parameters, "cpu")
    monkeypatch.setattr(luma, "equal_tiles", lambda *_: (32, 32))
    tiled = luma.RESTORER.apply(pixels, parameters, "cpu")
    assert whole.shape == shape
    assert np.abs(whole.astype(int) - tiled).max() <= 1
    assert (whole != tiled).mean() < 0.01


def test_strength_zero_changes_nothing_and_luma_leaves_chroma():
    pixels = seen()
    assert np.array_equal(luma.RESTORER.apply(pixels, bytes([NEWEST, 7, 0x00]), "cpu"), pixels)
    moved = luma.RESTORER.apply(pixels, bytes([NEWEST, 7, 0x08]), "cpu").astype(int) - pixels
    inside = ((pixels > 40) & (pixels < 215)).all(2)
    assert np.abs(moved[inside]).max() > 1
    assert np.ptp(moved[inside], axis=1).max() == 0  # the same for R, G and B


@pytest.mark.parametrize("codec", ["jpeg", "jpeg2000", "webp", "avif"])
def test_a_file_holds_it_if_it_pays_and_is_better_for_it(codec):
    plain = encode(Picture(PHOTO), Settings(codec, Options(15), restore="none"))
    whole = encode(Picture(PHOTO), Settings(codec, Options(15), restore="luma"))
    held = len(parse(whole.data).all(Kind.RESTORER))
    assert (whole.data == plain.data) if held == 0 else (whole.psnr > plain.psnr)
    assert len(whole.data) <= len(plain.data) + 16
    assert np.array_equal(decode(whole.data, restore=False).pixels, decode(plain.data).pixels)


def test_two_restorers_in_one_file():
    both = encode(Picture(SMALL), Settings("jpeg", Options(5), restore="tuned+luma"))
    one = encode(Picture(SMALL), Settings("jpeg", Options(5), restore="tuned"))
    assert both.psnr >= one.psnr
    assert decode(both.data).pixels.shape == SMALL.shape


def test_target_is_met_with_a_restorer():
    made = encode(Picture(SMALL), Settings("jpeg", target=Target(psnr=31.0), restore="luma"))
    assert made.psnr >= 31.0


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        (b"", CorruptFile),
        (b"\x34\x07", CorruptFile),
        (b"\x34\x07\x88\x00", CorruptFile),
        (b"\xff\x07\x88", UnsupportedFile),
        (b"\x20\x07\x88", UnsupportedFile),
    ],
)
def test_foreign_parameters_are_refused(parameters, error):
    with pytest.raises(error):
        luma.RESTORER.apply(seen(), parameters, "cpu")


def test_conditions_beyond_the_families_are_refused():
    number = weights.newest("luma")
    beyond = 41 * len(weights.load(number, "luma")["codecs"])
    luma.RESTORER.apply(seen(), bytes([number, beyond - 1, 0x88]), "cpu")
    with pytest.raises(CorruptFile, match="condition"):
        luma.RESTORER.apply(seen(), bytes([number, beyond, 0x88]), "cpu")
    with pytest.raises(CorruptFile, match="strengths"):
        luma.RESTORER.apply(seen(GRAY), bytes([number, 0, 0x18]), "cpu")


@settings(max_examples=40, deadline=None)
@given(parameters=st.binary(max_size=4), gray=st.booleans())
def test_any_bytes_give_pixels_or_a_clear_error(parameters, gray):
    pixels = pictures.photograph(9, 11, channels=1 if gray else 3)
    with contextlib.suppress(NncError):
        assert luma.RESTORER.apply(pixels, parameters, "cpu").shape == pixels.shape


def test_deep_gray_and_other_codecs_are_left_alone():
    deep = (GRAY.astype(np.uint16)) * 257
    assert luma.RESTORER.fit(Task(deep, deep, by_name("jpeg2000").id, 1000, 5)) is None
    with pytest.raises(CorruptFile, match="8 bits"):
        luma.RESTORER.apply(deep, bytes([NEWEST, 0, 8]), "cpu")
    assert luma.RESTORER.fit(Task(PHOTO, PHOTO, by_name("jpegfile").id, 1000, 5)) is None
