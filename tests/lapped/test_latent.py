"""The latent as far as it is decoded: how symbols become values, and where these saturate."""

import numpy as np
import pytest

from nncodec.lapped.latent import DecodedLatent
from nncodec.lapped.layout import GROUPS

SIZES = np.minimum(np.arange(4096), 200)
"""The size of each magnitude: itself, up to 200."""


def put(group: int, symbol: int, mean: int) -> tuple[int, int]:
    """Value and size that a symbol leaves in the first channel of a group."""
    latent = DecodedLatent(1, 2, 1, SIZES)
    shape = 2, GROUPS[group].stop - GROUPS[group].start
    latent.put(0, group, slice(0, 2), np.full(shape, symbol, np.int32), np.full(shape, mean, np.int32))
    channel = GROUPS[group].start
    return int(latent.values[0, 0, channel]), int(latent.sizes[0, 0, channel])


@pytest.mark.parametrize("group", [0, 1, 5])
@pytest.mark.parametrize(
    ("symbol", "mean", "value"),
    [
        (3, 5, 53),
        (-3, 5, -43),
        (2047, 15, 32767),
        (2047, 16, 32767),
        (2048, 0, 32767),
        (-2047, -15, -32767),
        (-2048, 0, -32767),
        (2**20, 7, 32767),
        (-(2**20), 7, -32767),
    ],
)
def test_values_are_sixteenths_of_a_symbol_and_saturate(group: int, symbol: int, mean: int, value: int) -> None:
    """At plus and minus 32767; symbols reach 2^20, and 16 bits would wrap to the other sign."""
    assert put(group, symbol, mean)[0] == value


def test_size_is_that_of_the_value_but_in_the_first_group_of_the_symbol() -> None:
    """The mean of the first group is predicted apart from its size."""
    assert put(0, 3, 5)[1] == 48
    assert put(1, 3, 5)[1] == 53
    assert put(1, -3, 5)[1] == 43
    assert put(1, 2**20, 0)[1] == 200
