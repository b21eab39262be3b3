"""Tables of distributions: whole, symmetric, packed and damaged."""

import numpy as np
import pytest

from nncodec.entropy.tables import TOTAL, Tables, logistic_masses, scale_of, to_frequencies
from nncodec.errors import UnsupportedFile
from tests.logistic import logistic_tables

TABLES = logistic_tables()


def test_tables_are_symmetric_and_whole():
    for row, half in zip(TABLES.frequencies, TABLES.half_widths, strict=True):
        assert row.sum() == TOTAL == 2**24
        body = row[:-1]
        assert np.array_equal(np.delete(body, half), np.delete(body[::-1], half))
    widths = TABLES.half_widths
    assert widths == sorted(widths)


def test_logistic_masses_match_the_distribution():
    """Against the logistic distribution function, computed by another formula."""
    scale = scale_of(30)
    masses = logistic_masses(scale)
    half = len(masses) // 2 - 1
    expected = [
        (np.tanh((k + 0.5) / (2 * scale)) - np.tanh((k - 0.5) / (2 * scale))) / 2 for k in range(-half, half + 1)
    ]
    assert np.allclose(masses[:-1], expected, atol=1e-12)
    assert abs(masses.sum() - 1) < 1e-12


def test_tables_survive_packing():
    again = Tables.unpack(TABLES.pack())
    assert all(np.array_equal(a, b) for a, b in zip(again.frequencies, TABLES.frequencies, strict=True))


def test_costs_are_binary_logarithms():
    tables = Tables((np.array([1 << 22, 1 << 23, 1 << 21, 1 << 21]),) * 64)
    assert tables.costs(5).tolist() == [2, 1, 3, 3]


@pytest.mark.parametrize("index", [0, 20, 63])
def test_at_most_a_ten_millionth_lies_outside_a_table(index):
    half = TABLES.half_widths[index]
    assert 2 / (1 + np.exp((half + 0.5) / scale_of(index))) <= 1e-7
    assert half == 1 or 2 / (1 + np.exp((half - 1.5) / scale_of(index))) > 1e-7


def test_scales_grow_by_octaves():
    """Index 0 is 0.05 symbols; 63 steps make 11 octaves."""
    assert scale_of(0) == pytest.approx(0.05)
    assert scale_of(63) == pytest.approx(0.05 * 2048)
    assert scale_of(63 / 11) == pytest.approx(0.1)


ROWS = {
    "a zero": [0, TOTAL - 2, 1, 1],
    "another sum": [1, TOTAL - 2, 1, 1],
    "no symbols beside 0": [TOTAL - 1, 1],
    "no escape": [1, TOTAL - 4, 1, 1, 1],
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_damaged_tables_are_refused(row):
    sound = np.array([1, TOTAL - 3, 1, 1])
    assert Tables((sound,) * 64).half_widths == [1] * 64
    with pytest.raises(UnsupportedFile):
        Tables((sound,) * 63 + (np.array(row),))


@pytest.mark.parametrize("count", [0, 63, 65])
def test_another_number_of_tables_is_refused(count):
    with pytest.raises(UnsupportedFile):
        Tables((TABLES.frequencies[5],) * count)


def test_arrays_that_do_not_fit_together_are_refused():
    """Sound rows, the last of them longer than its half width says."""
    arrays = Tables((*TABLES.frequencies[:63], np.array([1, 1, TOTAL - 5, 1, 1, 1]))).pack()
    assert Tables.unpack(arrays).half_widths[-1] == 2
    arrays["tables.half_widths"][-1] = 1
    with pytest.raises(UnsupportedFile):
        Tables.unpack(arrays)


def test_frequencies_are_positive():
    row = to_frequencies(np.array([0.0, 1.0, 0.0, 0.0]))
    assert row.min() >= 1
    assert row.sum() == TOTAL
