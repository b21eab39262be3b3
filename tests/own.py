"""A check that what training writes can be used as it is, for the tests of all recipes."""

from pathlib import Path

import numpy as np

import nncodec
from nncodec.codecs import by_name
from nncodec.nets import weights
from nncodec.pipeline.own_weights import open_file
from nncodec.restorers import Task
from nncodec.restorers import by_name as restorer_by_name
from tests import pictures


def check_codec(file: Path, name: str) -> None:
    """A picture is encoded with the weights in a file, and decoded with them."""
    pixels = pictures.photograph(24, 33)
    data = nncodec.encode(pixels, codec=name, quality=20, effort=1, restore="none", weights=file)
    assert [own.codec for own in nncodec.inspect(data).own_weights] == [name.partition(":")[0]]
    assert nncodec.decode(data, weights=file).pixels.shape == pixels.shape


def check_restorer(file: Path, name: str) -> None:
    """A picture by jpeg is corrected with the weights in a file, whether that pays or not."""
    original = pictures.photograph(64, 80)
    seen = nncodec.decode(nncodec.encode(original, codec="jpeg", quality=10, restore="none")).pixels
    restorer, own = restorer_by_name(name), open_file(file)
    with weights.at_hand([own]):
        parameters = restorer.fit(Task(seen, original, by_name("jpeg").id, 1000, 1))
        assert parameters is not None
        assert parameters.startswith(own.model)
        found = restorer.apply(seen, parameters, "cpu")
    assert found.shape == seen.shape
    assert np.abs(found.astype(int) - seen).max() < 128
