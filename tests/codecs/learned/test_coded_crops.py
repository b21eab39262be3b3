"""Crops that the synthesis network learns from: some are coded as from effort 4 on, if there is a network already."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from nncodec.codecs.learned.adaptive_encoder import AdaptiveEncoder
from nncodec.codecs.learned.coded_crops_torch import REFINED_EVERY, CodedCrops, coded_values, has_network
from nncodec.codecs.learned.encoder import Encoder
from nncodec.codecs.learned.latent_encoder import LatentEncoder
from nncodec.codecs.learned.model import LearnedModel
from nncodec.nets import weights
from nncodec.training.data import Pictures
from tests import pictures

SIDE, QUALITY = 64, 60


@pytest.fixture(scope="module")
def model() -> LearnedModel:
    return LearnedModel(0, weights.load(weights.newest("learned"), "learned"))


@pytest.fixture(scope="module")
def bare(model: LearnedModel) -> LearnedModel:
    return LearnedModel(0, {name: array for name, array in model.arrays.items() if not name.startswith("net.")})


def drawn(model: LearnedModel, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[CodedCrops, list[bool]]:
    """A round of random crops, and for each whether it is what refinement gives."""
    crop = pictures.photograph(SIDE, SIDE)
    monkeypatch.setattr("nncodec.training.data.random_crops", lambda *_: crop[None])
    none = Pictures(np.empty((0,), np.uint8), np.empty((0, 3), np.int64))
    crops = CodedCrops.random(folder, REFINED_EVERY, SIDE, none, model, 0, lambda: False)
    plain = [coded_values(crop, int(quality), model) for quality in crops.quality]
    return crops, [not np.array_equal(*pair) for pair in zip(plain, crops.values, strict=True)]


def test_refined_values_cost_less(model: LearnedModel) -> None:
    crop = pictures.photograph(SIDE, SIDE)
    encoder = Encoder(LatentEncoder(model, QUALITY, crop, 0))
    refiner, found = encoder.refiner(None), AdaptiveEncoder(encoder).found(None, 1)
    first = AdaptiveEncoder(encoder).found(None, 0)
    costs = [encoder.cost(each, refiner.error(each.values)) for each in (first, found)]
    assert costs[1] < 0.995 * costs[0]
    assert np.array_equal(coded_values(crop, QUALITY, model, refined=True), found.values)


def test_some_crops_are_refined(model: LearnedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert has_network(model)
    _, refined = drawn(model, tmp_path, monkeypatch)
    assert refined == [True] + [False] * (REFINED_EVERY - 1)


def test_without_a_network_none_is(bare: LearnedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not has_network(bare)
    assert not any(drawn(bare, tmp_path, monkeypatch)[1])
