"""What is asked of the golden files of every set of weights, ``modelNUMBER-NAME.nnc`` with a PNG beside each."""

from pathlib import Path

import numpy as np
import PIL.Image

from nncodec import models
from nncodec.pipeline import decode


def check_every_model_has_some(files: list[Path], codec: str) -> None:
    """Files of all weights of a codec, and of no others."""
    numbers = {model.number for model in models.manifest().values() if model.codec == codec}
    assert {path.name.split("-")[0] for path in files} == {f"model{number}" for number in numbers}


def check_decodes(path: Path, tolerance: int) -> None:
    """To the same symbols, or the checksum would not match; to the same pixels but for rounding."""
    found = decode(path.read_bytes()).pixels
    with PIL.Image.open(path.with_suffix(".png")) as picture:
        expected = np.asarray(picture)
    assert found.shape == expected.shape
    assert np.abs(found.astype(int) - expected).max() <= tolerance
