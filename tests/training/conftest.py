"""Pictures that all tests of training share."""

import PIL.Image
import pytest

from tests import pictures


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Thirty small pictures in three formats."""
    path = tmp_path_factory.mktemp("pictures")
    for number in range(30):
        picture = PIL.Image.fromarray(pictures.photograph(256 + number, 260, seed=number))
        picture.save(path / f"{number}.{('png', 'webp', 'jpg')[number % 3]}")
    return path
