"""Rounding weights by what it costs, against rounding each on its own."""

import itertools

import numpy as np
import pytest

from nncodec.entropy.tables import logistic_masses
from nncodec.restorers.tuned.gptq import quantised

BITS = -np.log2(logistic_masses(1.0)).astype(np.float32)


def curvature(seed: int, n: int) -> np.ndarray:  # type: ignore[type-arg]
    """Of weights that depend on each other."""
    mixed = np.random.default_rng(seed).normal(size=(n, n)) + 1.5
    return mixed @ mixed.T


def loss(off: np.ndarray, curved: np.ndarray) -> float:  # type: ignore[type-arg]
    """Second-order estimate of the error."""
    return float(0.5 * off @ curved @ off)


def test_without_a_price_and_without_dependence_it_is_rounding() -> None:
    weights = np.random.default_rng(0).normal(0, 2, 40).astype(np.float32)
    (symbols,) = quantised(weights, np.diag(np.linspace(1, 5, 40)), np.array([0.25]), [BITS], 0.0)
    assert np.array_equal(symbols, np.rint(weights / 0.25))


@pytest.mark.parametrize("seed", range(5))
def test_what_is_rounded_off_is_made_good_by_the_others(seed: int) -> None:
    curved, weights = curvature(seed, 60), np.random.default_rng(seed).normal(0, 2, 60).astype(np.float32)
    (symbols,) = quantised(weights, curved, np.array([0.5]), [BITS], 0.0)
    plain = np.rint(weights / 0.5)
    assert loss(symbols * 0.5 - weights, curved) < 0.75 * loss(plain * 0.5 - weights, curved)


def test_it_comes_close_to_the_best_of_all_roundings() -> None:
    price, step, weights = 0.3, 1.0, np.array([0.6, -1.4, 2.3, 0.4], np.float32)
    curved = curvature(1, 4)

    def cost(symbols: np.ndarray) -> float:  # type: ignore[type-arg]
        return loss(symbols * step - weights, curved) + price * float(
            BITS[symbols.astype(int) + len(BITS) // 2 - 1].sum()
        )

    best = min(cost(np.array(symbols)) for symbols in itertools.product(range(-3, 4), repeat=4))
    (found,) = quantised(weights, curved, np.array([step]), [BITS], price)
    assert cost(found) <= 1.2 * best
    assert cost(found) <= cost(np.rint(weights))


def test_dear_bits_leave_nothing() -> None:
    weights = np.random.default_rng(0).normal(0, 2, 30).astype(np.float32)
    cheap, dear = (quantised(weights, curvature(0, 30), np.array([0.5]), [BITS], price) for price in (0.0, 1e9))
    assert cheap.any()
    assert not dear.any()


def test_codes_do_not_disturb_each_other() -> None:
    weights, curved = np.random.default_rng(3).normal(0, 2, 30).astype(np.float32), curvature(3, 30)
    wide = -np.log2(logistic_masses(4.0)).astype(np.float32)
    both = quantised(weights, curved, np.array([0.5, 0.125]), [BITS, wide], 0.1)
    assert np.array_equal(both[:1], quantised(weights, curved, np.array([0.5]), [BITS], 0.1))
    assert np.array_equal(both[1:], quantised(weights, curved, np.array([0.125]), [wide], 0.1))
