"""Refinement of latents: what it gains on a picture, tiles, determinism."""

import numpy as np
import pytest
import torch

from nncodec import progress
from nncodec.entropy.prior import Prior
from nncodec.nets import refine
from nncodec.nets.painter import Painter, padded
from nncodec.nets.refine import Refiner, _Snap
from nncodec.nets.search import Search, nearest, trade_off
from tests import pictures, tiny_model

QUALITY = 100


@pytest.fixture(scope="module")
def search() -> Search:
    arrays = tiny_model.arrays()
    pixels = padded(pictures.photograph(100, 130))
    return Search(1, arrays, Painter(arrays, "cpu", False), QUALITY, pixels, "cpu", 0)


@pytest.fixture(scope="module")
def parts(search):
    """Prior, latent, hyper-latent and refiner of the picture."""
    prior = Prior(search.arrays, QUALITY, "cpu")
    latent = search.painter.analyse(search.pixels, QUALITY)
    hyper = search.painter.hyper(latent, (prior.gain / 1024).astype(np.float32), QUALITY)
    price = trade_off(QUALITY) * search.arrays["energy"] / (prior.gain / 1024) ** 2
    return prior, latent, hyper, Refiner(search.arrays, torch.device("cpu"), False, QUALITY, price)


def test_a_refined_latent_costs_less(search, parts):
    prior, latent, hyper, refiner = parts
    refined = refiner.refined(latent, hyper, search.pixels, 20)
    before, after = (search._tried(prior, way, hyper, nearest)[0] for way in (latent, refined))
    assert after < 0.99 * before


def test_the_same_every_time(search, parts):
    _, latent, hyper, refiner = parts
    torch.manual_seed(1)
    first = refiner.refined(latent, hyper, search.pixels, 3)
    torch.manual_seed(2)
    assert np.array_equal(first, refiner.refined(latent, hyper, search.pixels, 3))
    assert not np.array_equal(first, latent)


def test_tiles_cover_the_picture_and_bound_the_work(search, parts, monkeypatch):
    """Every tile is refined, none is larger than it may be, and all steps are counted."""
    _, latent, hyper, refiner = parts
    monkeypatch.setattr(refine, "TILE", 3)
    sizes, told = [], []
    descended = refiner._descended

    def watched(wanted, *rest):
        sizes.append(wanted.shape)
        return descended(wanted, *rest)

    monkeypatch.setattr(refiner, "_descended", watched)
    pixels, wide = np.tile(search.pixels, (1, 2, 1)), np.tile(latent, (1, 2, 1))
    with progress.listening(lambda *what: told.append(what)):
        refined = refiner.refined(wide, np.tile(hyper, (1, 2, 1)), pixels, 4)
    assert max(max(shape[2:]) for shape in sizes) <= 3 * 4
    assert len(sizes) > 1
    assert told[-1] == ("refining", 4 * len(sizes), 4 * len(sizes))
    assert np.all(np.any(refined != wide, axis=2))


def test_shares_near_the_ends_are_at_them_and_keep_their_gradient():
    share = torch.tensor([0.0, 0.2, 0.3, 0.5, 0.9], requires_grad=True)
    snapped = _Snap.apply(share, 0.3)
    snapped.sum().backward()
    assert snapped.tolist() == pytest.approx([0, 0, 0, 0.5, 1])
    assert share.grad.tolist() == [1] * 5
