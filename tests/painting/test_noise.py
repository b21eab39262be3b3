"""The noise of `generative`: its formula in whole numbers, read from the page of the format and written out again."""

import numpy as np
import pytest

from nncodec.painting.noise import noise

WORD = (1 << 32) - 1


def expected(row: int, column: int, seed: int) -> float:
    """The formula of docs/format/generative.md, in whole numbers of Python."""
    m = (row * 0x9E3779B1 & WORD) ^ (column * 0x85EBCA77 & WORD) ^ seed
    m = (m ^ m >> 15) * 0xC2B2AE3D & WORD
    m = (m ^ m >> 15) * 0x27D4EB2F & WORD
    m ^= m >> 16
    return ((m >> 8) / 2**24 - 0.5) * 12**0.5


@pytest.mark.parametrize("seed", [0, 1, 0x12345678, WORD])
@pytest.mark.parametrize(("top", "left"), [(0, 0), (-5, -3), (1000, 65530)])
def test_it_is_that_of_the_format(top: int, left: int, seed: int) -> None:
    found = noise((slice(top, top + 7), slice(left, left + 9)), seed)
    wanted = [
        [expected(row & WORD, column & WORD, seed) for column in range(left, left + 9)] for row in range(top, top + 7)
    ]
    assert found.dtype == np.float32
    assert np.allclose(found, wanted, rtol=0, atol=2e-7)
    # What is left of the bits is exact: the number that m was cut to can be read off again.
    whole = np.rint((found.astype(np.float64) / 12**0.5 + 0.5) * 2**24).astype(int)
    assert np.abs(whole - np.rint((np.array(wanted) / 12**0.5 + 0.5) * 2**24)).max() <= 1


def test_it_depends_on_seed_and_place_alone() -> None:
    whole = noise((slice(-8, 40), slice(-8, 56)), 77)
    part = noise((slice(3, 20), slice(-2, 30)), 77)
    assert np.array_equal(part, whole[11:28, 6:38])
    assert not np.array_equal(whole, noise((slice(-8, 40), slice(-8, 56)), 78))


@pytest.mark.parametrize("seed", [0, 5, 0xDEADBEEF])
def test_it_has_mean_0_and_variance_1_and_is_white(seed: int) -> None:
    found = noise((slice(0, 512), slice(0, 512)), seed).astype(np.float64)
    deviation = 1 / 512  # of the mean of as many independent samples
    assert abs(found.mean()) < 5 * deviation
    assert found.var() == pytest.approx(1, abs=5 * deviation)
    assert np.abs(found).max() <= 3**0.5
    for down, right in ((0, 1), (1, 0), (1, 1), (0, 8), (8, 0)):
        moved = np.roll(found, (down, right), (0, 1))
        assert abs((found * moved).mean()) < 5 * deviation
