"""Files written by earlier versions decode for ever, to the picture they held then."""

import hashlib
import json
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from nncodec.container import parse, serialize
from nncodec.pipeline import decode, inspect, original

GOLDEN = Path(__file__).parent / "golden"
EXPECTED = {
    listing.parent / name: said
    for listing in sorted(GOLDEN.glob("v*/expected.json"))
    for name, said in json.loads(listing.read_text()).items()
}


def test_every_golden_file_is_listed_and_there() -> None:
    assert set(GOLDEN.rglob("*.nnc")) == set(EXPECTED)
    assert len(EXPECTED) >= 25


@pytest.mark.parametrize("path", EXPECTED, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_golden_file_decodes_to_its_picture(path: Path) -> None:
    said, found = EXPECTED[path], decode(path.read_bytes())
    with PIL.Image.open(path.with_suffix(".png")) as still:
        reference = np.asarray(still)
    assert (found.codec, inspect(path.read_bytes()).mode) == (said["codec"], said["mode"])
    assert found.pixels.dtype == reference.dtype
    assert found.pixels.shape == reference.shape
    assert (found.picture.width, found.picture.height) == (said["width"], said["height"])
    error = found.pixels.astype(np.int64) - reference
    assert np.abs(error).max() <= said["peak_error"]
    assert np.sqrt((error**2).mean()) <= said["rms_error"]


@pytest.mark.parametrize("path", EXPECTED, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_golden_file_has_its_metadata(path: Path) -> None:
    said, found = EXPECTED[path], decode(path.read_bytes()).metadata
    for name, value in vars(found).items():
        assert (hashlib.sha256(value).hexdigest() if value is not None else None) == said.get(name)


@pytest.mark.parametrize("path", EXPECTED, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_golden_file_has_one_spelling(path: Path) -> None:
    assert serialize(parse(path.read_bytes())) == path.read_bytes()


@pytest.mark.parametrize("path", sorted((GOLDEN / "v1").glob("*.png")), ids=lambda path: path.stem)
def test_versions_differ_in_spelling_alone(path: Path) -> None:
    """Version 2 was given the pictures of version 1, and decodes to the same pixels."""
    with PIL.Image.open(path) as before, PIL.Image.open(GOLDEN / "v2" / path.name) as after:
        assert np.array_equal(np.asarray(before), np.asarray(after))


def test_the_kept_jpeg_is_still_a_jpeg() -> None:
    data, suffix = original((GOLDEN / "v1" / "kept-jpeg.nnc").read_bytes())
    assert (data[:2], data[-2:], suffix) == (b"\xff\xd8", b"\xff\xd9", ".jpg")


def test_they_stay_small() -> None:
    assert sum(path.stat().st_size for path in GOLDEN.rglob("*") if path.is_file()) < 500_000
