"""Kernels in few bits."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="torch, an extra of the package, is not installed")

from nncodec.training.slim.rounding import in_bits


def setting(seed: int) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    """A kernel, and the moments of inputs that depend on each other."""
    rng = np.random.default_rng(seed)
    mixed = rng.normal(size=(36, 36)) + 0.5
    return rng.normal(size=(8, 4, 3, 3)).astype(np.float32), mixed @ mixed.T


@pytest.mark.parametrize("bits", [2, 3, 5, 8])
def test_numbers_have_the_bits_and_steps_their_outputs(bits: int) -> None:
    kernel, moments = setting(bits)
    numbers, step = in_bits(kernel, moments, bits)
    assert (numbers.dtype, numbers.shape, step.dtype, step.shape) == (np.int8, kernel.shape, np.float32, (8,))
    assert np.abs(numbers.astype(int)).max() <= 2 ** (bits - 1) - 1


def test_eight_bits_lose_little_and_each_bit_fewer_loses_more() -> None:
    kernel, moments = setting(0)

    def lost(bits: int) -> float:
        numbers, step = in_bits(kernel, moments, bits)
        off = (numbers * step[:, None, None, None] - kernel).reshape(8, -1)
        rows = kernel.reshape(8, -1)
        return float(np.trace(off @ moments @ off.T) / np.trace(rows @ moments @ rows.T))

    assert lost(8) < 1e-4
    assert lost(3) > 4 * lost(5) > 16 * lost(8)


def test_a_kernel_of_zeros_stays_one() -> None:
    numbers, step = in_bits(np.zeros((2, 3, 1, 1), np.float32), np.eye(3), 8)
    assert not numbers.any()
    assert np.isfinite(step).all()
