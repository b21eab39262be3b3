"""The learned codec's mechanics, on a tiny model: payloads, damage, machines, efforts."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nncodec import models
from nncodec.codecs import Frame, Options, learned
from nncodec.codecs.learned import CODEC
from nncodec.entropy.layout import MAX_QUALITY_INDEX
from nncodec.entropy.payload import Payload
from nncodec.errors import CorruptFile, EncodeError, NncError, UnsupportedFile
from nncodec.nets.painter import Painter
from nncodec.nets.search import trade_off
from tests import pictures, tiny_model

PICTURE = pictures.photograph(70, 100)
FRAME = Frame(100, 70, 3)


def forget() -> None:
    models.manifest.cache_clear()
    models.load.cache_clear()
    learned._painter.cache_clear()


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tiny_model.install(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="module", autouse=True)
def _tiny(folder):
    """Every test here runs on the tiny model."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(models, "folder", lambda: folder)
        forget()
        yield
    forget()


@pytest.fixture(scope="module")
def payload() -> bytes:
    return CODEC.encode(PICTURE, Options(60, effort=1))


@pytest.mark.parametrize("effort", [3, 6])
@pytest.mark.parametrize("shape", [(1, 1), (1, 1, 3), (64, 64, 3), (65, 3), (3, 130, 3)])
def test_any_shape(shape, effort):
    pixels = pictures.photograph(shape[0], shape[1], 3)[..., : shape[2] if len(shape) == 3 else 1].reshape(shape)
    frame = Frame(shape[1], shape[0], shape[2] if len(shape) == 3 else 1)
    seen = CODEC.decode(CODEC.encode(pixels, Options(50, effort=effort)), frame, "cpu")
    assert seen.shape == shape
    assert seen.dtype == np.uint8
    assert seen.flags.c_contiguous


def test_sixteen_bits_are_refused():
    with pytest.raises(EncodeError, match="8 bits"):
        CODEC.encode(np.zeros((4, 4), np.uint16), Options())
    with pytest.raises(CorruptFile, match="16 bits"):
        CODEC.decode(b"", Frame(4, 4, 1, 16), "cpu")


def test_payload_is_a_value(payload):
    parsed = Payload.parse(payload)
    assert (parsed.model, parsed.quality) == (1, 120)
    assert parsed.serialize() == payload


@given(st.binary(max_size=40))
def test_payload_has_one_spelling(data):
    """Whatever parse accepts, serialize writes back byte for byte."""
    try:
        parsed = Payload.parse(data)
    except CorruptFile:
        return
    assert parsed.serialize() == data


def test_every_byte_counts(payload):
    """Any changed byte is noticed: by the structure, the model, or the checksum of the symbols."""
    for place in range(0, len(payload), max(1, len(payload) // 40)):
        for flip in (1, 0x80):
            damaged = bytearray(payload)
            damaged[place] ^= flip
            try:
                CODEC.decode(bytes(damaged), FRAME, "cpu")
            except (CorruptFile, UnsupportedFile):
                continue
            pytest.fail(f"byte {place} may be changed by {flip}")


@given(st.binary(max_size=80), st.integers(0, MAX_QUALITY_INDEX))
def test_only_our_errors(tail, quality):
    """Hostile payloads of a known model give one of our errors, or a picture of the frame's shape."""
    for data in (tail, bytes([1, quality]) + tail):
        try:
            seen = CODEC.decode(data, Frame(70, 10, 3), "cpu")
        except NncError:
            continue
        assert seen.shape == (10, 70, 3)


@pytest.mark.parametrize("cut", [0, 1, 4, 5, 20, -1])
def test_cut_payloads(payload, cut):
    with pytest.raises(CorruptFile):
        CODEC.decode(payload[:cut], FRAME, "cpu")


def test_wrong_frame(payload):
    """A frame of another number of blocks meets other symbols."""
    with pytest.raises(CorruptFile):
        CODEC.decode(payload, Frame(100, 200, 3), "cpu")


def test_unknown_model(payload):
    with pytest.raises(UnsupportedFile, match="model 9"):
        CODEC.decode(b"\x09" + payload[1:], FRAME, "cpu")


def test_no_such_device(payload, monkeypatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UnsupportedFile, match="cuda"):
        CODEC.decode(payload, FRAME, "cuda")
    assert CODEC.decode(payload, FRAME, "auto").shape == PICTURE.shape


def test_gray_is_the_mean_of_the_colours():
    colour = np.array([[[0, 0, 1], [255, 255, 255], [1, 2, 5], [10, 11, 11]]], np.uint8)
    assert learned.grey(colour).tolist() == [[0, 255, 3, 11]]


def test_more_effort_never_trades_worse():
    """Bits plus lambda times squared error, measured on the decoded picture, with sides that need no padding."""
    pixels, costs = pictures.photograph(64, 64), []
    for effort in (1, 3, 5, 6, 7, 8):
        coded = CODEC.encode(pixels, Options(40, effort=effort))
        error = np.square(CODEC.decode(coded, Frame(64, 64, 3), "cpu").astype(float) - pixels).sum() / 3
        costs.append(8 * len(coded) + trade_off(80) * error)
    assert costs == sorted(costs, reverse=True)
    assert costs[3] < costs[2] < costs[0]


def test_refinement_is_the_same_every_time():
    pixels = pictures.photograph(70, 65)[..., 0]
    assert CODEC.encode(pixels, Options(50, effort=6)) == CODEC.encode(pixels, Options(50, effort=6))


def test_threads_are_given_back():
    import torch

    before = torch.get_num_threads()
    CODEC.encode(PICTURE, Options(10, effort=1, threads=before + 1))
    assert torch.get_num_threads() == before


SCRIPT = """
import json, sys
from pathlib import Path
import torch
torch.set_num_threads({threads})
from nncodec import models
models.folder = lambda: Path({folder!r})
from nncodec.codecs import Frame, Options
from nncodec.codecs.learned import CODEC
from tests import pictures
ours = CODEC.encode(pictures.photograph(70, 100), Options(60, effort=3))
theirs = CODEC.decode(bytes.fromhex({payload!r}), Frame(100, 70, 3), "cpu")
print(json.dumps([ours.hex(), torch.backends.cpu.get_cpu_capability(), theirs.tobytes().hex()]))
"""
MACHINES = [
    (1, {"ATEN_CPU_CAPABILITY": "default", "ONEDNN_MAX_CPU_ISA": "SSE41"}),
    (2, {"ATEN_CPU_CAPABILITY": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2"}),
    (1, {"ATEN_CPU_CAPABILITY": "avx512", "ONEDNN_MAX_CPU_ISA": "AVX512_CORE"}),
    (2, {"ATEN_CPU_CAPABILITY": "avx512", "ONEDNN_MAX_CPU_ISA": "AVX512_CORE_AMX"}),
]


@pytest.mark.parametrize(("threads", "settings"), MACHINES)
def test_other_machines(folder, payload, threads, settings):
    """Files cross over between instruction sets and thread counts, both ways; a symbol's checksum guards each."""
    script = SCRIPT.format(threads=threads, folder=str(folder), payload=payload.hex())
    root = Path(__file__).parent.parent
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        cwd=root,
        env={**os.environ, **settings},
    )
    theirs, capability, pixels = json.loads(done.stdout)
    if settings["ATEN_CPU_CAPABILITY"] == "default":
        assert capability == "DEFAULT"
    assert CODEC.decode(bytes.fromhex(theirs), FRAME, "cpu").shape == PICTURE.shape
    here = CODEC.decode(payload, FRAME, "cpu").astype(int)
    there = np.frombuffer(bytes.fromhex(pixels), np.uint8).reshape(PICTURE.shape)
    assert np.abs(here - there).max() <= 2


def test_precisions_read_the_same_symbols(payload, monkeypatch):
    """Float32 and bfloat16 painters decode one file to the same picture within two levels."""
    pictures_seen = []
    for low in (False, True):
        networks = Painter(models.load(models.newest("learned"), "learned"), "cpu", low)
        monkeypatch.setattr(learned, "painter", lambda number, device, networks=networks: networks)
        pictures_seen.append(CODEC.decode(payload, FRAME, "cpu").astype(int))
    assert np.abs(pictures_seen[0] - pictures_seen[1]).max() <= 2


@pytest.mark.gpu
def test_gpu_reads_the_same_symbols(payload):
    import torch

    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    there = CODEC.decode(payload, FRAME, "cuda").astype(int)
    assert np.abs(there - CODEC.decode(payload, FRAME, "cpu")).max() <= 2
    back = CODEC.encode(PICTURE, Options(60, effort=3, device="cuda"))
    assert CODEC.decode(back, FRAME, "cpu").shape == PICTURE.shape


def test_too_few_bytes_for_the_picture(payload):
    """Refused from the tables alone, before any work for ten gigapixels."""
    with pytest.raises(CorruptFile, match="too few"):
        CODEC.decode(payload, Frame(100_000, 100_000, 3), "cpu")


@pytest.mark.parametrize("frame", [Frame(101, 70, 3), Frame(100, 69, 3), Frame(100, 70, 1), Frame(70, 100, 3)])
def test_frame_is_part_of_the_checksum(payload, frame):
    with pytest.raises(CorruptFile):
        CODEC.decode(payload, frame, "cpu")
