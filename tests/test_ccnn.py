"""The ccnn codec: order of passes, transforms, exact contexts, differences of filters, payload, weights that ship."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nncodec.codecs import Frame, Options
from nncodec.codecs.ccnn import CODEC
from nncodec.container import parse
from nncodec.entropy import context, differences
from nncodec.entropy.band_walk import Payload, Reader, Writer
from nncodec.entropy.bands import CHANNELS, FREQUENCIES, GROUPS, N_GROUPS, PLANES, TAPS, passes, step_size
from nncodec.entropy.context import HIDDEN, MEAN_FLOOR, Known, Weights, shapes
from nncodec.entropy.layout import N_ANCHORS
from nncodec.entropy.tables import logistic_tables
from nncodec.errors import CorruptFile, EncodeError, UnsupportedFile
from nncodec.metrics import psnr
from nncodec.nets import lapped
from nncodec.nets.ccnn import Transform, lapped_basis
from nncodec.nets.ccnn_decoder import decode
from nncodec.nets.ccnn_model import Model, from_planes, matrix_of, row_steps, to_planes
from nncodec.nets.ccnn_search import PRICE, Search, own_colours
from nncodec.training.data import Pictures
from nncodec.training.recipes.ccnn_contexts import Network, fit, samples
from tests import pictures
from tests.golden_weights import check_decodes, check_every_model_has_some

ROOT = Path(__file__).resolve().parent.parent
GOLDEN = sorted((ROOT / "tests" / "golden_ccnn").glob("*.nnc"))
TOLERANCE = 1
"""Largest difference of a sample between decoders, in levels; docs/format.md promises it."""
SIZES = np.rint(8 * np.log2(1 + np.arange(4096) / 8)).astype(np.uint8)


def tiny(seed: int = 0) -> Model:
    """A model with the untrained transform, no painting by hidden channels, and random contexts."""
    rng = np.random.default_rng(seed)
    names = {name: [] for name in shapes(0, 0)}
    spread = {"enter": 300, "pass": 9, "quality": 9, "leave": 100, "index": 9, "mean": 0}
    for plane in range(PLANES):
        for group in range(N_GROUPS):
            for name, shape in shapes(plane, group).items():
                values = rng.normal(0, spread[name], shape) + (5 << 20 if name == "index" else 0)
                if name == "mean" and group == 0:
                    values += 1024  # a quarter
                names[name].append(np.rint(values).astype(np.int32).reshape(-1))
    basis = np.repeat(lapped_basis()[None], PLANES, 0).astype(np.float16)
    arrays = {
        "analysis": basis,
        "synthesis": basis,
        "paint": np.zeros((PLANES, lapped.HIDDEN, TAPS, TAPS), np.float16),
        "hidden": rng.normal(0, 0.1, (PLANES, lapped.HIDDEN, CHANNELS - 1, 3, 3)).astype(np.float16),
        "bias": np.zeros((PLANES, lapped.HIDDEN), np.float16),
        "context.sizes": SIZES,
    }
    arrays |= {f"context.{name}": np.concatenate(parts) for name, parts in names.items()}
    return Model(64, arrays | logistic_tables().pack())


def coded(pixels: np.ndarray, quality: int = 120, effort: int = 1) -> bytes:
    """A payload with the tiny model; sides must be multiples of 8."""
    return Search(tiny(), quality, pixels, 0).best(effort)


def seen(payload: bytes, pixels: np.ndarray) -> np.ndarray:
    """What the tiny model decodes; the stamp is that of `coded`."""
    from nncodec.nets import ccnn_decoder

    before = ccnn_decoder.stamp
    ccnn_decoder.stamp = lambda *_: 0
    try:
        channels = 1 if pixels.ndim == 2 else 3
        return decode(Payload.parse(payload, channels), tiny(), pixels.shape[1], pixels.shape[0], channels)
    finally:
        ccnn_decoder.stamp = before


# --- the order in which the latent is coded -------------------------------------------------------------------------


@settings(max_examples=60)
@given(st.integers(1, 40), st.integers(1, 40), st.sampled_from([2, 16]))
def test_every_place_is_coded_once_and_leans_on_earlier_ones(height, width, spacing):
    done = set()
    for each in passes(height, width, spacing):
        assert (each.leans is None) == (each.row == 0)
        if each.leans is not None:
            assert each.leans.shape == (len(each.places), 4)
            assert set(each.leans.ravel().tolist()) <= done
        assert not done & set(each.places.tolist())
        done |= set(each.places.tolist())
    assert done == set(range(height * width))


def test_groups_hold_every_channel_once_by_rising_frequency():
    assert [channel for group in GROUPS for channel in range(group.start, group.stop)] == list(range(CHANNELS))
    assert len(GROUPS) == 15
    for number, group in enumerate(GROUPS):
        assert {u + v for u, v in FREQUENCIES[group]} == {number}


# --- transforms -----------------------------------------------------------------------------------------------------


def bare(filters: np.ndarray) -> lapped.Decoder:
    """A decoder without hidden channels' painting."""
    none = np.zeros((lapped.HIDDEN, TAPS, TAPS), np.float32)
    hidden = np.ones((lapped.HIDDEN, CHANNELS - 1, 3, 3), np.float32)
    return lapped.Decoder(np.concatenate([filters, none]).astype(np.float32), hidden, none[:, 0, 0])


@pytest.mark.parametrize("size", [(8, 8), (8, 40), (16, 8), (24, 136), (152, 16)], ids=str)
def test_the_start_reconstructs_perfectly_to_the_borders(size):
    plane = np.random.default_rng(0).normal(0, 50, size).astype(np.float32)
    basis = lapped_basis().astype(np.float32)
    latent = lapped.analyse(plane, basis)
    assert np.abs(lapped.paint(latent, bare(basis)) - plane).max() < 1e-3
    assert np.square(latent).sum() == pytest.approx(np.square(plane).sum(), rel=1e-4)  # orthonormal


def test_the_start_compacts_more_than_a_block_transform():
    """Coding gain for a first-order process of correlation 0.95: 9.22 dB as published (Malvar 1992), DCT 8.83."""
    rows = np.stack([lapped_basis()[FREQUENCIES.index((u, 0))].sum(1) for u in range(8)])
    rows /= np.sqrt(np.square(rows).sum(1, keepdims=True))
    correlation = 0.95 ** np.abs(np.subtract.outer(np.arange(TAPS), np.arange(TAPS)))
    variances = np.einsum("un,nm,um->u", rows, correlation, rows)
    assert -10 * np.log10(variances).mean() == pytest.approx(9.22, abs=0.01)


@pytest.mark.parametrize("size", [(2, 3), (17, 20)], ids=str)
def test_numpy_paints_what_the_trainable_network_paints(size):
    import torch

    torch.set_num_threads(1)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = Transform()
        planes = 40 * torch.randn(1, PLANES, 8 * size[0], 8 * size[1])
    with torch.no_grad():
        network.paint *= 50
        latent = network.latent(planes)
        painted = network.planes(latent / 9)[0].numpy()
        filters = network.filters().numpy()
    for plane in range(PLANES):
        own = lapped.analyse(planes[0, plane].numpy(), network.analysis.detach()[64 * plane : 64 * plane + 64].numpy())
        expected = latent[0, 64 * plane : 64 * plane + 64].permute(1, 2, 0).numpy()
        assert np.abs(own - expected).max() < 1e-3
        hidden = network.hidden.detach().view(PLANES, lapped.HIDDEN, CHANNELS - 1, 3, 3)[plane].numpy()
        bias = network.hidden_bias.detach().view(PLANES, lapped.HIDDEN)[plane].numpy()
        assert np.abs(lapped.paint(own / 9, lapped.Decoder(filters[plane], hidden, bias)) - painted[plane]).max() < 1e-3


@given(st.integers(1, 30), st.integers(0, 9))
def test_mirrors_are_those_of_numpy(size, count):
    expected = np.pad(np.arange(size), count, mode="symmetric")
    at, turned = lapped.mirrored(size, count)
    assert np.array_equal(at, expected)
    inside = np.arange(-count, size + count)
    assert np.array_equal(turned, (inside // size) % 2 == 1)


def test_colours_come_back():
    pixels = pictures.photograph(24, 32)
    for own in (None, own_colours(pixels)):
        planes = to_planes(pixels, matrix_of(own))
        assert np.array_equal(from_planes(list(planes), matrix_of(own)), pixels)
    gray = pixels[..., 0]
    assert np.array_equal(from_planes(list(to_planes(gray, matrix_of(None))), matrix_of(None)), gray)


def test_what_overflows_saturates():
    planes = [np.full((8, 8), level, np.float32) for level in (9e3, -9e3, 4e2)]
    assert set(np.unique(from_planes(planes, matrix_of(None)))) <= set(range(256))
    assert from_planes([np.float32([[9e9, -9e9]])], matrix_of(None)).tolist() == [[255, 0]]


# --- exact contexts -------------------------------------------------------------------------------------------------


def rounded_shift(value: int, shift: int) -> int:
    """Halves up, in Python's integers."""
    return (value + (1 << shift - 1)) >> shift


@pytest.mark.parametrize(("plane", "group"), [(0, 0), (0, 3), (1, 1), (2, 4), (2, 14)])
def test_contexts_in_python_integers(plane, group):
    """An independent evaluation of docs/format.md with numbers of any length, at extreme values."""
    rng = np.random.default_rng(group)
    known = Known(6, 5, PLANES, SIZES)
    for p in range(PLANES):
        for g in range(N_GROUPS):
            width = GROUPS[g].stop - GROUPS[g].start
            symbols = (rng.normal(0, 1, (30, width)) * 10 ** rng.uniform(-1, 4, (30, 1))).astype(np.int32)
            known.put(p, g, np.arange(30), symbols, np.zeros_like(symbols))
            known.finish(p, g)
    drawn = {name: rng.integers(-32768, 32768, shape) for name, shape in shapes(plane, group).items()}
    weights = Weights(
        *(drawn[name].astype(np.float64) for name in ("enter", "pass", "leave")), np.zeros(0), np.zeros(0)
    )
    index = rng.integers(-(2**24), 2**24, drawn["index"].shape[1]).astype(np.float64)
    weights = Weights(weights.enter, weights.bias, weights.leave, index, drawn["mean"].astype(np.float64))
    for each in known.passes(group):
        means, indices = context.step(known, weights, plane, group, each)
        at = len(each.places) // 2
        place, leans = each.places[at : at + 1], None if each.leans is None else each.leans[at : at + 1]
        if group < context.N_MEANS:
            signed = [int(x) for x in known.signed(plane, group, place, leans)[0]]
            for channel, mean in enumerate(means[at].tolist()):
                total = sum(x * int(w) for x, w in zip(signed, drawn["mean"][each.row][:, channel], strict=True))
                assert mean == max(-32767, min(32767, rounded_shift(total, 12)))
        sizes = [int(x) for x in known.magnitudes(plane, group, place, leans, means[at : at + 1])[0]]
        hidden = []
        for column in range(HIDDEN):
            total = int(drawn["pass"][each.row][column])
            total += sum(x * int(w) for x, w in zip(sizes, drawn["enter"][:, column], strict=True))
            hidden.append(rounded_shift(total, 11) if total >= 0 else rounded_shift(total, 14))
        for channel, found in enumerate(indices[at].tolist()):
            total = int(index[channel]) + sum(
                h * int(w) for h, w in zip(hidden, drawn["leave"][:, channel], strict=True)
            )
            assert found == max(0 if group else MEAN_FLOOR, min(63, rounded_shift(total, 18)))


def test_weights_of_another_shape_are_refused():
    arrays = dict(tiny().arrays)
    arrays["context.leave"] = arrays["context.leave"][:-1]
    with pytest.raises(UnsupportedFile, match=r"context\.leave"):
        context.unpack(arrays, 0)


def test_the_sizes_of_weights_are_those_of_the_format():
    assert shapes(1, 1) == {
        "enter": (8, 16),
        "pass": (3, 16),
        "quality": (N_ANCHORS, 16),
        "leave": (16, 2),
        "index": (N_ANCHORS, 2),
        "mean": (3, 19, 2),
    }
    assert shapes(0, 0)["mean"] == (9, 4, 1)


def small_pictures() -> Pictures:
    """Two training pictures."""
    arrays = [pictures.photograph(272, 288, seed=seed) for seed in (1, 2)]
    index = np.array([[number * 272 * 288 * 3, 272, 288] for number in (0, 1)])
    return Pictures(np.concatenate([array.reshape(-1) for array in arrays]), index)


def test_fitted_contexts_are_the_integers_that_ship():
    """Bits fall while a network is fitted, and its integers give the scale indices of its floats, but for rounding."""
    import torch

    basis = np.repeat(lapped_basis()[None], PLANES, 0).astype(np.float32)
    sampled = samples(small_pictures(), basis, 3, 1, 0)[2]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = Network(1, 2)
        before = float(network(sampled).detach())
        assert fit(network, sampled, 40) < 0.9 * before
    whole = {name: array.astype(np.float64) for name, array in network.integers().items()}
    assert {name: array.shape for name, array in whole.items()} == shapes(1, 2)
    hidden = sampled.features.double().numpy() @ whole["enter"] + whole["pass"][sampled.row.numpy()]
    quality = sampled.quality.numpy()
    anchors = np.maximum(0, 1 - np.abs(quality[:, None] / 25 - np.arange(N_ANCHORS)))
    hidden += anchors @ whole["quality"]
    integers = (np.where(hidden < 0, hidden / 8, hidden) / 2**11 @ whole["leave"] + anchors @ whole["index"]) / 2**18
    with torch.no_grad():
        index = network.scales(sampled).numpy()
    assert np.abs(integers - index).max() < 0.1


# --- differences of filters -----------------------------------------------------------------------------------------


def test_differences_come_back_and_cost_what_was_estimated():
    rng, tables = np.random.default_rng(0), logistic_tables()
    wanted = rng.normal(0, 1, (CHANNELS, 256)) * rng.uniform(0, 4, (CHANNELS, 1))
    symbols, scales, bits = differences.choose(wanted, np.full(CHANNELS, 8.0), tables)
    writer = Writer(tables, 7)
    differences.exchange(symbols, scales, writer.code)
    checksum, escapes, words = writer.finish()
    assert 8 * (len(words) + len(escapes)) == pytest.approx(bits, rel=0.02)
    payload = Payload(64, 0, checksum, (15,), None, (True,), escapes, words)
    reader = Reader(tables, 7, payload)
    nothing = np.zeros_like(symbols)
    assert np.array_equal(differences.exchange(nothing, nothing[:, 0], reader.code), symbols)
    reader.finish()
    assert np.abs(symbols - wanted).max() < 1.01


def test_a_scale_outside_the_tables_is_refused():
    with pytest.raises(CorruptFile, match="scale"):
        differences.exchange(np.zeros((2, 3), np.int32), np.array([3, 70], np.int32), lambda symbols, _: symbols)


def test_steps_of_filters_follow_the_energy_of_the_values():
    values = np.zeros((10, CHANNELS), np.int16)
    values[:, 1], values[:4, 2] = 16, 64  # energies 10 and 64, in symbols
    steps, energy = row_steps(values)
    assert steps[:3].tolist() == [1.0, 0.25, 0.125]
    assert energy[:3].tolist() == [0, 10, 64]


def cost(payload: bytes, pixels: np.ndarray, quality: int) -> float:
    """Bits and error, at the codec's price."""
    error = np.square(seen(payload, pixels).astype(float) - pixels).sum() * (3 if pixels.ndim == 2 else 1)
    return 8 * len(payload) + PRICE * error / step_size(quality) ** 2


def test_training_on_a_texture_pays_and_its_filters_travel():
    pixels = pictures.stripes(192, 192)
    plain, trained = coded(pixels), coded(pixels, effort=5)
    assert not any(Payload.parse(plain, 1).differing)
    assert all(Payload.parse(trained, 1).differing)
    assert cost(trained, pixels, 120) < 0.99 * cost(plain, pixels, 120)


def test_where_training_does_not_pay_the_start_ships_alone():
    pixels = pictures.noise(16, 16)
    assert coded(pixels, effort=5) == coded(pixels, effort=4)


# --- payload --------------------------------------------------------------------------------------------------------


@given(
    st.integers(64, 79),
    st.integers(0, 200),
    st.lists(st.integers(5, 15), min_size=3, max_size=3),
    st.none() | st.binary(min_size=9, max_size=9),
    st.lists(st.booleans(), min_size=3, max_size=3),
    st.binary(max_size=200),
    st.binary(max_size=200).map(lambda data: data.rstrip(b"\0")),
)
def test_payloads_come_back(model, quality, groups, colours, differing, escapes, words):
    payload = Payload(model, quality, 0xABCD, tuple(groups), colours, tuple(differing), escapes, words)
    assert Payload.parse(payload.serialize(), 3) == payload


def test_impossible_headers_are_refused():
    good = Payload(64, 10, 1, (5, 6, 7), None, (False,) * 3, b"", b"\1").serialize()
    assert Payload.parse(good, 3).groups == (5, 6, 7)
    for place, value in ((0, 63), (0, 80), (1, 201), (4, 4), (4, 16), (7, 16), (7, 1), (8, 9)):
        with pytest.raises(CorruptFile):
            Payload.parse(good[:place] + bytes([value]) + good[place + 1 :], 3)
    gray = Payload(64, 10, 1, (5,), None, (False,), b"", b"\1").serialize()
    for flags in (1, 4):
        with pytest.raises(CorruptFile, match="flags"):
            Payload.parse(gray[:5] + bytes([flags]) + gray[6:], 1)


@pytest.mark.parametrize("channels", [1, 3])
def test_no_flipped_bit_gives_a_wrong_picture(channels):
    pixels = pictures.photograph(24, 32, channels)
    payload = coded(pixels, quality=60)
    assert seen(payload, pixels).shape == pixels.shape
    for bit in range(0, 8 * len(payload), 97):
        if bit < 16 or 8 * (4 + channels) <= bit < 8 * (5 + channels):
            continue  # model and quality are in the stamp, which is left out here; flags are tested above
        damaged = bytearray(payload)
        damaged[bit // 8] ^= 1 << bit % 8
        with pytest.raises(CorruptFile):
            seen(bytes(damaged), pixels)


def test_a_huge_frame_is_refused_before_anything_is_allocated():
    payload = Payload.parse(coded(pictures.photograph(24, 32)), 3)
    with pytest.raises(CorruptFile, match="too few"):
        decode(payload, tiny(), 16_000_000, 16_000_000, 3)


def test_an_unknown_model_needs_another_reader():
    payload = Payload(79, 10, 1, (5,), None, (False,), b"", b"\1").serialize()
    with pytest.raises(UnsupportedFile, match="model 79"):
        CODEC.decode(payload, Frame(8, 8, 1), "cpu")


def test_deep_samples_are_refused():
    with pytest.raises(EncodeError, match="8 bits"):
        CODEC.encode(pictures.deep(8, 8), Options())


# --- the weights that ship ------------------------------------------------------------------------------------------


def test_there_are_golden_files():
    check_every_model_has_some(GOLDEN, "ccnn")


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_golden_files_decode(path):
    check_decodes(path, TOLERANCE)


def test_more_effort_is_never_a_worse_trade():
    pixels, costs = pictures.photograph(32, 48), []
    for effort in (1, 2, 5):
        payload = CODEC.encode(pixels, Options(60, effort))
        error = np.square(CODEC.decode(payload, Frame(48, 32, 3), "cpu").astype(float) - pixels).sum()
        costs.append(8 * len(payload) + PRICE * error / step_size(120) ** 2)
    slack = 64  # bits of the range coder's end, and pixels that saturate
    assert all(later <= earlier + slack for earlier, later in zip(costs, costs[1:], strict=False))


def test_real_weights_beat_the_untrained_start():
    pixels = pictures.photograph(96, 128)
    payload = CODEC.encode(pixels, Options(60, 1))
    found = CODEC.decode(payload, Frame(128, 96, 3), "cpu")
    assert psnr(pixels, found) > 33
    assert len(payload) < 0.97 * len(coded(pixels))


def test_a_golden_file_holds_filters_of_its_own():
    found = next(path for path in GOLDEN if "differing" in path.name)
    payload = parse(found.read_bytes()).payload
    assert Payload.parse(payload, 1).differing == (True,)


def test_decoding_imports_no_torch():
    name = next(path for path in GOLDEN if "rgb-20" in path.name)
    script = f"import sys; from nncodec import decode; decode({str(name)!r}); sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT)
