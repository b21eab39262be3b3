"""Tables of distributions: whole, symmetric, packed and damaged."""

import numpy as np
import pytest

from nncodec.entropy.tables import TOTAL, Tables, logistic_masses, logistic_tables, scale_of, to_frequencies
from nncodec.errors import UnsupportedFile

TABLES = logistic_tables()


def test_tables_are_symmetric_and_whole():
    for row, half in zip(TABLES.frequencies, TABLES.half_widths, strict=True):
        assert row.sum() == TOTAL == 2**24
        body = row[:-1]
        assert np.array_equal(np.delete(body, half), np.delete(body[::-1], half))
    widths = TABLES.half_widths
    assert widths == sorted(widths)


def test_logistic_masses_match_the_distribution():
    """Against the logistic distribution function, computed another way."""
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


@pytest.mark.parametrize("spoil", ["zero", "sum", "count"])
def test_damaged_tables_are_refused(spoil):
    rows = [row.copy() for row in TABLES.frequencies]
    if spoil == "zero":
        rows[3][0], rows[3][1] = 0, rows[3][1] + rows[3][0]
    elif spoil == "sum":
        rows[3][0] += 1
    else:
        rows.pop()
    with pytest.raises(UnsupportedFile):
        Tables(tuple(rows))


def test_frequencies_are_positive():
    row = to_frequencies(np.array([0.0, 1.0, 0.0, 0.0]))
    assert row.min() >= 1
    assert row.sum() == TOTAL
