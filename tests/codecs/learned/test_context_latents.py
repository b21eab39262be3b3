"""Latents that contexts learn from: which are refined, and that wanted values belong to coded ones."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from nncodec.codecs.learned import context_latents_torch as made
from nncodec.codecs.learned.latent_encoder import LatentEncoder
from nncodec.codecs.learned.model import LearnedModel
from nncodec.lapped.model import to_planes
from nncodec.lapped.transform import OPPONENT
from nncodec.nets import weights
from nncodec.training.data import Pictures
from tests import pictures

PIXELS = pictures.photograph(64, 64)


@pytest.fixture(scope="module")
def model() -> LearnedModel:
    """The newest model."""
    return LearnedModel(0, weights.load(weights.newest("learned"), "learned"))


def drawn(model: LearnedModel, chosen: bool, folder: Path, monkeypatch: pytest.MonkeyPatch) -> made.Latents:
    """Latents of one crop, at as many qualities as it takes to refine one twice."""
    monkeypatch.setattr(made, "CROP", 64)
    monkeypatch.setattr(made, "SIDE", 8)
    monkeypatch.setattr("nncodec.training.data.random_crops", lambda *_: PIXELS[None])
    none = Pictures(np.empty((0,), np.uint8), np.empty((0, 3), np.int64))
    return made.latents_of(none, model, folder, 0, made.REFINED_EVERY + 1, chosen, lambda: False)


def as_analysed(model: LearnedModel, latents: made.Latents) -> list[bool]:
    """For each latent, whether the encoder wants what the analysis gives."""
    found = []
    for wanted, quality in zip(latents.wanted, latents.quality, strict=True):
        encoder = LatentEncoder(model, int(quality), PIXELS, 0)
        plain = np.stack([encoder.latent(plane, at) for at, plane in enumerate(to_planes(PIXELS, OPPONENT))])
        found.append(np.allclose(wanted, plain, rtol=2e-3, atol=2e-3))
    return found


def test_some_are_refined(model: LearnedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    latents = drawn(model, True, tmp_path, monkeypatch)
    assert as_analysed(model, latents) == [False] + [True] * (made.REFINED_EVERY - 1) + [False]
    for wanted, values in zip(latents.wanted, latents.values, strict=True):
        assert np.abs(wanted - values / 16.0).mean() < 0.5  # in symbols: the two belong to each other


def test_without_a_network_none_is(model: LearnedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    arrays = {name: array for name, array in model.arrays.items() if not name.startswith("net.")}
    bare = LearnedModel(0, arrays)
    assert all(as_analysed(bare, drawn(bare, True, tmp_path, monkeypatch)))


def test_without_contexts_a_dead_zone_chooses(
    model: LearnedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    latents = drawn(model, False, tmp_path, monkeypatch)
    assert all(as_analysed(model, latents))
    assert not (latents.values % 16).any()  # no means: whole symbols
