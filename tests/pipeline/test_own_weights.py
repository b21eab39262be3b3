"""Weights of the user's own, from the file that training writes to pictures encoded with it and decoded again."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import nncodec
from nncodec.codecs import by_name
from nncodec.container import Container, Kind, Section, parse, serialize
from nncodec.errors import CorruptFile, EncodeError, UnsupportedFile
from nncodec.nets import own_file, weights
from nncodec.pipeline import inspect, located
from nncodec.pipeline.own_weights import FOLDERS, layout_of
from tests import pictures

SHIPPED = {name: weights.manifest()[weights.newest(name)] for name in weights.OWN}
USES = {
    "learned": {"codec": "learned", "effort": 1, "restore": "none"},
    "compact": {"codec": "compact:jpeg", "restore": "none"},
    "recurrent": {"codec": "recurrent", "quality": 0, "restore": "none"},
    "superres": {"codec": "superres:jpeg"},
    "generative": {"codec": "generative", "effort": 1},
    "luma": {"codec": "jpeg", "quality": 30, "restore": "luma"},
    "tuned": {"codec": "jpeg", "quality": 30, "restore": "tuned", "effort": 1},
}
"""Settings of an encode that uses the weights of a codec or restorer."""
NUMBERS = {"learned": 112, "tuned": 113, "luma": 114, "compact": 116, "recurrent": 117}
NUMBERS |= {"superres": 118, "generative": 119}


def shipped(name: str) -> Path:
    """The file of weights that ship for a codec or restorer, as a user might bring it."""
    return Path(str(weights.folder())) / SHIPPED[name].file


def able(name: str) -> bool:
    return name not in USES or by_name(str(USES[name]["codec"])).missing() is None


BY_NAME = pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[] if able(name) else pytest.mark.skip("needs what is not installed")) for name in USES],
)


def picture(name: str) -> np.ndarray:
    """Small for the codecs, large enough for a restorer to pay."""
    return SCENE if name in ("luma", "tuned") else pictures.photograph(16, 24)


SCENE = np.rint(128 + 90 * np.sin(np.add.outer(np.arange(256) / 9, np.arange(256) / 17))).astype(np.uint8)


def field_of(data: bytes, name: str) -> bytes:
    """What begins with the field *model*: the payload, or the parameters of the restorer."""
    container = parse(data)
    if name in ("luma", "tuned"):
        return container.all(Kind.RESTORER)[0][5:]
    return container.payload


@BY_NAME
def test_a_picture_comes_back_with_the_weights_it_was_encoded_with(name: str, tmp_path: Path) -> None:
    """The weights that ship, as the user's own: the file differs by the field that names them alone."""
    pixels, file = picture(name), tmp_path / "mine"
    file.write_bytes(shipped(name).read_bytes())
    usual, own = nncodec.encode(pixels, **USES[name]), nncodec.encode(pixels, **USES[name], weights=file)
    digest = bytes.fromhex(SHIPPED[name].sha256)[:16]
    assert field_of(own, name) == bytes([NUMBERS[name]]) + digest + field_of(usual, name)[1:]
    assert field_of(usual, name)[0] == SHIPPED[name].number
    seen = nncodec.decode(own, weights=[file]).pixels
    assert np.array_equal(seen, nncodec.decode(usual).pixels)
    with pytest.raises(UnsupportedFile, match=f"own weights of {name} .* begins with {digest.hex()}") as refused:
        nncodec.decode(own)
    assert "--weights" in (refused.value.hint or "")
    assert "NNC_WEIGHTS" in (refused.value.hint or "")


@pytest.fixture(scope="module")
def coded() -> bytes:
    """A picture that needs own weights of compact."""
    return nncodec.encode(picture("compact"), **USES["compact"], weights=shipped("compact"))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, the second that NNC_WEIGHTS names; the first does not exist."""
    path = tmp_path / "weights"
    path.mkdir()
    monkeypatch.setenv(FOLDERS, os.pathsep.join([str(tmp_path / "gone"), str(path)]))
    return path


def test_a_folder_is_searched_by_hash_and_not_by_name(coded: bytes, folder: Path) -> None:
    (folder / "compact.npz").write_bytes(shipped("luma").read_bytes())
    (folder / "a folder").mkdir()
    (folder / "broken link").symlink_to("nothing")
    with pytest.raises(UnsupportedFile, match="own weights of compact"):
        nncodec.decode(coded)
    (folder / "holiday.jpg").write_bytes(shipped("compact").read_bytes())
    assert nncodec.decode(coded).pixels.shape == (16, 24, 3)
    assert located(inspect(coded).own_weights[0]) == folder / "holiday.jpg"


def test_a_file_that_changed_is_another_one(coded: bytes, folder: Path) -> None:
    """Hashes are kept in memory as long as size and time of a file stay the same."""
    file = folder / "w.npz"
    file.write_bytes(shipped("compact").read_bytes())
    nncodec.decode(coded)
    file.write_bytes(shipped("compact").read_bytes() + b"\0")
    with pytest.raises(UnsupportedFile, match="own weights of compact"):
        nncodec.decode(coded)


def test_hashes_and_files_in_memory_are_bounded() -> None:
    for cached in (own_file._digest, own_file._read):
        assert cached.cache_info().maxsize is not None


def test_a_restorer_without_its_weights_can_be_left_out() -> None:
    data = nncodec.encode(SCENE, **USES["luma"], weights=shipped("luma"))
    assert nncodec.decode(data, restore=False).pixels.shape == SCENE.shape


def test_weights_for_codec_and_restorer_at_once() -> None:
    both = [shipped("luma"), shipped("tuned")]
    data = nncodec.encode(SCENE, codec="jpeg", quality=30, restore="luma", weights=both[0])
    assert [own.codec for own in inspect(data).own_weights] == ["luma"]
    nncodec.encode(SCENE, codec="jpeg", quality=30, restore="luma+tuned", effort=1, weights=both)
    with pytest.raises(EncodeError, match="tuned, which is not used"):
        nncodec.encode(SCENE, codec="jpeg", restore="luma", weights=both)


def test_a_source_that_needs_own_weights_is_read_with_them(coded: bytes, folder: Path) -> None:
    with pytest.raises(UnsupportedFile, match="own weights"):
        nncodec.encode(coded, codec="jpeg")
    (folder / "x").write_bytes(shipped("compact").read_bytes())
    assert nncodec.encode(coded, codec="jpeg")


def test_a_hash_that_is_cut_short_is_damage(coded: bytes) -> None:
    payload = parse(coded).payload
    with pytest.raises(CorruptFile, match="too few for the hash"):
        weights.split_model(payload[:16], "compact")
    assert weights.split_model(payload[:17], "compact") == (payload[:17], b"")


def test_the_hash_of_weights_of_another_codec_is_refused(coded: bytes, tmp_path: Path) -> None:
    """A file that names, under the number of one codec, weights of another: they would not fit."""
    payload, other = parse(coded).payload, shipped("luma")
    forged = payload[:1] + bytes.fromhex(SHIPPED["luma"].sha256)[:16] + payload[17:]
    container = Container(parse(coded).header, (Section(Kind.PAYLOAD, forged),))
    data = serialize(container)
    with pytest.raises(UnsupportedFile, match="weights of luma, where compact is needed"):
        nncodec.decode(data, weights=other)


def altered(name: str, change: Callable[[weights.Arrays], object], path: Path) -> Path:
    """The weights that ship, with a change."""
    arrays = dict(weights.load(SHIPPED[name].number, name))
    change(arrays)
    weights.write(path, arrays)
    return path


CHANGES: dict[str, Callable[[weights.Arrays], object]] = {
    "there is no array": lambda arrays: arrays.pop(max(arrays)),
    "there should be no array": lambda arrays: arrays.update(more=np.zeros(1)),
    "is int32": lambda arrays: arrays.update({min(arrays): arrays[min(arrays)].astype(np.int32)}),
    r" is \w+ \(.*\), not \w+ \(": lambda arrays: arrays.update({min(arrays): np.zeros(1, arrays[min(arrays)].dtype)}),
}


@pytest.mark.parametrize("name", USES)
@pytest.mark.parametrize("message", CHANGES)
def test_arrays_that_do_not_fit_are_refused(name: str, message: str) -> None:
    arrays = dict(weights.load(SHIPPED[name].number, name))
    layout_of(name).check(arrays)
    CHANGES[message](arrays)
    with pytest.raises(UnsupportedFile, match=message):
        layout_of(name).check(arrays)


def infinite(arrays: weights.Arrays) -> None:
    arrays["net.place"] = np.full_like(arrays["net.place"], np.inf)


def uneven(arrays: weights.Arrays) -> None:
    arrays["tables.frequencies"] = arrays["tables.frequencies"] + np.uint32(1)


def backwards(arrays: weights.Arrays) -> None:
    arrays["slots"] = -arrays["slots"]


def uneven_pair(arrays: weights.Arrays) -> None:
    """A painting network without the last block of the exact one."""
    last = max(name.split(".")[2] for name in arrays if name.startswith("painted.blocks."))
    for name in [name for name in arrays if name.startswith(f"painted.blocks.{last}.")]:
        del arrays[name]


def unknown_latent(arrays: weights.Arrays) -> None:
    arrays["latents"] = arrays["latents"] + np.uint8(1)


def empty_range(arrays: weights.Arrays) -> None:
    arrays["qualities"] = arrays["qualities"][:, ::-1].copy()


def unknown(arrays: weights.Arrays) -> None:
    arrays["codecs"] = arrays["codecs"] + np.uint8(1)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("luma", infinite, "not all numbers of the array net.place are finite"),
        ("learned", uneven, "the tables of distributions are damaged"),
        ("recurrent", backwards, "the bitplanes are impossible"),
        ("compact", unknown, "codecs"),
        ("superres", unknown, "codecs"),
        ("superres", empty_range, "an empty range of qualities"),
        ("superres", uneven_pair, "do not fit together|there is no array"),
        ("generative", unknown_latent, "latents"),
    ],
)
def test_impossible_values_are_refused(name: str, change: Callable[[weights.Arrays], None], message: str) -> None:
    arrays = dict(weights.load(SHIPPED[name].number, name))
    change(arrays)
    with pytest.raises(UnsupportedFile, match=message):
        layout_of(name).check(arrays)


def test_a_file_that_does_not_fit_is_named(tmp_path: Path) -> None:
    file = altered("tuned", lambda arrays: arrays.pop("starts"), tmp_path / "w.npz")
    with pytest.raises(UnsupportedFile, match="w.npz holds no weights of a codec or restorer"):
        nncodec.encode(SCENE, codec="jpeg", weights=file)
    file = altered("tuned", lambda arrays: arrays.update(more=np.zeros(1)), tmp_path / "w.npz")
    with pytest.raises(UnsupportedFile, match="w.npz holds no weights of tuned that can be used: .* no array more"):
        nncodec.encode(SCENE, codec="jpeg", weights=file)


def test_what_holds_no_weights_of_ours_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "mine.npz", kernel=np.zeros(3))
    for file in (tmp_path / "mine.npz", Path(__file__)):
        with pytest.raises(UnsupportedFile, match="no (file of )?weights"):
            nncodec.encode(SCENE, codec="compact", weights=file)
    with pytest.raises(FileNotFoundError):
        nncodec.encode(SCENE, codec="compact", weights=tmp_path / "gone.npz")


def test_one_file_for_each_codec(tmp_path: Path) -> None:
    other = altered("compact", lambda arrays: arrays.update(qualities=arrays["qualities"] + 1), tmp_path / "w.npz")
    with pytest.raises(EncodeError, match="second file of weights for compact"):
        nncodec.encode(SCENE, codec="compact", weights=[shipped("compact"), other])
