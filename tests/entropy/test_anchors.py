"""Tables over the quality in whole numbers, against fractions of any length."""

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from nncodec.entropy.anchors import interpolate

ANCHORS = st.lists(st.integers(-(2**31), 2**31 - 1), min_size=9, max_size=9)


def halves_up(x: Fraction) -> int:
    return (2 * x + 1) // 2


@given(ANCHORS, ANCHORS, st.integers(0, 200))
def test_interpolation_is_linear_between_the_anchors_and_rounds_halves_up(first, second, quality):
    expected = []
    for column in (first, second):
        low = min(quality // 25, 7)
        slope = Fraction(column[low + 1] - column[low], 25)
        expected.append(halves_up(column[low] + slope * (quality - 25 * low)))
    assert interpolate(np.array([first, second], np.int32).T, quality).tolist() == expected


def test_interpolation_meets_the_anchors():
    anchors = np.arange(9)[:, None] * np.array([[100, -50]])
    for quality in range(0, 201, 25):
        assert interpolate(anchors, quality).tolist() == anchors[quality // 25].tolist()
