"""The memory that decoding takes: stated by each codec, measured here, and limited before a codec is asked."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

import nncodec
from nncodec import pipeline
from nncodec.codec import Codec, HasSlopes, Options
from nncodec.codecs import by_name
from nncodec.container import parse
from nncodec.errors import LimitExceeded
from nncodec.image import Picture
from nncodec.pipeline.limits import decoding_memory
from tests import pictures
from tests.codecs import battery
from tests.conftest import Ran

ROOT = Path(__file__).resolve().parents[2]
SIDE = 960
SLACK = 4 << 20
"""Bytes that a process may grow by for other reasons."""


def encoded(codec: Codec, pixels: np.ndarray, quality: float) -> bytes:
    return pipeline.encode(Picture(pixels), pipeline.Settings(codec.name, Options(quality, 1), restore="none")).data


def measured(small: Path, large: Path, scale: int = 1) -> int:
    """Bytes that a process takes at most for decoding the second file, enlarged by a factor."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tests.decoding_memory", str(small), str(large), str(scale)]
    return int(subprocess.run(command, env=environment, cwd=ROOT, check=True, capture_output=True).stdout)


linux = pytest.mark.skipif(not os.access("/proc/self/clear_refs", os.W_OK), reason="no way to measure memory")


@linux
@pytest.mark.parametrize("codec", battery.that_encode(), ids=lambda codec: codec.name)
@pytest.mark.parametrize("content", ["flat", "noise"])
def test_decoding_takes_no_more_memory_than_stated(codec: Codec, content: str, tmp_path: Path) -> None:
    if codec.missing():
        pytest.skip(str(codec.missing()))
    whole = pictures.flat(SIDE, SIDE) if content == "flat" else np.tile(pictures.noise(96, 96), (10, 10, 1))
    paths = tmp_path / "small.nnc", tmp_path / "large.nnc"
    for path, side in zip(paths, (64, SIDE), strict=True):
        path.write_bytes(encoded(codec, whole[:side, :side], 30.0))
    took = measured(*paths)
    assert took > SIDE * SIDE * 3  # the pixels themselves
    assert took <= decoding_memory(parse(paths[1].read_bytes()), codec)
    if isinstance(codec, HasSlopes):  # a base codec: no tiles of networks
        assert took <= SIDE * SIDE * codec.decoding_memory + SLACK


@linux
def test_enlarging_takes_no_more_memory_than_stated(tmp_path: Path) -> None:
    whole, codec = np.tile(pictures.noise(96, 96), (10, 10, 1)), by_name("jpeg")
    paths = tmp_path / "small.nnc", tmp_path / "large.nnc"
    for path, side in zip(paths, (64, 960), strict=True):
        path.write_bytes(encoded(codec, whole[:side, :side], 30.0))
    took = measured(*paths, 2)
    assert 4 * 960 * 960 * 3 < took <= decoding_memory(parse(paths[1].read_bytes()), codec, 2)


@linux
@pytest.mark.parametrize(("mode", "plain"), [("L", True), ("RGB", True), ("CMYK", True), ("L", False), ("RGB", False)])
def test_a_kept_jpeg_takes_no_more_memory_than_stated(mode: str, plain: bool, tmp_path: Path) -> None:
    name = "jpegfile" if plain else "lepton"
    if by_name(name).missing():
        pytest.skip(str(by_name(name).missing()))
    samples = np.tile(pictures.noise(96, 96, 4), (10, 10, 1))
    paths = tmp_path / "small.nnc", tmp_path / "large.nnc"
    for path, side in zip(paths, (64, SIDE), strict=True):
        still = PIL.Image.fromarray(samples[:side, :side], mode="CMYK").convert(mode)
        jpeg = pictures.file_of(still, "JPEG", progressive=True, subsampling="4:4:4")
        path.write_bytes(nncodec.encode(jpeg, keep_jpeg=True, plain_jpeg=plain))
    assert measured(*paths) <= SIDE * SIDE * by_name(name).decoding_memory + SLACK
    assert nncodec.inspect(paths[1]).codec == name


def test_a_file_over_the_limit_is_refused_before_its_codec_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def decode(*arguments: object) -> None:
        raise AssertionError("the codec was asked")

    codec = by_name("webp")
    data = encoded(codec, pictures.flat(1000, 800), 100)
    need = decoding_memory(parse(data), codec)
    assert nncodec.decode(data, max_memory=need).pixels.shape == (1000, 800, 3)
    monkeypatch.setattr(type(codec), "decode", decode)
    with pytest.raises(LimitExceeded, match="800 x 1000 pixels by webp may take"):
        nncodec.decode(data, max_memory=need - 1)


def test_alpha_and_restorers_count() -> None:
    plain, rgba = (nncodec.encode(pictures.picture(mode), "webp", restore="none") for mode in ("RGB", "RGBA"))
    restored = nncodec.encode(pictures.picture("RGB"), "webp", 0, restore="tuned")
    codec = by_name("webp")
    needs = [decoding_memory(parse(data), codec) for data in (plain, rgba)]
    assert needs[0] < needs[1]
    if pipeline.inspect(restored).restorers:
        assert decoding_memory(parse(restored), codec) > needs[0]


def test_the_commands_have_the_limit(nnc: Callable[..., Ran], photo: Path) -> None:
    assert nnc("encode", photo, "-c", "webp", "--restore", "none").code == 0
    for arguments in (("decode", "photo.nnc", "-f"), ("test", "photo.nnc"), ("compare", photo, "photo.nnc")):
        ran = nnc(*arguments, "--max-memory", "50M")
        assert ran.code == 5
        assert "--max-memory raises the limit" in ran.err
        assert nnc(*arguments, "--max-memory", "200M").code == 0
