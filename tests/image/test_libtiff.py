"""TIFF files that libtiff cannot decode: its messages are not for the user, and compressions may be missing."""

import struct
import subprocess
import sys
from pathlib import Path

import PIL.Image
import pytest

from nncodec.errors import CorruptFile, UnsupportedFile
from nncodec.image import read
from tests import pictures

STILL = PIL.Image.fromarray(pictures.photograph(40, 50))


def lzw() -> bytes:
    return pictures.file_of(STILL, "TIFF", compression="tiff_lzw")


def entry_at(data: bytes, tag: int) -> int:
    """Where the value of a tag lies in the directory."""
    (directory,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, directory)
    entries = [directory + 2 + 12 * i for i in range(count)]
    return next(at + 8 for at in entries if struct.unpack_from("<H", data, at) == (tag,))


@pytest.mark.parametrize("compression", [50000, 50001, 34925])
def test_a_compression_that_cannot_be_decoded_is_unsupported(
    compression: int, capfd: pytest.CaptureFixture[str]
) -> None:
    data = bytearray(lzw())
    struct.pack_into("<H", data, entry_at(data, 259), compression)
    with pytest.raises(UnsupportedFile, match="built without its compression"):
        read(bytes(data))
    assert capfd.readouterr().err == ""


def test_damage_is_told_without_lines_of_libtiff(capfd: pytest.CaptureFixture[str]) -> None:
    data = bytearray(lzw())
    (at,) = struct.unpack_from("<I", data, entry_at(data, 273))
    data[at : at + 200] = b"\xff" * 200
    with pytest.raises(CorruptFile):
        read(bytes(data))
    assert capfd.readouterr().err == ""


def test_whole_files_are_read() -> None:
    assert (read(lzw()).pixels == pictures.photograph(40, 50)).all()


def test_damage_is_told_without_lines_of_pillow(tmp_path: Path) -> None:
    data = bytearray(lzw())
    struct.pack_into("<H", data, entry_at(data, 277), 2048)  # samples per pixel
    (tmp_path / "a.tif").write_bytes(data)
    command = [sys.executable, "-m", "nncodec", "encode", str(tmp_path / "a.tif"), "-c", "jpeg"]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode in (3, 4)
    assert [line.partition(" ")[0] for line in ran.stderr.splitlines()] == ["nnc:"]
