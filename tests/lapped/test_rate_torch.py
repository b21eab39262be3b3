"""The trainable estimate of bits, rounding that gradients pass, and kernels as they are stored."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch, an extra of the package, is not installed")

from nncodec.entropy.tables import logistic_masses, scale_of
from nncodec.lapped.rate_torch import bits, chosen, rounded
from nncodec.nets.quantised import restored, stored


def test_bits_are_those_of_the_tables():
    """At whole indices and symbols, the estimate is minus log2 of the logistic distribution's masses."""
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


def test_symbols_are_chosen_by_bits_and_error():
    """Of the nearest and the one nearer to zero; a high price leaves plain rounding, a low one zeros."""
    x = torch.tensor([1.3, -1.7, 0.6, 4.0], requires_grad=True)
    index = torch.full((4,), 18.0)
    assert chosen(x, index, torch.tensor(1e6)).tolist() == pytest.approx([1, -2, 1, 4])
    assert chosen(x, index, torch.tensor(0.0)).tolist() == pytest.approx([0, -1, 0, 3])
    found = chosen(x, index, torch.tensor(8.0))
    for symbol, want in zip(found.tolist(), x.tolist(), strict=True):
        nearest = round(want)
        candidates = torch.tensor([nearest, nearest - np.sign(nearest)]).float()
        costs = bits(candidates, index[:2]) + 8 * (want - candidates).square()
        assert symbol == pytest.approx(float(candidates[costs.argmin()]), abs=1e-5)
    found.sum().backward()
    assert x.grad.tolist() == [1] * 4


def test_stored_kernels_are_close():
    values = np.random.default_rng(0).standard_normal((6, 5, 3, 3)) * np.arange(1, 7)[:, None, None, None]
    again = restored(stored("net.x", values), "net")["x"]
    assert np.abs(again - values).max(axis=(1, 2, 3)) == pytest.approx(np.arange(1, 7) / 64, rel=0.3)
