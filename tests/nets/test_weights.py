"""Weights by number: checked, and never a surprise."""

import hashlib
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from nncodec.codecs import by_name
from nncodec.container import parse, read_header
from nncodec.errors import CorruptFile, UnsupportedFile
from nncodec.nets import weights
from nncodec.pipeline.decoding import frame_of
from nncodec.restorers import all_restorers

ROW = '[[model]]\nnumber = 7\ncodec = "learned"\nfile = "w.npz"\nsha256 = "{}"\ntrained = "never"\n'


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder of weights that the module looks into."""
    monkeypatch.setattr(weights, "folder", lambda: tmp_path)
    weights.manifest.cache_clear()
    weights.load.cache_clear()
    yield tmp_path
    weights.manifest.cache_clear()
    weights.load.cache_clear()


def install(folder, **arrays) -> None:
    np.savez(folder / "w.npz", **arrays)
    digest = hashlib.sha256((folder / "w.npz").read_bytes()).hexdigest()
    (folder / "manifest.toml").write_text(ROW.format(digest), encoding="utf-8")


def test_every_row_that_ships_names_a_whole_file():
    rows = weights.manifest()
    assert rows
    for number, row in rows.items():
        assert number == row.number
        assert weights.load(number, row.codec)
        assert len(row.trained) > 20


def test_files_are_named_after_number_and_family():
    for row in weights.manifest().values():
        assert row.file == f"{row.number:03}-{row.codec}.npz"


def test_numbers_lie_in_the_range_of_their_family():
    for row in weights.manifest().values():
        assert row.number in weights.NUMBERS[row.codec]


def test_no_number_belongs_to_two_families():
    numbers = [number for family in weights.NUMBERS.values() for number in family]
    assert len(numbers) == len(set(numbers))
    assert 1 <= min(numbers) <= max(numbers) <= 127


@pytest.mark.parametrize("name", ["learned", "compact", "recurrent", "superres", "generative"])
def test_a_codec_refuses_payloads_that_begin_with_another_familys_numbers(name):
    codec = by_name(name)
    if codec.missing() is not None:
        pytest.skip(f"{name} needs {codec.missing()}")
    files = sorted((Path(__file__).parents[1]).glob("golden*/**/*.nnc"))
    golden = next(file for file in map(Path.read_bytes, files) if read_header(file).codec == codec.id)
    payload, frame = parse(golden).payload, frame_of(read_header(golden))
    assert payload[0] in weights.NUMBERS[name]
    for other in weights.NUMBERS.keys() - {name}:
        for number in (weights.NUMBERS[other][0], weights.NUMBERS[other][-1]):
            with pytest.raises(CorruptFile, match="payload|number"):
                codec.decode(bytes([number]) + payload[1:], frame, "cpu")


def test_retired_numbers_are_not_used_again():
    """Old files may name them: they must stay unknown."""
    assert weights.manifest().keys().isdisjoint({1, 2, *range(48, 52), 64, 80, 81, 82, 96})
    assert 3 not in all_restorers()


def test_loads_by_number(folder):
    install(folder, a=np.arange(3))
    assert weights.load(7, "learned")["a"].tolist() == [0, 1, 2]
    assert weights.newest("learned") == 7
    with pytest.raises(ValueError, match="read-only"):
        weights.load(7, "learned")["a"][0] = 1


@pytest.mark.parametrize(("number", "codec"), [(8, "learned"), (7, "other")])
def test_unknown_model(folder, number, codec):
    install(folder, a=np.arange(3))
    with pytest.raises(UnsupportedFile, match="unknown"):
        weights.load(number, codec)


def test_no_weights_for_a_codec(folder):
    install(folder, a=np.arange(3))
    with pytest.raises(UnsupportedFile, match="no weights"):
        weights.newest("other")


def test_altered_file(folder):
    install(folder, a=np.arange(3))
    data = bytearray((folder / "w.npz").read_bytes())
    data[40] ^= 1
    (folder / "w.npz").write_bytes(data)
    with pytest.raises(UnsupportedFile, match="not those"):
        weights.load(7, "learned")


def test_missing_file(folder):
    install(folder, a=np.arange(3))
    (folder / "w.npz").unlink()
    with pytest.raises(UnsupportedFile, match="cannot be read"):
        weights.load(7, "learned")


@pytest.mark.parametrize("text", [None, "", "model = 3", "[[model]]\nnumber = 1\n", "\0"])
def test_damaged_manifest(folder, text):
    if text is not None:
        (folder / "manifest.toml").write_text(text, encoding="utf-8")
    with pytest.raises(UnsupportedFile, match="list of weights"):
        weights.manifest()


def test_pickles_are_refused(folder):
    """Even with the right checksum, an array of objects is not loaded."""
    install(folder, a=np.array([{}], dtype=object))
    with pytest.raises(UnsupportedFile, match="cannot be read"):
        weights.load(7, "learned")


def test_written_arrays_come_back_and_bytes_do_not_depend_on_the_time(tmp_path, monkeypatch):
    arrays = {
        "kernel": np.arange(-(2**15), 2**15, 257, dtype=np.int16)[:-1].reshape(3, 5, 1, 17),
        "bias": np.array([1, -70000], np.int32),
        "step": np.array([0.25], np.float32),
        "number": np.array(3),
    }
    weights.write(tmp_path / "a.npz", arrays)
    monkeypatch.setattr(time, "time", lambda: 2e9)
    weights.write(tmp_path / "b.npz", arrays)
    data = (tmp_path / "a.npz").read_bytes()
    assert data == (tmp_path / "b.npz").read_bytes()
    again = weights.read(data)
    assert set(again) == set(arrays)
    for name, array in arrays.items():
        assert again[name].dtype == array.dtype
        assert np.array_equal(again[name], array)


def test_16_bit_integers_lie_in_two_planes_as_the_format_has_it(tmp_path):
    """docs/format/container.md, *Weights*: a reader that knows nothing of this package can put them together."""
    numbers = [0, 1, -1, 255, 256, -256, 32767, -32768, 1234, -4321]
    weights.write(
        tmp_path / "a.npz", {"net.x.weight": np.array(numbers, np.int16), "net.x.bias": np.ones(2, np.float16)}
    )
    with zipfile.ZipFile(tmp_path / "a.npz") as archive:
        assert set(archive.namelist()) == {"net.x.weight.planes.npy", "net.x.bias.npy"}
        with archive.open("net.x.weight.planes.npy") as entry:
            planes = np.lib.format.read_array(entry)
    assert (planes.dtype, planes.shape) == (np.uint8, (2, len(numbers)))
    whole = [int(low) + 256 * int(high) for low, high in planes.T]
    assert [number - 65536 * (number > 32767) for number in whole] == numbers


def damaged(data: bytes, rng: np.random.Generator) -> bytes:
    """A file with a few bytes changed, and sometimes cut."""
    out = bytearray(data)
    for place in rng.integers(len(out), size=rng.integers(1, 5)):
        out[place] = rng.integers(256)
    return bytes(out[: rng.integers(len(out))] if rng.random() < 0.2 else out)


def test_what_is_no_file_of_weights_is_one_error(tmp_path):
    """Weights to train on from are given by the user, and no checksum is known of them."""
    weights.write(tmp_path / "a.npz", {"kernel": np.arange(5000, dtype=np.int16), "bias": np.arange(9.0)})
    np.save(tmp_path / "a.npy", np.arange(3))
    np.savez(tmp_path / "planes.npz", **{f"kernel{weights.PLANES}": np.arange(3)})
    whole, rng, refused = (tmp_path / "a.npz").read_bytes(), np.random.default_rng(0), 0
    for data in (b"", (tmp_path / "a.npy").read_bytes(), (tmp_path / "planes.npz").read_bytes()):
        with pytest.raises(UnsupportedFile, match="cannot be read"):
            weights.read(data)
    for _ in range(1000):
        try:
            weights.read(damaged(whole, rng))
        except UnsupportedFile:
            refused += 1
    assert refused > 500
