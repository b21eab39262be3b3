"""Scale indices and tables fitted to coded symbols."""

import numpy as np
import pytest

from nncodec.codecs.learned.calibration import calibrated, counted
from nncodec.codecs.learned.latent_encoder import PRICE_FACTOR, LatentEncoder
from nncodec.codecs.learned.model import LearnedModel
from nncodec.lapped.layout import MAX_QUALITY_INDEX
from nncodec.lapped.model import to_planes
from nncodec.lapped.transform import OPPONENT
from nncodec.nets import weights
from nncodec.nets.weights import Arrays
from tests import pictures

CROPS = np.stack([pictures.photograph(96, 96, seed=seed) for seed in range(4)])


@pytest.fixture(scope="module")
def shipped() -> Arrays:
    return weights.load(weights.newest("learned"), "learned")


def moved(arrays: Arrays, by: float) -> Arrays:
    """The arrays with all scale indices ``by`` larger."""
    found = dict(arrays)
    for name in [name for name in arrays if name.endswith(".index")]:
        index = arrays[name].copy()
        place = int(arrays[name.replace(".index", ".bits")][-1])
        index[:, index.shape[1] // 2 :] += round(by / 4 * 2**place)
        found[name] = index
    return found


def moves(before: Arrays, after: Arrays) -> list[float]:
    """By how much the scale indices of every network and anchor were moved."""
    found = []
    for name in [name for name in before if name.endswith(".index")]:
        place = int(before[name.replace(".index", ".bits")][-1])
        difference = (after[name] - before[name]) * 4 / 2**place  # (anchors, means then scales)
        half = difference.shape[1] // 2
        assert not difference[:, :half].any()
        assert (difference[:, half:] == difference[:, half : half + 1]).all()
        found += difference[:, half].tolist()
    return found


def cost(arrays: Arrays) -> float:
    """Bits and priced error of the crops."""
    total = 0.0
    for number, crop in enumerate(CROPS):
        encoder = LatentEncoder(LearnedModel(0, arrays), 20 + 40 * number, crop, 0)
        latent = np.stack([encoder.latent(plane, at) for at, plane in enumerate(to_planes(crop, OPPONENT))])
        units, values = encoder.code(latent, PRICE_FACTOR)
        total += sum(unit.bits for unit in units) + 8 * float(np.square(values / 16 - latent).sum())
    return total


@pytest.mark.parametrize("by", [-4.0, 4.0])
def test_misplaced_indices_move_back(shipped: Arrays, by: float) -> None:
    wrong = moved(shipped, by)
    better = calibrated(wrong, CROPS)
    found = np.array(moves(wrong, better))
    assert np.mean(found[found != 0] * by < 0) > 0.8
    assert cost(better) < cost(wrong)


def test_what_codes_hardly_any_bits_is_left_alone(shipped: Arrays) -> None:
    assert not any(moves(shipped, calibrated(shipped, np.full((2, 32, 32, 3), 128, np.uint8))))


def test_enough_ends_the_count(shipped: Arrays) -> None:
    asked = []

    def enough() -> bool:
        asked.append(True)
        return len(asked) == 2

    some = counted(LearnedModel(0, shipped), CROPS, enough)
    whole = counted(LearnedModel(0, shipped), CROPS)
    assert len(asked) == 2
    assert 0 < sum(map(np.sum, some)) < sum(map(np.sum, whole))


def test_every_quality_is_counted_once(monkeypatch: pytest.MonkeyPatch, shipped: Arrays) -> None:
    seen = []
    code = LatentEncoder.code

    def spy(self: LatentEncoder, *given: object) -> object:
        seen.append(self.quality)
        return code(self, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(LatentEncoder, "code", spy)
    counted(LearnedModel(0, shipped), CROPS)
    assert sorted(seen) == [round((number + 0.5) / 4 * MAX_QUALITY_INDEX) for number in range(4)]
