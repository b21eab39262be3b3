"""Files of the user's own weights: refused before they are unpacked, whatever they claim."""

import io
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from nncodec.errors import UnsupportedFile
from nncodec.nets import own_file, weights


def archive(path: Path, entries: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in entries.items():
            file.writestr(name, data)
    return path


def npy(array: np.ndarray) -> bytes:
    data = io.BytesIO()
    np.save(data, array)
    return data.getvalue()


def header(shape: str, kind: str = "<f4") -> bytes:
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}}}".encode()
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text


def refused(path: Path, message: str) -> None:
    with pytest.raises(UnsupportedFile, match=message):
        own_file.read_file(path)


def test_hash_and_arrays_of_a_file_of_ours(tmp_path: Path) -> None:
    weights.write(
        tmp_path / "w", {"kernel": np.arange(6, dtype=np.int16).reshape(2, 3), "bias": np.ones(2, np.float16)}
    )
    digest, arrays = own_file.read_file(tmp_path / "w")
    assert digest == own_file.digest_of(tmp_path / "w")
    assert len(digest) == 16
    assert arrays["kernel"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert not arrays["bias"].flags.writeable


def test_pickles_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", a=np.array([{}], dtype=object))
    refused(tmp_path / "w.npz", "holds object, not numbers")


def test_an_archive_that_unpacks_to_gigabytes_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_file, "MOST_UNPACKED", 1000)
    refused(archive(tmp_path / "w", {"a.npy": npy(np.zeros(1000))}), "more than 1000 bytes")


def test_a_shape_of_more_than_the_entry_holds_is_refused(tmp_path: Path) -> None:
    refused(archive(tmp_path / "w", {"a.npy": header("(1000000, 1000000)")}), "not as long as it says")
    refused(archive(tmp_path / "x", {"a.npy": header("(3,)") + bytes(13)}), "not as long as it says")


def test_a_large_file_is_refused_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = archive(tmp_path / "w", {"a.npy": npy(np.zeros(3))})
    monkeypatch.setattr(own_file, "MOST_BYTES", 20)
    refused(path, "at most 20")
    assert own_file.digest_of(path) is None


def test_many_arrays_and_two_of_one_name_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = archive(tmp_path / "w", {name: npy(np.zeros(1)) for name in ("a.npy", "b.npy")})
    twice = path.read_bytes().replace(b"b.npy", b"a.npy")
    (tmp_path / "twice").write_bytes(twice)
    refused(tmp_path / "twice", "2 arrays")
    monkeypatch.setattr(own_file, "MOST_ARRAYS", 1)
    refused(path, "2 arrays")


@pytest.mark.parametrize("data", [b"", b"PK\3\4", b"no weights", npy(np.zeros(3))])
def test_other_files_are_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "w").write_bytes(data)
    refused(tmp_path / "w", "no file of weights")
    refused(tmp_path, "is not a file")


def test_damage_gives_one_kind_of_error(tmp_path: Path) -> None:
    path = tmp_path / "w"
    weights.write(path, {"kernel": np.arange(5000, dtype=np.int16), "bias": np.arange(9.0)})
    whole, rng, refusals = path.read_bytes(), np.random.default_rng(0), 0
    for number in range(300):
        data = bytearray(whole)
        for place in rng.integers(len(data), size=3):
            data[place] = rng.integers(256)
        path = tmp_path / str(number)
        path.write_bytes(data)
        try:
            own_file.read_file(path)
        except UnsupportedFile:
            refusals += 1
    assert refusals > 150
