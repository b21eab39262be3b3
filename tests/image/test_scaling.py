"""Doubling, as docs/format/layered.md describes it, and means of blocks."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nncodec.image import scaling
from nncodec.image.scaling import downscale, halved, shrink, upscale
from tests import pictures

WEIGHTS = [-5, 14, -28, 124, 29, -7, 3, -2]
"""From docs/format/layered.md."""


def doubled(small: npt.NDArray[np.uint8], height: int, width: int) -> npt.NDArray[np.uint8]:
    """The format's words, sample by sample."""

    def taken(place: int, side: int) -> list[tuple[int, int]]:
        i, odd = divmod(place, 2)
        at = [i - 3 + k if odd else i + 3 - k for k in range(8)]
        return [(min(max(j, 0), side - 1), w) for j, w in zip(at, WEIGHTS, strict=True)]

    out = np.zeros((height, width, *small.shape[2:]), np.uint8)
    for y in range(height):
        for x in range(width):
            products = [
                a * b * small[i, j].astype(int) for i, a in taken(y, len(small)) for j, b in taken(x, small.shape[1])
            ]
            out[y, x] = np.clip((sum(products) + 2**13) >> 14, 0, 255)
    return out


sides = st.integers(1, 19)


@given(sides, sides, st.sampled_from([1, 3]), st.integers(0, 99))
def test_doubling_is_that_of_the_format(height: int, width: int, channels: int, seed: int) -> None:
    small = pictures.noise(halved(height, 1), halved(width, 1), channels, seed)
    assert np.array_equal(upscale(small, height, width, 1), doubled(small, height, width))


def test_three_doublings_go_by_the_sides_halved_in_between() -> None:
    small = pictures.noise(2, 3)
    assert np.array_equal(upscale(small, 9, 23, 3), doubled(doubled(doubled(small, 3, 6), 5, 12), 9, 23))


def test_strips_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    small = pictures.noise(40, 30)
    whole = upscale(small, 79, 60, 1)
    for samples in (1, 200, 1000):
        monkeypatch.setattr(scaling, "_STRIP_SAMPLES", samples)
        assert np.array_equal(upscale(small, 79, 60, 1), whole)


@pytest.mark.parametrize("value", [0, 1, 128, 254, 255])
def test_flat_stays_flat(value: int) -> None:
    """The weights add up to 128."""
    assert (upscale(pictures.flat(3, 5, value=value), 24, 33, 3) == value).all()


@pytest.mark.parametrize("times", [1, 2, 3])
def test_down_and_up_is_the_same_picture_in_its_place(times: int) -> None:
    """A shift by a single pixel would cost this ramp more than it loses."""
    ramp = np.add.outer(np.arange(96), np.arange(120)).astype(np.uint8)
    seen = upscale(downscale(ramp, times), 96, 120, times)
    inside = np.s_[32:-32, 32:-32]
    assert np.abs(seen.astype(int) - ramp)[inside].max() <= 1


@given(sides, sides, st.integers(0, 3), st.integers(0, 99))
def test_shrinking_takes_means_of_blocks(height: int, width: int, times: int, seed: int) -> None:
    plane = pictures.noise(height, width, 1, seed)
    found = shrink(plane, halved(height, times), halved(width, times))
    assert found.shape == (halved(height, times), halved(width, times))
    step = next(2**t for t in range(4) if (halved(height, t), halved(width, t)) == found.shape)
    for y, x in np.ndindex(found.shape):
        block = plane[y * step : (y + 1) * step, x * step : (x + 1) * step]
        assert found[y, x] == int(block.mean() + 0.5)


def test_sides_are_halved_upwards() -> None:
    assert [halved(9, times) for times in range(5)] == [9, 5, 3, 2, 1]
    assert halved(1, 3) == 1
