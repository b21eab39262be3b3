"""The change of the synthesis network, and pictures for which adaptation must pay."""

import numpy as np
import pytest

from nncodec.codec import Frame, Options
from nncodec.codecs.learned import CODEC
from nncodec.codecs.learned.block_tables import logistic_block_tables
from nncodec.codecs.learned.change import ChangeHead
from nncodec.codecs.learned.change_fit import Moments, fitted
from nncodec.codecs.learned.payload import LearnedPayload
from nncodec.lapped.layout import step_size
from nncodec.lapped.rdoq import PRICE, Quantiser

QUANTISER = Quantiser(logistic_block_tables(), np.ones(1))


def moments(weights: np.ndarray, noise: float, seed: int = 0) -> Moments:
    """Of 4,000 positions, whose outputs lack what weights (inputs, outputs) would add, and noise."""
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 1, (4000, len(weights)))
    lacking = x @ weights + rng.normal(0, noise, (4000, weights.shape[1]))
    return Moments(x.T @ x, x.T @ lacking)


@pytest.mark.parametrize("planes", [1, 3])
def test_what_outputs_lack_is_found(planes):
    rng = np.random.default_rng(1)
    weights = np.where(rng.random((9, 4 * planes)) < 0.2, rng.choice([-0.5, 0.5], (9, 4 * planes)), 0)
    change = fitted(moments(weights, 0.3), planes, QUANTISER, 8.0)
    assert change is not None
    found = change.weights.T * 2.0**-change.head.places
    assert found.shape == weights.shape
    assert np.abs(found - weights).max() < 0.1
    assert (found[weights == 0] == 0).mean() > 0.9


def test_what_does_not_pay_is_left_out():
    assert fitted(moments(np.zeros((9, 12)), 0.5), 3, QUANTISER, 8.0) is None


def test_heads_have_one_spelling():
    head = ChangeHead(24, (0, 63, 5))
    assert ChangeHead.parse(head.serialize()) == head
    assert len(head.serialize()) == ChangeHead.length(3)


def stripes() -> np.ndarray:
    """Slanted stripes, (48, 64, 3)."""
    y, x = np.mgrid[:48, :64]
    wave = 128 + 90 * np.sign(np.sin((2 * x + 3 * y) / 4.5))
    return np.repeat(wave[..., None], 3, 2).astype(np.uint8)


def text() -> np.ndarray:
    """Letters of a few strokes each, black on white, (48, 64, 3)."""
    rng = np.random.default_rng(0)
    letters = [np.pad(rng.random((7, 5)) < 0.45, ((1, 2), (1, 0))) for _ in range(6)]
    lines = [np.concatenate([letters[at] for at in row], 1) for row in rng.integers(0, 6, (4, 10))]
    page = np.pad(np.concatenate(lines), ((4, 4), (2, 2)))
    return np.repeat(np.where(page, 20, 250)[..., None], 3, 2).astype(np.uint8)


@pytest.mark.parametrize("picture", [stripes(), text()], ids=["stripes", "text"])
def test_pictures_unlike_photographs_pay_for_adaptation(picture):
    """Bits, and the price of the squared error, are a fiftieth of the bits fewer than without."""
    costs, sizes = [], []
    for effort in (3, 6):
        payload = CODEC.encode(picture, Options(30, effort, threads=1))
        seen = CODEC.decode(payload, Frame(64, 48, 3), "cpu")
        error = np.square(seen.astype(float) - picture).sum()
        costs.append(8 * len(payload) + PRICE * error / step_size(60) ** 2)
        sizes.append(8 * len(payload))
    assert costs[0] - costs[1] > 0.02 * sizes[0]


@pytest.mark.parametrize("effort", [1, 3, 5])
def test_indices_follow_the_picture_at_all_efforts_and_the_network_stays_below_6(effort):
    parsed = LearnedPayload.parse(CODEC.encode(text(), Options(20, effort, threads=1)), 2, "learned")
    assert parsed.adaptive
    assert parsed.change is None
