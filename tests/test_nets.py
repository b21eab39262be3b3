"""Networks: shapes, the linear start, tiles, and the estimate of bits."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nncodec.entropy.tables import logistic_masses, scale_of
from nncodec.nets import painter as painter_module
from nncodec.nets.hyperprior import Hyperprior, bits, rounded
from nncodec.nets.painter import Painter, bfloat16_is_fast, padded, tiles, widths_of
from nncodec.nets.search import trade_off
from nncodec.nets.stored import restored, stored
from nncodec.nets.transform import Widths
from nncodec.training.export import to_arrays
from tests import pictures, tiny_model


@pytest.fixture(scope="module")
def painter() -> Painter:
    return Painter(tiny_model.arrays(), "cpu", low_precision=False)


def test_bits_are_those_of_the_tables():
    """At whole indices and symbols, the estimate in training is minus log2 of the distribution that ships."""
    for index in (12, 30, 55):
        masses = logistic_masses(scale_of(index))
        half = len(masses) // 2 - 1
        symbols = torch.arange(-half, half + 1).float()
        got = bits(symbols, torch.full_like(symbols, index)).numpy()
        inside = masses[:-1] > 1e-5
        assert np.allclose(got[inside], -np.log2(masses[:-1][inside]), rtol=1e-3, atol=2e-4)


def test_bits_have_gradients_far_out_and_beyond_the_table():
    index = torch.tensor([0.0, -3.0, 70.0], requires_grad=True)
    far = torch.tensor([900.0, 900.0, 0.0], requires_grad=True)
    bits(far, index).sum().backward()
    assert torch.isfinite(far.grad).all()
    assert (far.grad[:2] > 0).all()
    assert (index.grad[:2] < 0).all()  # a larger scale would cost less, and the bound lets that through
    assert index.grad[2] > 0


def test_rounding_passes_gradients():
    x = torch.tensor([0.4, 1.6], requires_grad=True)
    rounded(x).mul(3).sum().backward()
    assert rounded(x).tolist() == [0, 2]
    assert x.grad.tolist() == [3, 3]


def test_forward_shapes_and_split():
    model, x = tiny_model.network(), torch.rand(2, 3, 64, 128) - 0.5
    outcome = model(x, torch.tensor([0.0, 200.0]), True)
    assert outcome.pixels.shape == x.shape
    assert outcome.latent_bits.shape == (2, 4)
    assert (outcome.latent_bits > 0).all()
    assert outcome.hyper_bits.shape == (2,)


def test_linear_start_is_a_transform_codec():
    """With the networks' last layers at zero, synthesis inverts analysis on the span of the basis."""
    model = tiny_model.network()
    with torch.no_grad():
        for part in (model.analysis.leave, model.synthesis.leave):
            part.weight.zero_()
        t = torch.zeros(1)
        latent = torch.randn(1, 8, 4, 4)
        pixels = model.synthesis(latent, t)
        assert torch.allclose(model.analysis(pixels, t), latent, atol=1e-4)


@pytest.mark.parametrize("widths", [tiny_model.WIDTHS, Widths((4, 8, 12), (12, 8, 4), 2, 16, 4, 16, 12)])
def test_widths_come_back_from_the_arrays(widths):
    parameters = dict(Hyperprior(widths).named_parameters())
    assert widths_of(to_arrays(parameters, tiny_model.logistic_tables())) == widths


def test_stored_kernels_are_close():
    values = np.random.default_rng(0).standard_normal((6, 5, 3, 3)) * np.arange(1, 7)[:, None, None, None]
    again = restored(stored("analysis.x", values), "analysis")["x"]
    assert np.abs(again - values).max(axis=(1, 2, 3)) == pytest.approx(np.arange(1, 7) / 64, rel=0.3)


@given(st.integers(1, 300), st.integers(1, 300), st.integers(0, 9), st.integers(20, 130))
def test_tiles_cover_every_position_once_with_margins(rows, columns, margin, side):
    seen, grid = np.zeros((rows, columns), int), np.arange(rows * columns).reshape(rows, columns)
    for tile in tiles(rows, columns, margin, side):
        seen[tile.inner] += 1
        assert np.array_equal(grid[tile.outer][tile.within(1)], grid[tile.inner])
        for inner, outer, length in zip(tile.inner, tile.outer, (rows, columns), strict=True):
            assert outer.start == max(0, inner.start - margin)
            assert outer.stop == min(length, inner.stop + margin)
            assert outer.stop - outer.start <= side
    assert (seen == 1).all()


def test_picture_does_not_depend_on_tiles(painter, monkeypatch):
    """The smallest tiles give the same latent and the same pixels as the whole picture."""
    pixels = padded(pictures.photograph(400, 500))
    whole = painter.analyse(pixels, 80)
    painted, symbols = painter.paint(whole, 80), painter.hyper(whole, np.ones(8, np.float32), 80)
    monkeypatch.setattr(painter_module, "TILE", 2 * painter.margin + 8)
    assert len(list(tiles(28, 32, painter.margin, painter_module.TILE))) > 5
    gain = np.ones(8, np.float32)
    assert np.array_equal(painter.hyper(whole, gain, 80), symbols)
    assert np.allclose(painter.analyse(pixels, 80), whole, atol=1e-4)
    assert np.abs(painter.paint(whole, 80).astype(int) - painted).max() <= 1


@pytest.mark.parametrize("axis", [0, 1])
def test_margin_is_the_receptive_field(painter, axis):
    """A change of one latent reaches the pixels within the margin, and none beyond it."""
    latent = np.random.default_rng(0).standard_normal((24, 4, 8)).astype(np.float32)
    latent = np.ascontiguousarray(latent.swapaxes(0, axis))
    changed = latent.copy()
    changed.swapaxes(0, axis)[12] += 30
    differs = (painter.paint(latent, 9) != painter.paint(changed, 9)).any(axis=2)
    lines = np.flatnonzero(differs.any(axis=1 - axis))
    assert lines.min() >= (12 - painter.margin) * 16
    assert lines.max() < (13 + painter.margin) * 16
    assert lines.max() - lines.min() > 16


def test_low_precision_is_close(painter):
    low = Painter(tiny_model.arrays(), "cpu", low_precision=True)
    latent = painter.analyse(padded(pictures.photograph(60, 60)), 50)
    assert np.abs(low.paint(latent, 50).astype(int) - painter.paint(latent, 50)).max() <= 2


def test_padding_repeats_the_edge():
    out = padded(pictures.photograph(65, 3))
    assert out.shape == (128, 64, 3)
    assert (out[65:, :3] == out[64, :3]).all()
    assert (out[:, 3:] == out[:, 2:3]).all()


def test_trade_off_is_geometric():
    assert trade_off(0) == pytest.approx(0.0016)
    assert trade_off(200) == pytest.approx(0.15)
    assert trade_off(100) == pytest.approx(math.sqrt(0.0016 * 0.15))


def test_detection_of_bfloat16_answers():
    assert bfloat16_is_fast("cuda")
    assert isinstance(bfloat16_is_fast("cpu"), bool)
