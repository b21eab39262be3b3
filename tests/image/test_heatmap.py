"""The heat map: black where equal, a fixed scale, lighter for larger errors."""

import numpy as np
import pytest

from nncodec.image import heatmap


def test_equal_pictures_are_black() -> None:
    picture = np.full((3, 5, 3), 77, np.uint8)
    assert heatmap.render(picture, picture).tolist() == np.zeros((3, 5, 3)).tolist()


def test_scale_is_fixed_and_saturates_at_an_eighth() -> None:
    a = np.zeros((1, 4), np.uint8)
    b = np.array([[0, 8, 32, 255]], np.uint8)
    shown = heatmap.render(a, b)[0]
    # 8 is a quarter of 32, so its root lies half-way along the scale: on the middle colour (0.1 % below, as 255/8 is
    # not 32, hence the 1).
    assert shown[0].tolist() == [0, 0, 0]
    assert np.abs(shown[1].astype(int) - [190, 45, 100]).max() <= 1
    assert shown[2].tolist() == shown[3].tolist() == [255, 250, 190]


def test_order_does_not_matter_and_worst_channel_counts() -> None:
    a = np.zeros((1, 1, 3), np.uint8)
    b = np.array([[[3, 20, 7]]], np.uint8)
    alone = heatmap.render(np.zeros((1, 1), np.uint8), np.array([[20]], np.uint8))
    assert heatmap.render(a, b).tolist() == heatmap.render(b, a).tolist() == alone.tolist()


def test_lightness_grows_with_the_error() -> None:
    errors = np.arange(33, dtype=np.uint8)[None]
    shown = heatmap.render(np.zeros_like(errors), errors)[0].astype(float)
    lightness = shown @ [0.299, 0.587, 0.114]
    assert (np.diff(lightness) > 0).all()


def test_sixteen_bits_look_like_eight() -> None:
    a = np.zeros((1, 256), np.uint8)
    b = np.arange(256, dtype=np.uint8)[None]
    wide = heatmap.render(a.astype(np.uint16) * 257, b.astype(np.uint16) * 257)
    assert wide.tolist() == heatmap.render(a, b).tolist()


@pytest.mark.parametrize(
    "other",
    [np.zeros((2, 3), np.uint8), np.zeros((2, 2), np.uint16), np.zeros((2, 2), np.float32)],
)
def test_refuses_what_does_not_match(other: np.ndarray) -> None:
    with pytest.raises(ValueError, match="cannot show"):
        heatmap.render(np.zeros((2, 2), np.uint8), other)
