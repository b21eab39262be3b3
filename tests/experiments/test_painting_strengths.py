"""experiments/painting_strengths.py: one row a strength, of the same bytes, means over the pictures it says."""

from pathlib import Path
from types import ModuleType

import pytest

pytest.importorskip("scipy", reason="SciPy, an extra of the package, is not installed")

import PIL.Image

import nncodec
from nncodec.image import from_array
from nncodec.image.metrics import psnr
from tests import pictures
from tests.experiments import scripts

QUALITY = 20.0


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """The script as a module."""
    return scripts.load("painting_strengths")


def test_rows_are_means_of_one_file_decoded_at_each_strength(script: ModuleType) -> None:
    images = [from_array(pictures.photograph(height, 64)) for height in (64, 80)]
    rows = list(script.rows(images, "superres", QUALITY, [0.0, 0.25, 1.0], ["haarpsi"]))
    assert [row[:2] for row in rows] == [["superres", each] for each in ("0", "0.25", "1")]
    assert len({row[2] for row in rows}) == 1
    files = [nncodec.encode(image, "superres", codec_quality=QUALITY, restore="none") for image in images]
    assert float(rows[0][2]) == pytest.approx(4 * (len(files[0]) / 64**2 + len(files[1]) / (80 * 64)), abs=1e-4)
    for row, strength in ((rows[0], 0.0), (rows[2], 1.0)):
        seen = [nncodec.decode(file, perceptual=strength).pixels for file in files]
        mean = sum(psnr(image.pixels, pixels) for image, pixels in zip(images, seen, strict=True)) / 2
        assert float(row[3]) == pytest.approx(mean, abs=0.01)
    assert rows[0][3:] != rows[2][3:]


def test_every_other_picture_is_taken_by_name(script: ModuleType, tmp_path: Path) -> None:
    for name, width in (("c", 30), ("a", 10), ("b", 20)):
        PIL.Image.new("RGB", (width, 8)).save(tmp_path / f"{name}.png")
    assert [each.width for each in script.pictures(tmp_path, 2)] == [10, 30]
