"""The contexts of codec learned: order, exact arithmetic, and the networks as they are trained."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nncodec.codecs.learned import context, mean_context, rows
from nncodec.codecs.learned.adaptation import rounded
from nncodec.codecs.learned.context import ACTIVATION_LIMIT, EXACT, Inputs, width_of
from nncodec.codecs.learned.context_fit_torch import WIDTHS
from nncodec.codecs.learned.context_torch import GroupNetwork
from nncodec.codecs.learned.grid import (
    N_PASSES,
    SIGNED_LIMIT,
    VALUE_LIMIT,
    DecodedLatent,
    Lattice,
    lattices,
    signed_of,
    size_table,
    sizes_of,
)
from nncodec.codecs.learned.latent_encoder import LatentEncoder
from nncodec.codecs.learned.mean_context import mean_passes
from nncodec.codecs.learned.mean_context_torch import MeanNetwork
from nncodec.codecs.learned.model import LearnedModel
from nncodec.codecs.learned.trunk_torch import LARGEST_SIZE
from nncodec.lapped.layout import CHANNELS, GROUPS, N_GROUPS, PLANES
from nncodec.lapped.model import to_planes
from nncodec.lapped.transform import OPPONENT
from nncodec.nets import weights
from tests import pictures
from tests.lapped import tiny_lapped

SHIPPED = weights.load(weights.newest("learned"), "learned")
UNITS = range(2)

# --- order ------------------------------------------------------------------------------------------------------------


@settings(max_examples=40)
@given(st.integers(1, 35), st.integers(1, 35))
def test_every_position_is_coded_once_in_group_0(height, width):
    done = np.zeros((height, width), int)
    for each in mean_passes(height, width):
        if each.offsets:
            ys, xs, there = each.neighbours(slice(None), height, width)
            assert done[ys[there], xs[there]].all(), "a neighbour that is not coded yet"
            assert there[:, :4].any(1).all(), "no guess"
        done[each.y, each.x] += 1
    assert (done == 1).all()


def check_border(known: DecodedLatent, lattice: Lattice) -> None:
    """Assert that what contexts read beyond the grid, around a lattice, is zero."""
    for down, right in rows.RING:
        seen = known.values.at((0, GROUPS[3]), lattice, slice(0, lattice.height), down, right)
        y = lattice.row + 2 * np.arange(lattice.height) + down
        x = lattice.column + 2 * np.arange(lattice.width) + right
        assert not seen[:, (y < 0) | (y >= known.height)].any()
        assert not seen[:, :, (x < 0) | (x >= known.width)].any()


@settings(max_examples=40)
@given(st.integers(1, 35), st.integers(1, 35))
def test_every_position_is_coded_once_in_other_groups(height, width):
    known = DecodedLatent(height, width, 1)
    count = 0
    for number in range(N_PASSES):
        for each in lattices(height, width, number):
            count += 1
            known.put(((0, GROUPS[3]),), each, np.full((each.height * each.width, 4), count))
    assert (known.latent()[0, :, :, GROUPS[3]] > 0).all()
    assert not known.latent()[..., : GROUPS[3].start].any()
    for number in range(N_PASSES):
        for each in lattices(height, width, number):
            check_border(known, each)


def test_own_neighbours_are_coded_before():
    """The four positions that a pass reads of its own group belong to passes before it."""
    passes = np.zeros((5, 5), int)
    for number in range(N_PASSES):
        for each in lattices(5, 5, number):
            passes[each.inner] = number
    for number, taps in enumerate(rows.OWN_TAPS):
        for y, x in zip(*np.nonzero(passes[1:-1, 1:-1] == number), strict=True):
            assert all(passes[1 + y + down, 1 + x + right] < number for down, right in taps)


# --- features -------------------------------------------------------------------------------------------------------


def test_sizes_are_rounded_logarithms():
    expected = 8 * np.log2(1 + np.arange(4096) / 8)
    assert np.abs(size_table() - expected).max() <= 0.5
    assert size_table().max() == LARGEST_SIZE
    assert sizes_of(np.array([0, -16, 16, -VALUE_LIMIT])).tolist() == [0, 13, 13, LARGEST_SIZE]


def test_signed_features_round_halves_to_even_and_saturate():
    values = np.array([2, 6, -2, -6, 3, 508, 510, -VALUE_LIMIT])
    assert signed_of(values).tolist() == [0, 2, 0, -2, 1, 127, 127, -127]


# --- exact arithmetic -----------------------------------------------------------------------------------------------


def bound(matrix: np.ndarray, most: np.ndarray | float, bias: float | np.ndarray) -> float:
    """The largest magnitude that sums of inputs up to ``most`` can have."""
    largest = np.abs(matrix.astype(float)) * np.broadcast_to(np.reshape(most, (-1, 1)), matrix.shape)
    return float(largest.sum(0).max() + np.abs(bias).max())


def most_of(*counts: int) -> np.ndarray:
    """The largest magnitudes of inputs: signed features, then sizes, in turn."""
    return np.concatenate([np.full(n, (SIGNED_LIMIT, LARGEST_SIZE)[i % 2]) for i, n in enumerate(counts)])


@pytest.mark.parametrize("name", [f"{unit}{group}" for unit in "yc" for group in range(N_GROUPS)])
def test_no_sum_can_leave_the_exact_range(name):
    """Whatever a file makes the inputs: float32 holds every sum of the weights that ship exactly."""
    parts = {key.removeprefix(f"{name}."): value for key, value in SHIPPED.items() if key.startswith(f"{name}.")}
    for layer in ("hidden0", "hidden1"):
        assert bound(parts[layer], ACTIVATION_LIMIT, parts[f"{layer}.bias"]) < EXACT
    last = parts["leave.row"] if name.endswith("0") and len(name) == 2 else parts["leave.bias"]
    assert bound(parts["leave"], ACTIVATION_LIMIT, np.abs(last).max() + np.abs(parts["index"]).max()) < EXACT
    moved = np.abs(parts["quality"]).max()
    if "row" in parts:
        half = len(parts["enter"]) // 2
        assert bound(parts["enter"], most_of(half, half), np.abs(parts["row"]).max() + moved) < EXACT
        return
    inputs = Inputs.of("yc".index(name[0]), int(name[1:]))
    signed, sizes, own, here, sizes_here = (
        width_of(part) for part in (inputs.signed, inputs.sizes, inputs.own, inputs.signed_here, inputs.sizes_here)
    )
    ring = len(rows.RING) * len(inputs.means)
    around = np.tile(most_of(signed, sizes), len(rows.TAPS))
    in_place = most_of(ring, ring, here, sizes_here)
    for taps in (np.zeros((0, parts["enter.around"].shape[1])), *parts["enter.own"]):
        whole = np.concatenate([parts["enter.around"], taps, parts["enter.here"]])
        near = np.tile([*most_of(own, own), 1], len(taps) // (2 * own + 1))
        most = np.concatenate([around, near, in_place])
        assert bound(whole, most, np.abs(parts["pass"]).max() + moved) < EXACT


def lively(height: int, width: int, seed: int = 0) -> DecodedLatent:
    """A latent of random values."""
    values = np.rint(np.random.default_rng(seed).laplace(0, 60, (PLANES, height, width, CHANNELS)))
    return DecodedLatent.of(values.astype(np.int16))


@pytest.mark.parametrize("threads", [1, 3])
def test_neither_blocks_nor_threads_show(threads, monkeypatch):
    """Positions are taken some at a time, by some threads; how many makes no difference."""
    known, contexts = lively(9, 14), tiny_lapped.model(tiny_lapped.LEARNED).unit_contexts(90)

    def predicted():
        for unit in contexts:
            for each in mean_passes(9, 14):
                yield from unit.mean.predict(known, each)
            for group in (1, 4, 9):
                for number in range(N_PASSES):
                    for lattice in lattices(9, 14, number):
                        yield from unit.groups[group - 1].predict(known, number, lattice)

    whole = list(predicted())
    monkeypatch.setenv("OMP_NUM_THREADS", str(threads))
    for module in (context, mean_context):
        monkeypatch.setattr(module, "_BLOCK", 7)
    monkeypatch.setattr(context, "_PARALLEL_FROM", 2)
    assert all(np.array_equal(one, other) for one, other in zip(whole, predicted(), strict=True))


# --- networks as trained ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("unit", "group"), [(0, 1), (0, 6), (0, 12), (1, 1), (1, 5), (1, 9)])
def test_whole_numbers_do_what_was_trained(unit, group):
    """Means within a sixteenth of a symbol or two, scale indices within one, where bfloat16 does not round more."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = GroupNetwork(unit, group, 8)
        for parameter in net.parameters():
            parameter.data += 0.02 * torch.randn_like(parameter)
    known = lively(6, 10)
    exact = context.unpack(context.by_network(net.integers()), net.name, Inputs.of(unit, group), 60)
    values = torch.from_numpy(known.latent()[None].astype(np.float32))
    with torch.no_grad():
        found = {(y, x): (mean[0], index[0]) for y, x, mean, index in net(values, torch.tensor([60]))}
    for number in range(N_PASSES):
        for lattice in lattices(6, 10, number):
            means, indices = exact.predict(known, number, lattice)
            mean, index = (part.flatten(1).T.numpy() for part in found[lattice.row, lattice.column])
            assert means.std() > 3
            assert np.abs(means - 16 * mean).max() < 0.02 * np.abs(means).max() + 1
            assert np.abs(rounded(indices, 0) - index).max() < 1.2


@pytest.mark.parametrize("unit", UNITS)
def test_whole_numbers_of_group_0_do_what_was_trained(unit):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = MeanNetwork(unit, 8)
        for parameter in net.parameters():
            parameter.data += 0.02 * torch.randn_like(parameter)
    known = lively(17, 20)
    exact = mean_context.unpack(context.by_network(net.integers()), unit, 60)
    means = torch.from_numpy(known.latent()[None, ..., 0].astype(np.float32))
    passes = mean_passes(17, 20)
    with torch.no_grad():
        found = net(means, torch.tensor([60]), passes)
    for each, (mean, index) in zip(passes, found, strict=True):
        wanted, indices = exact.predict(known, each)
        assert np.abs(wanted - 16 * mean[0].numpy()).max() < 0.02 * np.abs(wanted).max() + 1
        assert np.abs(rounded(indices, exact.lowest) - index[0].numpy()).max() < 1.2


@pytest.mark.parametrize(("unit", "group"), [(0, 0), (1, 0), (0, 1), (0, 5), (1, 4), (1, 9)])
def test_training_goes_on_from_weights_as_they_ship(unit, group):
    """Taken in and written again they are the same whole numbers."""
    width = WIDTHS[unit][group]
    net = GroupNetwork(unit, group, width) if group else MeanNetwork(unit, width)
    net.take(context.by_network(SHIPPED))
    written = net.integers()
    assert set(written) == {name for name in SHIPPED if name.startswith(f"{net.name}.")}
    for name, array in written.items():
        if name.endswith(".bias"):
            assert np.abs(array - SHIPPED[name]).max() <= 1
        else:
            assert np.array_equal(array, SHIPPED[name]), name


def test_groups_after_the_last_symbol_are_zero():
    """The encoder's values are those of a decoder, which reads nothing of groups that are not coded."""
    pixels = pictures.photograph(40, 48)
    encoder = LatentEncoder(LearnedModel(0, SHIPPED), 10, pixels, 0)
    latent = [encoder.latent(plane, number) for number, plane in enumerate(to_planes(pixels, OPPONENT))]
    units, values = encoder.code(latent, 1.3)
    for unit, planes in zip(units, (slice(0, 1), slice(1, 3)), strict=True):
        assert unit.groups < N_GROUPS
        assert not values[planes, ..., GROUPS[unit.groups].start :].any()
        assert values[planes, ..., : GROUPS[unit.groups - 1].stop].any()
