"""``nnc train slim``: from weights that ship to thinner ones in 8 bits, by each family that offers it."""

from dataclasses import replace
from importlib import import_module

import numpy as np
import PIL.Image
import pytest

torch = pytest.importorskip("torch", reason="torch, an extra of the package, is not installed")

from nncodec.cli.verbs.train import _families, _slim_of
from nncodec.nets import weights
from nncodec.nets.quantised import restored
from nncodec.nets.resnet import ArtifactNet
from nncodec.restorers.luma import recipe
from nncodec.training import data, loop
from nncodec.training.slim import slimming as slim
from tests import own, pictures

SLIMMABLE = {name: package for name, package in _families().items() if _slim_of(package)}


@pytest.mark.parametrize(("name", "package"), SLIMMABLE.items())
def test_a_family_states_options_of_its_own_and_settings_of_its_recipe(name: str, package: str) -> None:
    how, training = _slim_of(package), import_module(f"{package}.options").TRAINING
    assert set(how.options) <= {option.name for option in training.options}
    module = import_module(f"{package}.recipe")
    assert module.Hyperparameters(minutes=1.0, weights=None, seed=0, **how.settings).every_minutes
    assert callable(module.begin)


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """Four small pictures, and recipes that are content with them."""
    for number in range(4):
        PIL.Image.fromarray(pictures.photograph(192, 200, seed=number)).save(tmp_path / f"{number}.png")
    monkeypatch.setattr(data, "VALIDATION_PICTURES", 2)
    monkeypatch.setattr(recipe, "VALIDATION_LEVELS", (4.0,))
    monkeypatch.setattr(recipe, "VALIDATION_SIDE", 32)
    monkeypatch.setattr(slim, "_BATCHES", 2)
    monkeypatch.setattr(recipe, "RANGES", tuple(replace(each, share=0.5) for each in recipe.RANGES[:2]))
    return tmp_path


def run(nnc, photos, *options):
    small = ("--regions", "6", "--batch", "2", "--crop", "32", "-o", photos / "runs/x", "--minutes", "1")
    return nnc("train", "slim", "luma", "--data", photos, *small, *options)


def test_luma_becomes_half_as_wide_in_8_bits_and_is_trained_on(nnc, photos, monkeypatch):
    monkeypatch.setattr(loop.Run, "share", lambda self: min(1.0, self.step / 2))
    assert run(nnc, photos, "--drop-blocks", "1").code == 0
    monkeypatch.setattr(loop.Run, "share", lambda self: min(1.0, self.step / 3))
    assert run(nnc, photos, "--drop-blocks", "1", "--resume").code == 0
    thin, exact = (weights.read((photos / f"runs/x/{name}.npz").read_bytes()) for name in ("weights", "unrounded"))
    before = weights.load(weights.newest("luma"), "luma")
    assert len(thin["net.enter.bias"]) * 2 == len(before["net.enter.bias"])
    assert ArtifactNet(thin).halo < ArtifactNet(before).halo
    for name, value in restored(exact, "net").items():
        kernel = value.ndim == 4
        assert (f"net.{name}.step" in thin) == kernel
        assert thin[f"net.{name}"].dtype == (np.int8 if kernel else np.float16)
        assert np.abs(restored(thin, "net")[name] - value).max() <= 0.2 * np.abs(value).max() + 1e-6
    assert thin["codecs"].tolist() == [1, 3]
    own.check_restorer(photos / "runs/x/weights.npz", "luma")
    assert len((photos / "runs/x/log.jsonl").read_text().splitlines()) == 2


def test_with_all_channels_nothing_is_trained_and_numbers_become_short(nnc, photos):
    assert run(nnc, photos, "--channels", "1").code == 0
    short = weights.read((photos / "runs/x/weights.npz").read_bytes())
    before = weights.load(weights.newest("luma"), "luma")
    for name, value in restored(before, "net").items():
        if value.ndim == 4:
            assert np.abs(restored(short, "net")[name] - value).max() <= 0.2 * np.abs(value).max()
    assert (photos / "runs/x/weights.npz").stat().st_size < weights.size(weights.manifest()[weights.newest("luma")])
    assert not (photos / "runs/x/state.npz").exists()


@pytest.mark.parametrize("options", [("--bits", "12"), ("--resume",)], ids=" ".join)
def test_what_cannot_be_is_refused_in_a_line(nnc, photos, options):
    ran = run(nnc, photos, *options)
    assert ran.code == 1
    assert ran.err.count("error:") == 1
    assert "Traceback" not in ran.err
