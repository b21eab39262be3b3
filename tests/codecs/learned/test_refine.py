"""Targets that allow for the synthesis network: the gradient, the error, and what refinement gains."""

import numpy as np
import pytest

from nncodec.codec import Frame, Options
from nncodec.codecs.learned import CODEC
from nncodec.codecs.learned.encoder import PRICE_FACTOR, Encoder
from nncodec.codecs.learned.latent_encoder import LatentEncoder
from nncodec.codecs.learned.model import loaded
from nncodec.codecs.learned.refine import Refiner
from nncodec.codecs.learned.synthesis import Synthesizer
from nncodec.lapped.layout import step_size
from nncodec.lapped.model import matrix_of, to_planes
from nncodec.nets import weights
from tests import pictures

QUALITY = 60


def coded(pixels: np.ndarray) -> tuple[Refiner, np.ndarray]:
    """A refiner for a picture, and values that stand for it."""
    coder = LatentEncoder.of(loaded(weights.newest("learned")), QUALITY, pixels)
    encoder = Encoder(coder)
    refiner = Refiner(coder.model, QUALITY, to_planes(coder.pixels, matrix_of(None)), matrix_of(None))
    return refiner, encoder.candidate(None, PRICE_FACTOR, encoder.latents(None)).values


@pytest.mark.parametrize("channels", [1, 3])
def test_the_error_is_that_of_the_decoded_picture(channels):
    pixels = pictures.photograph(72, 56, channels)
    refiner, values = coded(pixels)
    seen = Synthesizer(loaded(weights.newest("learned")), QUALITY, matrix_of(None)).pixels(values, 56, 72)
    decoded = np.square(seen.astype(float) - pixels).sum() * (3 if channels == 1 else 1) / step_size(QUALITY) ** 2
    found = refiner.error(values)
    assert found == pytest.approx(decoded, rel=0.02)  # samples are rounded, and limited to 0 to 255
    assert refiner.targets(values)[0] == found


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("shape", [(72, 56), (520, 24), (8, 8)])
def test_a_small_step_towards_the_targets_lowers_the_error_as_the_gradient_says(channels, shape):
    refiner, values = coded(pictures.photograph(*shape, channels))
    exact = values.astype(np.float64)
    error, targets = refiner.targets(values)
    way = targets - exact / 16  # minus half the gradient
    step = 0.002  # small enough for few activations to change their sign
    found = (refiner.error(exact + 16 * step * way) - refiner.error(exact - 16 * step * way)) / (2 * step)
    assert error > 0
    assert found == pytest.approx(-2 * np.square(way).sum(), rel=0.03)


def test_tiles_do_not_show(monkeypatch):
    refiner, values = coded(pictures.photograph(160, 240))
    whole = refiner.targets(values)
    monkeypatch.setattr("nncodec.codecs.learned.refine._SIDE", 80)
    parts = refiner.targets(values)
    assert parts[0] == pytest.approx(whole[0], rel=1e-6)
    assert np.allclose(parts[1], whole[1], atol=1e-3)  # rounding may change the sign of an activation, of few
    assert np.isclose(parts[1], whole[1], atol=1e-4).mean() > 0.9999


def test_refinement_lowers_the_cost():
    pixels = pictures.photograph(96, 128)
    sizes, errors = [], []
    for effort in (3, 6):
        payload = CODEC.encode(pixels, Options(30, effort))
        seen = CODEC.decode(payload, Frame(128, 96, 3), "cpu").astype(float)
        sizes.append(8 * len(payload))
        errors.append(np.square(seen - pixels).sum() / step_size(60) ** 2)
    assert sizes[1] + 7 * errors[1] < sizes[0] + 7 * errors[0]
