"""Prior and walk: the exact networks agree with those that were trained, and both sides walk alike."""

import numpy as np
import pytest
import torch

from nncodec.entropy import coder
from nncodec.entropy import prior as prior_module
from nncodec.entropy.coder import Decoder, Encoder
from nncodec.entropy.layout import STEPS, position
from nncodec.entropy.prior import Prior
from nncodec.entropy.walk import HYPER, Walked, step_part, walk
from nncodec.errors import UnsupportedFile
from nncodec.nets.hyperprior import relative
from nncodec.nets.prior import from_cells, to_cells
from tests import tiny_model


def test_every_step_and_every_group_takes_each_position_once():
    table = [[position(step, group) for group in range(STEPS)] for step in range(STEPS)]
    for line in [*table, *zip(*table, strict=True)]:
        assert sorted(line) == [0, 1, 2, 3]


def test_cells_are_inverse_and_the_same_in_both_implementations():
    latent = torch.arange(2 * 8 * 4 * 6.0).view(2, 8, 4, 6)
    parts = to_cells(latent)
    assert torch.equal(from_cells(parts), latent)
    rows = latent[0].permute(1, 2, 0).numpy()
    for step in range(STEPS):
        assert np.array_equal(step_part(rows, step), parts[step][0].permute(1, 2, 0).numpy())


def written(arrays, quality, rng) -> tuple[Encoder, Walked, list[np.ndarray]]:
    """Symbols drawn near what the model expects, with a few far away; 2 x 3 hyper positions."""
    prior = Prior(arrays, quality, "cpu")
    encoder, symbols = Encoder(prior.tables), []

    def exchange(step, means, indices):
        drawn = np.rint(rng.laplace(0, 2.0 if step == HYPER else 0.05 * 1.13**indices, indices.shape)).astype(np.int32)
        drawn.flat[:: 97 + step] = 3000
        symbols.append(drawn)
        encoder.code(drawn.ravel(), indices.ravel())
        return drawn

    return encoder, walk(prior, 2, 3, exchange), symbols


def read(arrays, quality, encoder) -> tuple[Walked, list[np.ndarray]]:
    prior = Prior(arrays, quality, "cpu")
    decoder, symbols = Decoder(prior.tables, *encoder.finish()), []

    def exchange(step, means, indices):
        symbols.append(decoder.code(indices.ravel()).reshape(indices.shape))
        return symbols[-1]

    walked = walk(prior, 2, 3, exchange)
    decoder.finish()
    return walked, symbols


@pytest.mark.parametrize("quality", [0, 37, 200])
def test_both_sides_walk_alike(quality):
    arrays = tiny_model.arrays()
    encoder, there, sent = written(arrays, quality, np.random.default_rng(quality))
    here, received = read(arrays, quality, encoder)
    assert all(np.array_equal(a, b) for a, b in zip(sent, received, strict=True))
    assert np.array_equal(there.latent, here.latent)
    assert there.checksum == here.checksum


def test_bands_do_not_matter(monkeypatch):
    """A step computed in bands of one row, its symbols sorted a few at a time, gives the same integers."""
    arrays = tiny_model.arrays()
    encoder, whole, _ = written(arrays, 90, np.random.default_rng(4))
    monkeypatch.setattr(prior_module, "ROWS_BYTES", 1)
    monkeypatch.setattr(coder, "_CHUNK", 11)
    banded, _ = read(arrays, 90, encoder)
    assert np.array_equal(whole.latent, banded.latent)


def test_exact_networks_follow_the_trained_ones():
    """Means and scale indices agree with the floating-point network to within the rounding of weights."""
    model, arrays, quality = tiny_model.network(), tiny_model.arrays(), 120
    prior = Prior(arrays, quality, "cpu")
    rng = np.random.default_rng(0)
    hyper = rng.integers(-4, 5, (2, 2, 4)).astype(np.int32)
    known = rng.integers(-2000, 2000, (4, 4, 8)) / 256
    features = prior.features(hyper)
    means, indices = prior.step(1, features, torch.from_numpy(known.astype(np.float32)))

    def planes(x):
        return torch.from_numpy(np.ascontiguousarray(x)).float().permute(2, 0, 1)[None]

    at = torch.tensor([float(quality)])
    with torch.no_grad():
        gain, offset, _ = model.at_quality(at)
        expected = model.hyper_synthesis(planes(hyper), relative(at))
        mean, scale = model.steps[1](expected, [planes(known)], relative(at))
    assert np.abs(features.numpy() - expected[0].permute(1, 2, 0).numpy()).max() < 0.05
    assert np.abs(means / 16 - (mean * gain)[0].permute(1, 2, 0).numpy()).max() < 0.3
    wanted = (scale + offset)[0].permute(1, 2, 0).numpy().clip(0, 63)
    assert np.abs(indices - wanted).max() < 1.0
    assert indices.std() > 1  # or the comparison would show nothing


def test_what_later_steps_see_is_the_latent():
    prior = Prior(tiny_model.arrays(), 60, "cpu")
    values = np.random.default_rng(1).integers(-3000, 3000, (3, 3, 8))
    expected = values / 16 / (prior.gain / 1024)
    assert np.abs(prior.seen(values).numpy() - expected.clip(-128, 128)).max() < 0.01


@pytest.mark.parametrize("name", ["gain", "tables.half_widths"])
def test_damaged_tables_are_refused(name):
    arrays = tiny_model.arrays()
    arrays[name] = arrays[name][:-1]
    with pytest.raises(UnsupportedFile):
        Prior(arrays, 0, "cpu")
