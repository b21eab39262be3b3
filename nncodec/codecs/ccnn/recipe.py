"""The recipe of the ccnn codec: first the transforms, then the contexts."""

import time
from dataclasses import dataclass
from pathlib import Path

from nncodec.lapped.recipe import (
    VALIDATION_SIDE,
    Batches,
    ContextSettings,
    TransformNet,
    TransformRecipe,
    filters,
    optimiser,
    with_contexts,
)
from nncodec.nets import weights
from nncodec.training import data
from nncodec.training.loop import Run, Schedule, train
from nncodec.training.start import load_data, start_run


@dataclass(frozen=True)
class Hyperparameters:
    """Hyperparameters of one run, most of them options of `nnc train ccnn`."""

    minutes: float
    transforms_end: float = 0.5
    """Share of the time, at the start, in which the transforms are trained; the rest is for the contexts."""
    batch: int = 8
    crop: int = 128
    rate: float = 2e-4
    """Learning rate of the filters; see `nncodec.lapped.recipe.optimiser`."""
    seed: int = 0
    every_minutes: float = 2.0
    contexts: ContextSettings = ContextSettings()


def learn(folders: list[Path], folder: Path, settings: Hyperparameters, resume: bool) -> None:
    """Train, or go on training, in ``folder``; pictures are cached in ``cache`` beside it."""
    begun = time.monotonic()
    pictures, held_out = load_data(folders, folder, settings.seed, resume, VALIDATION_SIDE)
    crops = data.centre_crops(held_out, VALIDATION_SIDE)
    model = TransformNet()
    schedule = Schedule(settings.minutes, end=settings.transforms_end)
    run = start_run(model, [optimiser(model, settings.rate)], schedule, folder, 0.998, resume, begun)
    recipe = TransformRecipe(run, model, Batches(settings.batch, settings.crop, settings.seed), pictures, crops)
    train(run, recipe.loss, recipe.report, settings.every_minutes)
    try:
        export(run, pictures, settings)
    finally:
        run.save()


def export(run: Run, pictures: data.Pictures, settings: Hyperparameters) -> None:
    """Fit the contexts to the averaged transforms, count symbols, and write ``weights.npz`` in the run's folder.

    What is done is kept in a folder named by the step of the transforms.
    """
    folder = run.folder / f"contexts-{run.step}"
    whole = folder / "weights.npz"
    if not whole.exists():
        model = TransformNet()
        model.load_state_dict(run.average.values, strict=False)
        arrays, losses = with_contexts(filters(model.transform), pictures, settings.contexts, folder, run)
        run.log(context_losses=losses)
        weights.write(whole, arrays)
    (run.folder / "weights.npz").write_bytes(whole.read_bytes())
