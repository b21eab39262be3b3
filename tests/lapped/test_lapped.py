"""The lapped latent of the codec learned: transforms, colours, payload, damage, machines."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="torch, an extra of the package, is not installed")

from nncodec.codec import Frame, Options
from nncodec.codecs.learned import CODEC
from nncodec.codecs.learned.payload import LearnedPayload
from nncodec.errors import CorruptFile, EncodeError, NncError, UnsupportedFile
from nncodec.image import Picture
from nncodec.lapped import transform as lapped
from nncodec.lapped.bitstream import LatentPayload, check_colours
from nncodec.lapped.layout import CHANNELS, FREQUENCIES, PLANES, TAPS
from nncodec.lapped.model import from_planes, matrix_of, own_colours, to_planes
from nncodec.lapped.transform_torch import Transform, lapped_basis
from nncodec.pipeline import Settings, decode, encode
from tests import pictures
from tests.lapped import tiny_lapped

ROOT = Path(__file__).resolve().parents[2]
NUMBERS = range(1, 32)
PICTURE, FRAME = pictures.photograph(15, 20), Frame(20, 15, 3)


# --- transforms -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(8, 8), (8, 40), (16, 8), (24, 136), (152, 16)], ids=str)
def test_the_start_reconstructs_perfectly_to_the_borders(size):
    plane = np.random.default_rng(0).normal(0, 50, size).astype(np.float32)
    basis = lapped_basis().astype(np.float32)
    latent = lapped.analyse(plane, basis)
    assert np.abs(lapped.synthesise(latent, basis) - plane).max() < 1e-3
    assert np.square(latent).sum() == pytest.approx(np.square(plane).sum(), rel=1e-4)  # orthonormal


def test_the_start_compacts_more_than_a_block_transform():
    """Coding gain for a first-order process of correlation 0.95: 9.22 dB as published (Malvar 1992), DCT 8.83."""
    rows = np.stack([lapped_basis()[FREQUENCIES.index((u, 0))].sum(1) for u in range(8)])
    rows /= np.sqrt(np.square(rows).sum(1, keepdims=True))
    correlation = 0.95 ** np.abs(np.subtract.outer(np.arange(TAPS), np.arange(TAPS)))
    variances = np.einsum("un,nm,um->u", rows, correlation, rows)
    assert -10 * np.log10(variances).mean() == pytest.approx(9.22, abs=0.01)


@pytest.mark.parametrize("size", [(1, 1), (1, 2), (2, 3), (17, 20)], ids=str)
def test_numpy_synthesises_as_the_trainable_network_does(size):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = Transform()
        network.synthesis.data += 0.01 * torch.randn_like(network.synthesis)
        planes = 40 * torch.randn(1, PLANES, 8 * size[0], 8 * size[1])
    with torch.no_grad():
        latent = network.latent(planes)
        planes_again = network.planes(latent / 9)[0].numpy()
    for plane in range(PLANES):
        own = lapped.analyse(planes[0, plane].numpy(), network.analysis.detach()[64 * plane : 64 * plane + 64].numpy())
        expected = latent[0, 64 * plane : 64 * plane + 64].permute(1, 2, 0).numpy()
        assert np.abs(own - expected).max() < 1e-3
        filters = network.synthesis.detach()[64 * plane : 64 * plane + 64, 0].numpy()
        assert np.abs(lapped.synthesise(own / 9, filters) - planes_again[plane]).max() < 1e-3


@settings(max_examples=20)
@given(st.data())
def test_a_region_is_synthesised_as_in_the_whole(data):
    rows, columns = data.draw(st.integers(1, 20)), data.draw(st.integers(1, 20))
    values = np.random.default_rng(rows).integers(-99, 99, (rows, columns, CHANNELS)).astype(np.int16)
    top, left = data.draw(st.integers(0, rows - 1)), data.draw(st.integers(0, columns - 1))
    bottom, right = data.draw(st.integers(top + 1, rows)), data.draw(st.integers(left + 1, columns))
    filters = tiny_lapped.model(tiny_lapped.LEARNED).synthesis[1]
    part = lapped.synthesise(values, filters, 1 / 16, (slice(top, bottom), slice(left, right)))
    whole = lapped.synthesise(values, filters, 1 / 16)
    assert np.abs(part - whole[8 * top : 8 * bottom, 8 * left : 8 * right]).max() < 1e-3


@given(st.integers(1, 30), st.integers(0, 9))
def test_mirrors_are_those_of_numpy(size, count):
    expected = np.pad(np.arange(size), count, mode="symmetric")
    at, turned = lapped.mirrored(size, count)
    assert np.array_equal(at, expected)
    inside = np.arange(-count, size + count)
    assert np.array_equal(turned, (inside // size) % 2 == 1)


# --- colours --------------------------------------------------------------------------------------------------------


def test_colours_come_back():
    pixels = pictures.photograph(24, 32)
    for own in (None, own_colours(pixels)):
        planes = to_planes(pixels, matrix_of(own))
        assert np.array_equal(from_planes(list(planes), matrix_of(own)), pixels)
    gray = pixels[..., 0]
    assert np.array_equal(from_planes(list(to_planes(gray, matrix_of(None))), matrix_of(None)), gray)


def test_colours_of_a_picture_follow_its_contrasts():
    """Almost all of the steps from row to row is in the first plane, if they all have one colour."""
    shades = np.random.default_rng(0).uniform(0.2, 1, (24, 32, 1))
    planes = to_planes(
        (shades * [40, 90, 200]).astype(np.uint8), matrix_of(own_colours((shades * [40, 90, 200]).astype(np.uint8)))
    )
    energy = np.square(np.diff(planes, axis=1)).mean((1, 2))
    assert energy[0] > 500 * energy[1:].sum()


def test_what_overflows_saturates():
    planes = [np.full((8, 8), level, np.float32) for level in (9e3, -9e3, 4e2)]
    assert set(np.unique(from_planes(planes, matrix_of(None)))) <= set(range(256))
    assert from_planes([np.float32([[9e9, -9e9]])], matrix_of(None)).tolist() == [[255, 0]]


@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.integers(1, 5), st.integers(1, 256))
def test_colours_of_any_picture_can_be_written(seed, height, width, levels):
    pixels = np.random.default_rng(seed).integers(0, levels, (height, width, 3)).astype(np.uint8)
    payload = LatentPayload(1, 0, 0, (5, 5), own_colours(pixels), b"", b"")
    assert LatentPayload.parse(payload.serialize(), 2, "learned") == payload


# --- payload --------------------------------------------------------------------------------------------------------


MODELS = st.sampled_from(NUMBERS) | st.binary(min_size=16, max_size=16).map(lambda digest: b"\x70" + digest)
"""Numbers of weights that ship, and the hash of a user's own after 112."""
SIGNED = st.permutations([127, -126, 125]).map(lambda row: np.diag(row).astype(np.int8)[[2, 0, 1]].tobytes())
"""Matrices of colours that can be inverted."""


@given(
    MODELS,
    st.integers(0, 200),
    st.lists(st.integers(1, 15), min_size=2, max_size=2),
    st.none() | SIGNED,
    st.binary(max_size=200),
    st.binary(max_size=200).map(lambda data: data.rstrip(b"\0")),
)
def test_payloads_come_back(model, quality, groups, colours, escapes, words):
    payload = LatentPayload(model, quality, 0xABCD, tuple(groups), colours, escapes, words)
    assert LatentPayload.parse(payload.serialize(), 2, "learned") == payload


@given(MODELS, st.binary(max_size=40), st.sampled_from([1, 2]))
def test_a_payload_has_one_spelling(model, rest, parts):
    """Whatever parse accepts, serialize writes back byte for byte."""
    data = (bytes([model]) if isinstance(model, int) else model) + rest
    try:
        parsed = LatentPayload.parse(data, parts, "learned")
    except CorruptFile:
        return
    assert parsed.serialize() == data


def test_impossible_headers_are_refused():
    good = LatentPayload(1, 10, 1, (6, 7), None, b"", b"\1").serialize()
    assert LatentPayload.parse(good, 2, "learned").groups == (6, 7)
    for place, value in ((0, 0), (0, NUMBERS[-1] + 1), (1, 201), (4, 0), (4, 16), (6, 8), (6, 1), (7, 9)):
        with pytest.raises(CorruptFile):
            CODEC.decode(good[:place] + bytes([value]) + good[place + 1 :], Frame(8, 8, 3), "cpu")
    gray = LatentPayload(1, 10, 1, (5,), None, b"", b"\1").serialize()
    for flags in (1, 8):
        with pytest.raises(CorruptFile, match="flags"):
            CODEC.decode(gray[:5] + bytes([flags]) + gray[6:], Frame(8, 8, 1), "cpu")


@pytest.mark.parametrize(
    "rows", [[[0, 0, 0]] * 3, [[127, 0, 0]] * 3, [[-128] * 3] * 3, [[101, 0, 0], [0, 101, 0], [0, 0, 102]]], ids=str
)
def test_colours_that_cannot_be_told_apart_are_refused(rows):
    """The synthesis may take the inverse of the matrix; its determinant must be 2^20 at least."""
    with pytest.raises(CorruptFile, match="determinant"):
        check_colours(np.array(rows, np.int8).tobytes())
    check_colours(np.diag([101, 101, 103]).astype(np.int8).tobytes())


# --- the codec, on tiny weights --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """The codec has tiny weights."""
    with tiny_lapped.installed(tmp_path_factory.mktemp("weights")):
        yield


@pytest.fixture
def payload(tiny) -> bytes:
    return CODEC.encode(PICTURE, Options(30, effort=1))


@pytest.mark.parametrize("shape", [(1, 1), (1, 1, 3), (9, 40), (33, 3, 3), (24, 16, 3)], ids=str)
def test_any_shape(tiny, shape):
    pixels = pictures.photograph(*shape[:2], 3 if len(shape) == 3 else 1)
    frame = Frame(shape[1], shape[0], 3 if len(shape) == 3 else 1)
    seen = CODEC.decode(CODEC.encode(pixels, Options(95, effort=2)), frame, "cpu")
    assert seen.shape == shape
    assert seen.dtype == np.uint8
    assert seen.flags.c_contiguous


def test_alpha_comes_back(tiny):
    alpha = pictures.transparency(15, 20)
    settings = Settings(CODEC.name, Options(40, effort=1), restore="none")
    seen = decode(encode(Picture(PICTURE, alpha), settings).data).picture
    assert np.array_equal(seen.alpha, alpha)
    assert seen.pixels.shape == PICTURE.shape


def test_symbols_beyond_the_tables_are_escaped(tiny):
    """Noise, at the finest step, under contexts that expect much less."""
    pixels = pictures.noise(16, 24)
    payload = CODEC.encode(pixels, Options(100, effort=1))
    parsed = LearnedPayload.parse(payload, 2, CODEC.name)
    assert len(parsed.escapes) > 100
    seen = CODEC.decode(payload, Frame(24, 16, 3), "cpu")
    assert seen.shape == pixels.shape


def test_no_changed_byte_gives_a_picture(payload):
    """By the structure, the model, or the checksum of the symbols. Flags and colours are no symbols; the file's
    own checksum covers them.
    """
    for place in (*range(6), *range(7, len(payload), max(1, len(payload) // 20))):
        damaged = bytearray(payload)
        damaged[place] ^= 1 << place % 8
        with pytest.raises((CorruptFile, UnsupportedFile)):
            CODEC.decode(bytes(damaged), FRAME, "cpu")


@settings(max_examples=15)
@given(tail=st.binary(max_size=80), quality=st.integers(0, 200))
def test_only_our_errors(tiny, tail, quality):
    """Hostile payloads of a known model give one of our errors, or a picture of the frame's shape."""
    number = NUMBERS[0]
    for data in (tail, *(bytes([number, quality, 0, 0, 5, 6, flags]) + tail for flags in (0, 1))):
        try:
            seen = CODEC.decode(data, Frame(40, 10, 3), "cpu")
        except NncError:
            continue
        assert seen.shape == (10, 40, 3)


@pytest.mark.parametrize("cut", [0, 1, 4, 8, 9, 20, -1])
def test_cut_payloads(payload, cut):
    with pytest.raises(CorruptFile):
        CODEC.decode(payload[:cut], FRAME, "cpu")


@pytest.mark.parametrize("frame", [Frame(21, 15, 3), Frame(20, 14, 3), Frame(20, 15, 1), Frame(15, 20, 3)], ids=str)
def test_the_frame_is_part_of_the_checksum(payload, frame):
    with pytest.raises(CorruptFile):
        CODEC.decode(payload, frame, "cpu")


def test_a_huge_frame_is_refused_before_anything_is_allocated(payload):
    with pytest.raises(CorruptFile, match="too few"):
        CODEC.decode(payload, Frame(16_000_000, 16_000_000, 3), "cpu")


def test_an_unknown_model_needs_another_reader(payload):
    last = NUMBERS[-1]
    with pytest.raises(UnsupportedFile, match=f"model {last}"):
        CODEC.decode(bytes([last]) + payload[1:], FRAME, "cpu")


def test_deep_samples_are_refused():
    with pytest.raises(EncodeError, match="8 bits"):
        CODEC.encode(pictures.deep(8, 8), Options())
    with pytest.raises(CorruptFile, match="16 bits"):
        CODEC.decode(b"", Frame(4, 4, 1, 16), "cpu")


# --- the weights that ship: the same bits everywhere ----------------------------------------------------------------

SCRIPT = """
import json, sys, zlib
from threadpoolctl import threadpool_info
from nncodec.codec import Options
from nncodec.codecs.learned import CODEC, decoder, model
from nncodec.codecs.learned.latent_encoder import LatentEncoder
from nncodec.codecs.learned.payload import LearnedPayload
from nncodec.lapped.model import to_planes
from nncodec.lapped.transform import OPPONENT
from nncodec.nets import weights
from tests import pictures
pixels = pictures.photograph(48, 70)
coder = LatentEncoder.of(model.loaded(weights.newest("learned")), 80, pixels)
latent = [coder.latent(plane, at) for at, plane in enumerate(to_planes(coder.pixels, OPPONENT))]
adaptive = coder.payload(None, coder.code(latent, 1.1, adaptive=True)[0], adaptive=True)
written = [CODEC.encode(pixels, Options(40, effort=1)).hex(), adaptive.hex()]
pools = [[pool.get("architecture"), pool["num_threads"]] for pool in threadpool_info()]
print(json.dumps([written, pools]), flush=True)
for data in json.loads(sys.stdin.readline()):
    payload = LearnedPayload.parse(bytes.fromhex(data), 2, CODEC.name)
    values, _ = decoder.decode_latent(payload, model.loaded(payload.model), 70, 48, 3)
    print(zlib.crc32(values.tobytes()))
"""


def machines() -> list[dict[str, str]]:
    """Settings of OpenBLAS, as far as this processor can run its kernels."""
    cpu = Path("/proc/cpuinfo")
    flags = set(cpu.read_text().split()) if cpu.exists() else set()
    kinds = [("Prescott", "sse3"), ("Prescott", "pni"), ("Haswell", "avx2"), ("SkylakeX", "avx512f")]
    able = sorted({kind for kind, flag in kinds if flag in flags})
    return [{"OPENBLAS_NUM_THREADS": threads} for threads in "12"] + [{"OPENBLAS_CORETYPE": kind} for kind in able]


def test_every_machine_reads_what_every_other_wrote():
    """Two numbers of threads and every kernel of matrix products: each writes, all read, the values are the same."""
    processes = []
    for machine in machines():
        process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
            env={**os.environ, **machine},
        )  # fmt: skip
        processes.append(process)
    told = [json.loads(process.stdout.readline()) for process in processes]
    payloads = [each for written, _ in told for each in written]
    found = [process.communicate(json.dumps(payloads) + "\n")[0].split() for process in processes]
    assert len(found[0]) == len(payloads) == 2 * len(processes)
    assert all(each == found[0] for each in found)
    pools = [tuple(map(tuple, pools)) for _, pools in told]
    assert len(set(pools)) >= min(3, len(processes))  # or the settings did nothing


def test_decoding_imports_no_torch():
    path = next((ROOT / "tests" / "golden" / "learned").glob("*-rgb-20-*.nnc"))
    script = f"import sys; from nncodec import decode; decode({str(path)!r}); sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT)
