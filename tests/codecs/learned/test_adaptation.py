"""Scale indices that follow the picture."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nncodec.codecs.learned.adaptation import Adaptation, Evidence, rounded
from nncodec.codecs.learned.block_tables import logistic_block_tables
from nncodec.codecs.learned.model import LearnedModel
from nncodec.entropy.scales import N_SCALES
from nncodec.entropy.tables import TOTAL
from nncodec.nets import weights

LOGISTIC = Evidence.of(logistic_block_tables())


def shipped() -> Evidence:
    number = weights.newest("learned")
    return Evidence.of(LearnedModel(number, weights.load(number, "learned")).tables)


def drawn(index: float, shape: tuple[int, int], seed: int) -> np.ndarray:
    """Symbols as they are likely under a scale index."""
    rows = logistic_block_tables().frequencies[round(index)]
    half = len(rows) // 2 - 1
    numbers = np.r_[np.arange(-half, half + 1), half + 1]
    return np.random.default_rng(seed).choice(numbers, shape, p=rows / TOTAL).astype(np.int32)


def test_no_logarithm_is_near_the_middle_between_two_costs():
    """64 times it, of every frequency there can be; so the last digit of a logarithm decides nothing."""
    nearest = 1.0
    for first in range(1, TOTAL + 1, 1 << 21):
        costs = 64 * np.log2(np.arange(first, min(first + (1 << 21), TOTAL + 1), dtype=np.float64))
        nearest = min(nearest, float(np.abs(costs - np.floor(costs) - 0.5).min()))
    assert nearest > 1e-11


@pytest.mark.parametrize("evidence", [LOGISTIC, shipped()], ids=["logistic", "shipped"])
def test_large_symbols_ask_for_larger_scales(evidence):
    """The cost of a zero grows with the scale index, that of a symbol far out falls."""
    assert (evidence.slope[6:, 0] > 0).all()
    assert (evidence.slope[:56, 255] < 0).all()
    assert (evidence.curvature[6:] > 0).all()


@settings(max_examples=20)
@given(st.integers(16, 40), st.integers(-5, 5), st.integers(0, 99))
def test_indices_are_found_that_symbols_are_drawn_from(index, off, seed):
    adaptation, told = Adaptation(LOGISTIC), np.full((4000, 3), 16 * (index + off), np.int16)
    for number in range(6):
        found = adaptation.indices(1, told, 0)
        adaptation.learn(drawn(index, found.shape, 6 * seed + number))
    assert np.abs(adaptation.indices(1, told, 0).astype(int) - index).max() <= 1


def test_the_next_group_begins_with_most_of_it():
    adaptation, told = Adaptation(LOGISTIC), np.full((4000, 3), 16 * 26, np.int16)
    adaptation.indices(1, told, 0)
    adaptation.learn(drawn(30, told.shape, 0))
    elsewhere = np.full((9, 5), 16 * 14, np.int16)  # another index, whose own offset is none yet
    assert (adaptation.indices(2, elsewhere, 0) > 15).all()
    assert (Adaptation(LOGISTIC).indices(2, elsewhere, 0) == 14).all()


@given(st.integers(-4096, 4096), st.sampled_from([0, 6]))
def test_without_symbols_indices_are_the_rounded_ones(fine, lowest):
    told = np.full((1, 1), fine, np.int16)
    expected = min(max((fine + 8) // 16, lowest), N_SCALES - 1)
    assert Adaptation(LOGISTIC).indices(0, told, lowest).item() == rounded(told, lowest).item() == expected


def test_the_largest_symbols_move_offsets_no_farther_than_their_limit():
    adaptation, told = Adaptation(LOGISTIC), np.full((9, 2), 16 * 20, np.int16)
    for _ in range(40):
        found = adaptation.indices(3, told, 0)
        adaptation.learn(np.full(found.shape, -(1 << 20), np.int32))
    assert (adaptation.indices(3, told, 0) == 20 + 8 + 8).all()
