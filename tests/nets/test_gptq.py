"""Rounding that makes good what it lost."""

import numpy as np

from nncodec.nets.gptq import compensated

STEP = 0.25


def to_steps(values: np.ndarray, _: float) -> np.ndarray:  # type: ignore[type-arg]
    """The nearest multiples of a step."""
    return STEP * np.rint(values / STEP)


def test_without_dependence_it_is_rounding() -> None:
    rows = np.random.default_rng(0).normal(size=(3, 12))
    assert np.array_equal(compensated(rows, np.diag(np.arange(12.0) + 1), to_steps), STEP * np.rint(rows / STEP))


def test_numbers_that_depend_on_each_other_lose_less_than_by_rounding_each() -> None:
    rng = np.random.default_rng(1)
    rows, mixed = rng.normal(size=(5, 24)), rng.normal(size=(24, 24)) + 1.5
    curvature = mixed @ mixed.T

    def losses(found: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
        off = found - rows
        return np.einsum("ki,ij,kj->k", off, curvature, off)

    found = compensated(rows, curvature, to_steps)
    assert np.array_equal(found, STEP * np.rint(found / STEP))
    assert (losses(found) < 0.5 * losses(STEP * np.rint(rows / STEP))).all()
