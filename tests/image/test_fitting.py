"""Pictures shrunk to fit into a square."""

import numpy as np
import pytest

from nncodec.image import Metadata, Picture
from nncodec.image.fitting import fitted, halvings_to
from tests import pictures


@pytest.mark.parametrize(
    ("width", "height", "side", "times"),
    [(100, 50, 100, 0), (100, 50, 51, 0), (100, 50, 50, 1), (50, 100, 25, 2), (1600, 3, 100, 4), (5, 5, 900, 0)],
)
def test_the_longer_side_is_halved_while_it_is_long_enough(width: int, height: int, side: int, times: int) -> None:
    assert halvings_to(width, height, side) == times


@pytest.mark.parametrize(("mode", "size"), [("L", (20, 5)), ("RGB", (9, 40)), ("RGBA", (64, 3)), ("I;16", (30, 30))])
def test_the_longer_side_is_as_asked_and_the_other_in_proportion(mode: str, size: tuple[int, int]) -> None:
    picture = pictures.picture(mode, *size)
    small = fitted(picture, 8)
    assert max(small.width, small.height) == 8
    assert min(small.width, small.height) == max(1, round(8 * min(size) / max(size)))
    assert (small.mode, small.pixels.dtype) == (mode, picture.pixels.dtype)


def test_nothing_is_enlarged() -> None:
    picture = pictures.picture("RGBA", 7, 5)
    assert fitted(picture, 7) is picture
    assert fitted(picture, 100) is picture


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_flat_gray_stays_what_it_is(dtype: type) -> None:
    level = np.iinfo(dtype).max // 3
    assert np.unique(fitted(Picture(np.full((50, 70), level, dtype)), 9).pixels) == [level]


def test_samples_are_averaged_as_they_are_and_not_as_light() -> None:
    """Columns of 0 and 254 become 127; the mean of their light would be 187."""
    stripes = np.tile(np.array([0, 254], np.uint8), (64, 32))
    inner = fitted(Picture(stripes), 16).pixels[:, 2:-2].astype(int)
    assert abs(inner - 127).max() <= 1


def test_16_bits_are_not_cut_to_8() -> None:
    ramp = np.tile(np.arange(0, 64000, 250, dtype=np.uint16), (256, 1))
    small = fitted(Picture(ramp), 64).pixels
    assert abs(small[10, 4:-4].astype(int) - ramp[0].reshape(64, 4).mean(1)[4:-4]).max() < 20


def test_colours_behind_transparent_pixels_do_not_shine_through() -> None:
    """Left half opaque and black, right half transparent and white."""
    colour, alpha = np.zeros((40, 40, 3), np.uint8), np.zeros((40, 40), np.uint8)
    colour[:, 20:], alpha[:, :20] = 255, 255
    small = fitted(Picture(colour, alpha), 5)
    assert small.alpha is not None
    assert small.alpha[0, 0] > 240 > small.alpha[0, 2] > 15 > small.alpha[0, 4]
    assert small.pixels[:, :3].max() == 0


def test_metadata_stay() -> None:
    assert fitted(Picture(pictures.noise(9, 9), metadata=Metadata(icc=b"x")), 3).metadata == Metadata(icc=b"x")
