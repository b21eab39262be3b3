"""The weights that ship: whole, exact on other machines, and files written with them decode for ever."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from nncodec import models
from nncodec.codecs import Frame, Options
from nncodec.codecs.learned import CODEC
from nncodec.metrics import psnr
from nncodec.pipeline import decode
from tests import pictures
from tests.golden_weights import check_decodes, check_every_model_has_some

ROOT = Path(__file__).resolve().parent.parent
GOLDEN = sorted((ROOT / "tests" / "golden_learned").glob("*.nnc"))
TOLERANCE = 2
"""Largest difference of a sample between decoders, in levels; docs/format.md promises it."""


def test_every_row_names_a_whole_file():
    rows = models.manifest()
    assert rows
    for number, model in rows.items():
        assert 1 <= number == model.number <= 127
        assert models.load(number, model.codec)
        assert len(model.trained) > 20


def test_there_are_golden_files():
    check_every_model_has_some(GOLDEN, "learned")


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_golden_files_decode(path):
    check_decodes(path, TOLERANCE)


def test_size_and_fidelity_grow_with_quality():
    pixels = pictures.photograph(128, 192)
    sizes, fidelities = [], []
    for quality in (0, 20, 40, 60, 80, 100):
        payload = CODEC.encode(pixels, Options(quality, effort=3))
        sizes.append(len(payload))
        fidelities.append(psnr(pixels, CODEC.decode(payload, Frame(192, 128, 3), "cpu")))
    assert sizes == sorted(sizes)
    assert fidelities == sorted(fidelities)
    assert fidelities[-1] - fidelities[0] > 5


@pytest.mark.parametrize("level", [0, 255])
@pytest.mark.parametrize("quality", [50, 100])
def test_black_and_white_come_out_exactly(level, quality):
    pixels = np.full((70, 100, 3), level, np.uint8)
    seen = CODEC.decode(CODEC.encode(pixels, Options(quality, effort=1)), Frame(100, 70, 3), "cpu")
    assert np.array_equal(seen, pixels)


@pytest.mark.gpu
@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_gpu_paints_golden_files(path):
    """The weights that ship give a GPU the same symbols, or the checksum would not match, and the same picture."""
    import torch

    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    seen = decode(path.read_bytes(), device="cuda").pixels
    with PIL.Image.open(path.with_suffix(".png")) as picture:
        assert np.abs(seen.astype(int) - np.asarray(picture)).max() <= TOLERANCE


@pytest.mark.gpu
def test_files_cross_over_between_cpu_and_gpu():
    import torch

    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    pixels, frame = pictures.photograph(200, 330), Frame(330, 200, 3)
    for quality in (0, 55, 100):
        for writer, reader in (("cpu", "cuda"), ("cuda", "cpu")):
            payload = CODEC.encode(pixels, Options(quality, effort=3, device=writer))
            there, here = CODEC.decode(payload, frame, reader), CODEC.decode(payload, frame, writer)
            assert np.abs(there.astype(int) - here).max() <= TOLERANCE


SCRIPT = """
import json
from nncodec.codecs import Frame, Options
from nncodec.codecs.learned import CODEC
from tests import pictures
payload = CODEC.encode(pictures.photograph(100, 130), Options(40, effort=1))
CODEC.decode(bytes.fromhex({payload!r}), Frame(130, 100, 3), "cpu")
print(json.dumps(payload.hex()))
"""


@pytest.mark.parametrize("isa", [("default", "SSE41"), ("avx2", "AVX2")], ids=lambda isa: isa[0])
def test_files_cross_over_between_machines(isa):
    """Written here and read there, and the other way round; a wrong symbol would be a CorruptFile."""
    payload = CODEC.encode(pictures.photograph(100, 130), Options(40, effort=1))
    environment = {"ATEN_CPU_CAPABILITY": isa[0], "ONEDNN_MAX_CPU_ISA": isa[1], "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT.format(payload=payload.hex())],
        capture_output=True, text=True, check=True, cwd=ROOT, env={**os.environ, **environment},
    )  # fmt: skip
    theirs = bytes.fromhex(json.loads(done.stdout))
    assert CODEC.decode(theirs, Frame(130, 100, 3), "cpu").shape == (100, 130, 3)
