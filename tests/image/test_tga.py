"""The alpha of TGA files."""

import numpy as np
import pytest

from nncodec.image import read
from tests import pictures

DESCRIPTOR = 17
"""Its lowest four bits are the number of alpha bits (TGA 2.0, field 5.6)."""


def tga(pixels: np.ndarray, alpha_bits: int) -> bytes:
    """A TGA file whose header says that so many bits are alpha."""
    data = bytearray(pictures.file_of(pixels, "TGA"))
    data[DESCRIPTOR] = data[DESCRIPTOR] & 0xF0 | alpha_bits
    return bytes(data)


@pytest.mark.parametrize("alpha", [0, 77])
def test_a_channel_that_the_header_calls_no_alpha_is_none(alpha: int) -> None:
    pixels = pictures.photograph(8, 9, 4)
    pixels[:, :, 3] = alpha
    found = read(tga(pixels, 0))
    assert (found.mode, found.notes) == (
        "RGB",
        ("its last channel is left out: the header says that it is no alpha",),
    )
    assert np.array_equal(found.pixels, pixels[:, :, :3])


def test_alpha_is_kept_with_a_note_if_all_of_it_is_zero() -> None:
    pixels = pictures.photograph(8, 9, 4)
    assert (read(tga(pixels, 8)).mode, read(tga(pixels, 8)).notes) == ("RGBA", ())
    pixels[:, :, 3] = 0
    found = read(tga(pixels, 8))
    assert found.notes == ("its alpha is 0 everywhere: that is kept, and it will look empty",)
    assert found.alpha is not None
    assert not found.alpha.any()
    assert np.array_equal(found.pixels, pixels[:, :, :3])
