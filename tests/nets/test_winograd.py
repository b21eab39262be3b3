"""Convolutions by minimal filtering, against sums of products in float64."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nncodec.nets import winograd
from nncodec.nets.winograd import Tiled, Workspace, convolved, transformed

ROUNDING = 1e-5
"""Largest error of a sample, in sums of the sizes of products: some 80 units of float32, where the transforms cost a
factor of about 30."""
SIDES, WIDTHS = st.integers(3, 30), st.integers(1, 7)


def random(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 1, shape).astype(np.float32)


def direct(x: np.ndarray, kernel: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """The definition: (h, w, C), (W, C, 3, 3), (W,) to (h - 2, w - 2, W), in float64."""
    windows = np.lib.stride_tricks.sliding_window_view(x.astype(np.float64), (3, 3), (0, 1))
    return np.einsum("hwcij,ocij->hwo", windows, kernel.astype(np.float64)) + bias


@settings(max_examples=80, deadline=None)
@given(height=SIDES, width=SIDES, inputs=WIDTHS, outputs=WIDTHS, seed=st.integers(0, 99))
def test_results_are_those_of_the_definition(height, width, inputs, outputs, seed):
    x, kernel, bias = (
        random(seed, height, width, inputs),
        random(seed + 1, outputs, inputs, 3, 3),
        random(seed, outputs),
    )
    got = convolved(Tiled.of(x), transformed(kernel), bias, Workspace(height, width, 7)).plain()
    size = direct(np.abs(x), np.abs(kernel), np.abs(bias)).max()
    assert got.shape == (height - 2, width - 2, outputs)
    assert np.abs(got - direct(x, kernel, bias)).max() < ROUNDING * size


@settings(max_examples=30, deadline=None)
@given(height=SIDES, width=SIDES, slope=st.sampled_from([0.0, 0.125, 1.0]), seed=st.integers(0, 99))
def test_activation_and_residual(height, width, slope, seed):
    """A residual block: a convolution, a leaky ReLU, and the inner samples of what came two layers ago."""
    before, kernel, bias = random(seed, height + 2, width + 2, 5), random(seed + 1, 5, 4, 3, 3), random(seed, 5)
    x = random(seed + 2, height, width, 4)
    plain = direct(x, kernel, bias)
    expected = np.where(plain < 0, slope * plain, plain) + before[2:-2, 2:-2]
    got = convolved(
        Tiled.of(x), transformed(kernel), bias, Workspace(height, width, 5), slope, Tiled.of(before)
    ).plain()
    size = direct(np.abs(x), np.abs(kernel), np.abs(bias)).max()
    assert np.abs(got - expected).max() < ROUNDING * size


@settings(max_examples=30, deadline=None)
@given(height=st.integers(9, 24), width=st.integers(9, 24), seed=st.integers(0, 99))
def test_layer_after_layer(height, width, seed):
    """What lies beyond the samples after a layer reaches none of those after the next."""
    x, kernels = random(seed, height, width, 3), random(seed + 1, 4, 3, 3, 3, 3)
    got, expected, workspace = Tiled.of(x), x.astype(np.float64), Workspace(height, width, 3)
    for kernel in kernels:
        got, expected = (
            convolved(got, transformed(kernel), np.zeros(3, np.float32), workspace),
            direct(expected, kernel, 0),
        )
    assert got.plain().shape == expected.shape
    assert np.abs(got.plain() - expected).max() < 1e-4 * np.abs(expected).max()


@settings(max_examples=50, deadline=None)
@given(height=st.integers(1, 14), width=st.integers(1, 14), channels=WIDTHS)
def test_tiled_and_back(height, width, channels):
    x = random(0, height, width, channels)
    tiled = Tiled.of(x)
    assert np.array_equal(tiled.plain(), x)
    rows, columns = np.broadcast_arrays(*tiled.rows_and_columns())
    inside = (rows < height) & (columns < width)
    assert np.array_equal(tiled.samples[inside], x[rows[inside], columns[inside]])
    mixed = tiled.mixed(np.eye(channels, dtype=np.float32)[:, :1], np.ones(1, np.float32)).plain()
    assert np.allclose(mixed, x[:, :, :1] + 1)


@pytest.mark.parametrize("positions", [1, 10_000])
def test_strips_do_not_show(positions, monkeypatch):
    x, kernel, bias = Tiled.of(random(0, 35, 30, 6)), transformed(random(1, 5, 6, 3, 3)), random(2, 5)
    whole = convolved(x, kernel, bias, Workspace(35, 30, 6), 0.125).plain()
    monkeypatch.setattr(winograd, "_POSITIONS", positions)
    assert np.allclose(convolved(x, kernel, bias, Workspace(35, 30, 6), 0.125).plain(), whole, atol=1e-4)


@given(sizes=st.lists(st.tuples(*[st.integers(5, 30)] * 2), min_size=2, max_size=5))
def test_what_was_in_the_memory_before_does_not_show(sizes):
    """Garbage larger than any sample, which would show by its rounding."""
    kernel, bias, used = transformed(random(1, 3, 3, 3, 3)), random(2, 3), Workspace(30, 30, 3)
    for number, size in enumerate(sizes):
        x, fresh = Tiled.of(random(number, *size, 3)), Workspace(*size, 3)
        for _ in range(3):
            next(used.layers)[:] = 1e9
        once, again = (convolved(convolved(x, kernel, bias, place), kernel, bias, place) for place in (used, fresh))
        assert np.array_equal(once.plain(), again.plain())
