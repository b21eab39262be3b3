"""Slopes of the bits of symbols over the values in their contexts."""

import numpy as np
import pytest

from nncodec.codecs.learned.context_slopes import slopes_of
from nncodec.codecs.learned.grid import N_PASSES, DecodedLatent, lattices
from nncodec.codecs.learned.mean_context import mean_passes
from nncodec.codecs.learned.network_slopes import logistic_slopes
from nncodec.entropy.scales import INDICES_PER_OCTAVE, SCALE_MIN
from nncodec.lapped.layout import CHANNELS, N_GROUPS
from tests.lapped import tiny_lapped

QUALITY = 90
CONTEXTS = tiny_lapped.model(tiny_lapped.LEARNED).unit_contexts(QUALITY)


def bits(residual: np.ndarray, index: np.ndarray) -> np.ndarray:
    """Of an interval of width 1 about residuals, under logistic distributions."""
    scale, far = SCALE_MIN * 2 ** (index / INDICES_PER_OCTAVE), np.abs(residual)
    return -np.log2(1 / (1 + np.exp((far - 0.5) / scale)) - 1 / (1 + np.exp((far + 0.5) / scale)))


def cost(coded: np.ndarray, read: np.ndarray) -> float:
    """Bits of coded values whose contexts read others, by the contexts in whole numbers."""
    known, total = DecodedLatent.of(read), 0.0

    def add(own: np.ndarray, predicted: tuple[np.ndarray, np.ndarray]) -> float:
        means, fine = predicted
        return float(bits((own - means) / 16, fine / 16).sum())

    for unit in CONTEXTS:
        for each in mean_passes(known.height, known.width):
            own = np.stack([coded[plane, each.y, each.x, 0] for plane in unit.planes], 1)
            total += add(own, unit.mean.predict(known, each))
        for network in unit.groups:
            for number in range(N_PASSES):
                for lattice in lattices(known.height, known.width, number):
                    parts = [coded[(plane, *lattice.inner, part)] for plane, part in network.inputs.own]
                    own = np.concatenate(parts, -1)
                    predicted = network.predict(known, number, lattice)
                    total += add(own.reshape(predicted[0].shape), predicted)
    return total


def test_logistic_slopes_are_those_of_bits():
    rng = np.random.default_rng(0)
    residual, index = rng.normal(0, 2, 500), rng.uniform(15, 50, 500)
    by_residual, by_index = logistic_slopes(residual.astype(np.float32), index.astype(np.float32))
    step = 1e-4
    assert by_residual == pytest.approx((bits(residual + step, index) - bits(residual - step, index)) / 2e-4, abs=2e-3)
    assert by_index == pytest.approx((bits(residual, index + step) - bits(residual, index - step)) / 2e-4, abs=2e-3)


def test_indices_out_of_range_have_no_slope():
    _, by_index = logistic_slopes(np.ones(2, np.float32), np.array([-1, 64], np.float32))
    assert not by_index.any()


def test_slopes_are_what_a_changed_value_costs_others():
    """By differences over a symbol and a half in each direction, as contexts round what they read."""
    rng = np.random.default_rng(1)
    values = np.rint(rng.laplace(0, 24, (3, 6, 7, CHANNELS))).astype(np.int16)
    values[..., 0] *= 4
    slopes = slopes_of(values, CONTEXTS, [N_GROUPS] * 2)
    expected, found = [], []
    for channel in (0, 0, 0, 0, 1, 2, 3, 4, 6, 8, 12, 17, 20, 25):
        at = rng.integers(3), rng.integers(6), rng.integers(7), channel
        moved = [values.copy(), values.copy()]
        moved[0][at] -= 24
        moved[1][at] += 24
        expected.append((cost(values, moved[1]) - cost(values, moved[0])) / 3)
        found.append(slopes[at])
    assert np.std(expected) > 0.01
    assert np.corrcoef(expected, found)[0, 1] > 0.9


def test_a_single_position_has_no_others_around():
    values = np.zeros((1, 1, 1, CHANNELS), np.int16)
    assert np.isfinite(slopes_of(values, CONTEXTS, [N_GROUPS])).all()
