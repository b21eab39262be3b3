"""Contexts of the lapped latent: order of passes, exact arithmetic, and networks fitted to samples."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="torch, an extra of the package, is not installed")

from nncodec.entropy.scales import N_ANCHORS
from nncodec.errors import UnsupportedFile
from nncodec.lapped import context
from nncodec.lapped.context import HIDDEN, Weights, shapes
from nncodec.lapped.context_torch import Network, fit, samples, sizes_table
from nncodec.lapped.latent import N_MEANS, DecodedLatent
from nncodec.lapped.layout import CHANNELS, FREQUENCIES, GROUPS, N_GROUPS, PLANES, passes
from nncodec.lapped.model import loaded
from nncodec.lapped.transform_torch import lapped_basis
from nncodec.nets import weights
from nncodec.training.data import Pictures
from nncodec.training.span import Span
from tests import pictures
from tests.lapped import tiny_lapped

# --- the order in which the latent is coded -------------------------------------------------------------------------


@settings(max_examples=40)
@given(st.integers(1, 35), st.integers(1, 35), st.sampled_from([2, 16]))
def test_every_place_is_coded_once_and_after_its_neighbours(height, width, spacing):
    done = set()
    for each in passes(height, width, spacing):
        assert (each.neighbours is None) == (each.row == 0)
        if each.neighbours is not None:
            assert each.neighbours.shape == (len(each.places), 4)
            assert set(each.neighbours.ravel().tolist()) <= done
        assert not done & set(each.places.tolist())
        done |= set(each.places.tolist())
    assert done == set(range(height * width))


def test_groups_hold_every_channel_once_by_rising_frequency():
    assert [channel for group in GROUPS for channel in range(group.start, group.stop)] == list(range(CHANNELS))
    assert len(GROUPS) == 15
    for number, group in enumerate(GROUPS):
        assert {u + v for u, v in FREQUENCIES[group]} == {number}


@settings(max_examples=20)
@given(st.integers(1, 35), st.integers(1, 35), st.integers(0, N_GROUPS - 1))
def test_what_is_known_in_the_order_of_coding_ends_in_the_grid(height, width, group):
    known, channels = DecodedLatent(height, width, 1, sizes_table()), GROUPS[group]
    grid = np.arange(height * width, dtype=np.int32)[:, None] + np.arange(channels.start, channels.stop, dtype=np.int32)
    for each in known.passes(group):
        assert group == 0 or isinstance(each.at, slice)
        known.put(0, group, each.at, grid[known.order[each.at]], np.int32(0))
    assert np.array_equal(known.latent()[0, :, :, channels].reshape(grid.shape), 16 * grid)


# --- exact contexts -------------------------------------------------------------------------------------------------


def rounded_shift(value: int, shift: int) -> int:
    """Halves up, in Python's integers."""
    return (value + (1 << shift - 1)) >> shift


@pytest.mark.parametrize(("plane", "group"), [(0, 0), (0, 3), (1, 1), (2, 4), (2, 14)])
def test_contexts_in_python_integers(plane, group):
    """An independent evaluation of docs/format/lapped.md with numbers of any length, at extreme values."""
    rng = np.random.default_rng(group)
    known = DecodedLatent(6, 5, PLANES, sizes_table())
    for p in range(PLANES):
        for g in range(N_GROUPS):
            width = GROUPS[g].stop - GROUPS[g].start
            symbols = (rng.normal(0, 1, (30, width)) * 10 ** rng.uniform(-1, 4, (30, 1))).astype(np.int32)
            known.put(p, g, np.arange(30), symbols, np.zeros_like(symbols))
            known.finish(p, g)
    drawn = {name: rng.integers(-32768, 32768, shape) for name, shape in shapes(plane, group).items()}
    drawn["index"] = rng.integers(-(2**24), 2**24, drawn["index"].shape[1])
    used = ("enter", "pass", "leave", "index", "mean")
    weights = Weights(*(drawn[name].astype(np.float64) for name in used))
    low = 6 if plane == group == 0 else 0
    for each in known.passes(group):
        means, indices = context.step(known, weights, plane, group, each)
        at = len(each.places) // 2
        place, neighbours = each.places[at : at + 1], None if each.neighbours is None else each.neighbours[at : at + 1]
        if group < N_MEANS:
            signed = [int(x) for x in known.signed(plane, group, place, neighbours)[0]]
            for channel, mean in enumerate(means[at].tolist()):
                total = sum(x * int(w) for x, w in zip(signed, drawn["mean"][each.row][:, channel], strict=True))
                assert mean == max(-32767, min(32767, rounded_shift(total, 12)))
        sizes = [int(x) for x in known.features(plane, group, place, neighbours, means[at : at + 1])[0]]
        hidden = []
        for column in range(HIDDEN):
            total = int(drawn["pass"][each.row][column])
            total += sum(x * int(w) for x, w in zip(sizes, drawn["enter"][:, column], strict=True))
            hidden.append(rounded_shift(total, 11) if total >= 0 else rounded_shift(total, 14))
        for channel, found in enumerate(indices[at].tolist()):
            total = int(drawn["index"][channel]) + sum(
                h * int(w) for h, w in zip(hidden, drawn["leave"][:, channel], strict=True)
            )
            assert found == max(low, min(63, rounded_shift(total, 18)))


@pytest.mark.parametrize("threads", [1, 3])
def test_neither_pieces_nor_threads_show(threads, monkeypatch):
    """The places of a pass are taken some at a time, by some threads; how many makes no difference."""
    rng = np.random.default_rng(0)
    known = DecodedLatent(9, 14, PLANES, sizes_table())
    for p in range(PLANES):
        for g in range(N_GROUPS):
            symbols = rng.integers(-30, 30, (126, GROUPS[g].stop - GROUPS[g].start)).astype(np.int32)
            known.put(p, g, np.arange(126), symbols, np.zeros_like(symbols))
            known.finish(p, g)
    contexts = loaded(weights.newest("ccnn"), "ccnn").contexts(90)

    def every_step():
        for plane, group in ((0, 0), (1, 3), (2, 9)):
            for each in known.passes(group):
                yield from context.step(known, contexts[plane][group], plane, group, each)

    whole = list(every_step())
    monkeypatch.setenv("OMP_NUM_THREADS", str(threads))
    monkeypatch.setattr(context, "_BLOCK", 7)
    monkeypatch.setattr(context, "_PARALLEL_FROM", 2)
    monkeypatch.setattr(context, "_PIECE", 3)
    assert all(map(np.array_equal, every_step(), whole))
    assert len({index for each in whole[1::2] for index in each.ravel().tolist()}) > 10


def test_weights_of_another_shape_are_refused():
    arrays = dict(tiny_lapped.model(tiny_lapped.CCNN).arrays)
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
    basis = np.repeat(lapped_basis()[None], PLANES, 0).astype(np.float32)
    sampled = samples(small_pictures(), basis, 1, 1, 0)[2]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network = Network(1, 2)
        before = float(network(sampled).detach())
        assert fit(network, sampled, 20, Span(lambda: 0.0, 0.0, 1.0), lambda told: None) < 0.9 * before
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
