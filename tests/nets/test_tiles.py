"""Tiles: every pixel once, of a bounded size, and shared evenly by threads."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nncodec.nets.tiles import bordered, equal_tiles, tile_by_tile

SIDES = st.integers(1, 5000)
AREA = 1 << 16


@given(height=st.integers(1, 70), width=st.integers(1, 70), rows=st.integers(1, 80), columns=st.integers(1, 80))
def test_every_pixel_is_worked_on_once(height, width, rows, columns):
    done = np.zeros((height, width), int)

    def work(region):
        assert done[region].shape <= (rows, columns)
        done[region] += 1

    tile_by_tile(done.shape, rows, columns, work)
    assert (done == 1).all()


@given(height=SIDES, width=SIDES, halo=st.integers(0, 40))
def test_tiles_stay_below_the_area_and_fit_the_blocks(height, width, halo):
    size = equal_tiles((height, width, 3), AREA, halo)
    assert math.prod(size) <= AREA
    for part, side in zip(size, (height, width), strict=True):
        assert part % 16 == 0
        assert part >= min(side, 128)
        assert part < side + 16


@pytest.mark.parametrize("shape", [(512, 768), (768, 512), (1024, 256), (2000, 3000), (600, 900)], ids=str)
def test_four_threads_have_as_much_to_do(shape):
    count = math.prod(-(-side // part) for side, part in zip(shape, equal_tiles(shape, 3 << 16, 36), strict=True))
    assert count % 4 == 0


@given(data=st.data(), shape=st.sampled_from([(7, 5), (4, 9, 3), (1, 1, 3)]))
def test_beyond_the_border_it_is_repeated(data, shape):
    samples = np.arange(math.prod(shape)).reshape(shape)
    region = tuple(
        slice(data.draw(st.integers(-9, size - 1)), data.draw(st.integers(size - 1, size + 9)) + 1)
        for size in shape[:2]
    )
    got = bordered(samples, region)
    for row in range(region[0].start, region[0].stop):
        for column in range(region[1].start, region[1].stop):
            inside = min(max(row, 0), shape[0] - 1), min(max(column, 0), shape[1] - 1)
            assert np.array_equal(got[row - region[0].start, column - region[1].start], samples[inside])


def test_errors_of_the_work_come_out():
    with pytest.raises(ZeroDivisionError):
        tile_by_tile((4, 4), 2, 2, lambda region: 1 // 0)
