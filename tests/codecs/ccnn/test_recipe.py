"""Training of the shared start of ccnn: transforms, then contexts, which later sittings go on with."""

from pathlib import Path

import PIL.Image
import pytest

pytest.importorskip("torch", reason="torch, an extra of the package, is not installed")

from nncodec.codecs.ccnn import recipe
from nncodec.lapped import context_torch
from nncodec.lapped import recipe as lapped
from nncodec.lapped.layout import N_GROUPS, PLANES
from nncodec.training import data, loop
from tests import own, pictures

SETTINGS = recipe.Hyperparameters(1, batch=2, crop=64, contexts=lapped.ContextSettings(crops=2, steps=2, counted=1))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Four pictures, two of them for training, and networks that see little of them."""
    for number in range(4):
        PIL.Image.fromarray(pictures.photograph(70, 80, seed=number)).save(tmp_path / f"{number}.png")
    monkeypatch.setattr(data, "VALIDATION_PICTURES", 2)
    monkeypatch.setattr(recipe, "VALIDATION_SIDE", 64)
    monkeypatch.setattr(context_torch, "SIDE", 64)
    monkeypatch.setattr(lapped, "SIDE", 64)
    monkeypatch.setattr(loop.Run, "share", lambda run: run.step / 4)  # two steps of the transforms
    return tmp_path


def test_a_stopped_fit_of_contexts_goes_on_and_the_weights_can_be_used(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit, fitted = context_torch.fit, []

    def stopped(*arguments: object) -> float:
        if len(fitted) == 20:
            raise KeyboardInterrupt
        fitted.append(arguments)
        return fit(*arguments)  # type: ignore[arg-type]

    run = tmp_path / "run"
    monkeypatch.setattr(context_torch, "fit", stopped)
    with pytest.raises(KeyboardInterrupt):
        recipe.learn([folder], run, SETTINGS, resume=False)
    assert not (run / "weights.npz").exists()
    monkeypatch.setattr(context_torch, "fit", lambda *arguments: fitted.append(arguments) or fit(*arguments))
    recipe.learn([folder], run, SETTINGS, resume=True)
    assert len(fitted) == PLANES * N_GROUPS
    own.check_codec(run / "weights.npz", "ccnn")


def test_a_run_without_time_for_contexts_ends(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each network then takes one step."""
    monkeypatch.setattr(loop.Run, "share", lambda run: float(run.step > 0))
    steps = []
    monkeypatch.setattr(context_torch.Run, "tell_other", lambda run, what: steps.append(what))
    recipe.learn([folder], tmp_path / "run", SETTINGS, resume=False)
    assert sum("context" in what for what in steps) == PLANES * N_GROUPS
    assert (tmp_path / "run" / "weights.npz").exists()
