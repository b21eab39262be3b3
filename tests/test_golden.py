"""Golden files decode for ever, to the pictures they were made of. Every codec, restorer and model has some."""

import hashlib
import json
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from nncodec.codecs import all_codecs, by_name
from nncodec.container import VERSION, Container, Kind, parse, serialize
from nncodec.nets import weights
from nncodec.pipeline import decode, inspect, original
from nncodec.restorers import all_restorers
from tests import golden_cases, make_golden
from tests.make_golden import GOLDEN, LISTING

EXPECTED = {
    listing.parent / name: said
    for listing in sorted(GOLDEN.rglob(LISTING))
    for name, said in json.loads(listing.read_text()).items()
}
EACH = pytest.mark.parametrize("path", EXPECTED, ids=lambda path: str(path.relative_to(GOLDEN).with_suffix("")))


def models(container: Container) -> set[int]:
    """The numbers of weights that a file needs: payloads and parameters of those who have weights start with one."""
    codecs = {codec.id: codec.name for codec in all_codecs().values()}
    restorers = {number: restorer.name for number, restorer in all_restorers().items()}
    found = {container.payload[0]} if weights.all_of(codecs[container.header.codec]) else set()
    sections = container.all(Kind.RESTORER)
    return found | {section[5] for section in sections if weights.all_of(restorers[section[0]])}


# --- there is one for everything ------------------------------------------------------------------------------------


def test_every_golden_file_is_listed_and_there() -> None:
    assert set(GOLDEN.rglob("*.nnc")) == set(EXPECTED)
    assert {path.with_suffix(".nnc") for path in GOLDEN.rglob("*.png")} == set(EXPECTED)


def test_every_codec_has_golden_files_in_a_folder_of_its_name() -> None:
    for name, codec in all_codecs().items():
        files = [path for path in EXPECTED if path.parent == GOLDEN / name]
        assert files, f"{name} has no golden files: run python -m tests.make_golden"
        assert {parse(path.read_bytes()).header.codec for path in files} == {codec.id}


def test_every_restorer_has_golden_files_in_a_folder_of_its_name() -> None:
    for number, restorer in all_restorers().items():
        files = [path for path in EXPECTED if path.parent == GOLDEN / "restorers" / restorer.name]
        assert files, f"{restorer.name} has no golden files: run python -m tests.make_golden"
        for path in files:
            assert number in {section[0] for section in parse(path.read_bytes()).all(Kind.RESTORER)}


def test_every_model_in_the_manifest_has_golden_files_and_no_other() -> None:
    assert set().union(*(models(parse(path.read_bytes())) for path in EXPECTED)) == set(weights.manifest())


def test_files_of_this_version_lie_beside_those_of_earlier_ones() -> None:
    for path in EXPECTED:
        version = parse(path.read_bytes()).header.version
        assert (path.parent.name == f"v{version}") == (version < VERSION), path


def test_every_golden_file_that_can_be_made_is_there() -> None:
    """Or a codec lost some: those of older models, and of older versions, can no longer be made."""
    assert {f"{GOLDEN / name}.nnc" for name, _ in golden_cases.cases()} <= set(map(str, EXPECTED))


def test_a_golden_file_that_exists_is_never_written_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(make_golden, "GOLDEN", tmp_path)
    case = dict(golden_cases.of_the_container())["dump"]
    assert make_golden.write("container/dump", case)
    before = {path: path.read_bytes() for path in (tmp_path / "container").iterdir()}
    assert {path.name for path in before} == {"dump.nnc", "dump.png", LISTING}
    assert not make_golden.write("container/dump", case._replace(make=lambda: b"another file"))
    assert {path: path.read_bytes() for path in (tmp_path / "container").iterdir()} == before


# --- they decode ----------------------------------------------------------------------------------------------------


@EACH
def test_a_golden_file_decodes_to_its_picture(path: Path) -> None:
    said = EXPECTED[path]
    lack = by_name(said["codec"]).missing()
    if lack:
        pytest.skip(lack)
    found = decode(path.read_bytes())
    with PIL.Image.open(path.with_suffix(".png")) as still:
        reference = np.asarray(still)
    assert (found.codec, inspect(path.read_bytes()).mode) == (said["codec"], said["mode"])
    assert found.pixels.dtype == reference.dtype
    assert found.pixels.shape == reference.shape
    assert (found.picture.width, found.picture.height) == (said["width"], said["height"])
    error = found.pixels.astype(np.int64) - reference
    assert np.abs(error).max() <= said["peak_error"]
    assert np.sqrt((error**2).mean()) <= said["rms_error"]
    for name, value in vars(found.metadata).items():
        assert (hashlib.sha256(value).hexdigest() if value is not None else None) == said.get(name)


@EACH
def test_a_golden_file_has_one_spelling(path: Path) -> None:
    assert serialize(parse(path.read_bytes())) == path.read_bytes()


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*/v1/*.png")), ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_versions_differ_in_spelling_alone(path: Path) -> None:
    """Version 2 was given the pictures of version 1, and decodes to the same pixels."""
    with PIL.Image.open(path) as before, PIL.Image.open(path.parents[1] / path.name) as after:
        assert np.array_equal(np.asarray(before), np.asarray(after))


def test_the_kept_jpeg_is_still_a_jpeg() -> None:
    data, suffix = original((GOLDEN / "jpegfile" / "v1" / "kept-jpeg.nnc").read_bytes())
    assert (data[:2], data[-2:], suffix) == (b"\xff\xd8", b"\xff\xd9", ".jpg")


def test_they_stay_small() -> None:
    assert sum(path.stat().st_size for path in GOLDEN.rglob("*") if path.is_file()) < 1_000_000
