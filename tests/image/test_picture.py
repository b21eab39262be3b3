"""Pictures made of arrays."""

import numpy as np
import numpy.typing as npt
import pytest

from nncodec.errors import EncodeError
from nncodec.image import from_array, to_pillow
from tests import pictures


@pytest.mark.parametrize(
    ("shape", "dtype", "mode"),
    [
        ((4, 5), np.uint8, "L"),
        ((4, 5, 1), np.uint8, "L"),
        ((4, 5, 2), np.uint8, "LA"),
        ((4, 5, 3), np.uint8, "RGB"),
        ((4, 5, 4), np.uint8, "RGBA"),
        ((4, 5), np.uint16, "I;16"),
    ],
    ids=str,
)
def test_arrays_that_are_pictures(shape: tuple[int, ...], dtype: type, mode: str) -> None:
    array = np.arange(np.prod(shape), dtype=dtype).reshape(shape)
    picture = from_array(array)
    assert (picture.mode, picture.width, picture.height) == (mode, 5, 4)
    assert np.array_equal(np.asarray(to_pillow(picture)), array.squeeze())


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((4, 5), np.float32),
        np.zeros((4, 5), bool),
        np.zeros((4, 5), np.int8),
        np.zeros((4, 5, 3), np.uint16),
        np.zeros((4, 5, 5), np.uint8),
        np.zeros((3, 4, 5), np.uint8),
        np.zeros((4,), np.uint8),
        np.zeros((1, 4, 5, 3), np.uint8),
        np.zeros((0, 5), np.uint8),
        np.zeros((5, 0, 3), np.uint8),
    ],
    ids=lambda array: f"{array.dtype} {array.shape}",
)
def test_arrays_that_are_not(array: npt.NDArray[np.generic]) -> None:
    with pytest.raises(EncodeError, match="is not a picture"):
        from_array(array)


def test_the_order_of_axes_and_strides_does_not_matter() -> None:
    array = pictures.photograph(8, 6)
    for view in (array[::-1], array.transpose(1, 0, 2), array[::2, 1:], np.asfortranarray(array)):
        assert np.array_equal(from_array(view).pixels, view)
