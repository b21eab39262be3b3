"""Training pictures: split, cached, and cropped."""

import numpy as np
import PIL.Image
import pytest

from nncodec.errors import EncodeError
from nncodec.training import data


def test_validation_pictures_are_kept_out(folder):
    training, held_out = data.find_pictures([folder])
    assert len(held_out) == data.VALIDATION_PICTURES
    assert len(training) == 30 - data.VALIDATION_PICTURES
    assert not set(training) & set(held_out)


def test_too_few_pictures(tmp_path):
    with pytest.raises(EncodeError, match="0 pictures"):
        data.find_pictures([tmp_path])


def test_cache_holds_the_pictures(folder, tmp_path):
    files = sorted(folder.iterdir())[:5]
    for _ in range(2):  # made, then found
        loaded = data.load_pictures(files, tmp_path)
        for number, file in enumerate(files):
            with PIL.Image.open(file) as picture:
                expected = np.asarray(picture.convert("RGB"))
            assert np.array_equal(loaded.crop(number, 64, 30, 7), expected[30:94, 7:71])


def test_crops_are_reproducible_and_from_pictures_large_enough(folder, tmp_path):
    loaded = data.load_pictures(sorted(folder.iterdir()), tmp_path)
    first = data.random_crops(loaded, 4, 128, np.random.default_rng(3))
    assert first.shape == (4, 128, 128, 3)
    assert np.array_equal(first, data.random_crops(loaded, 4, 128, np.random.default_rng(3)))
    assert len(loaded.fitting(257)) == 29
    assert len(data.centre_crops(loaded, 257)) == 29
