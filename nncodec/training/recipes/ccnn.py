"""The recipe of the ccnn codec: first the transforms, against a stand-in for the rate; then the contexts."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from nncodec import models
from nncodec.entropy.bands import (
    CHANNELS,
    COARSEST_STEP,
    MAX_QUALITY_INDEX,
    PLANES,
    STEP_OCTAVES,
    TAPS,
    step_size,
)
from nncodec.nets.lapped import HIDDEN, OPPONENT
from nncodec.nets.lapped_coder import PRICE
from nncodec.nets.rate import rounded
from nncodec.nets.transform import Activity, Transform
from nncodec.training import data
from nncodec.training.calibrate import ContextSettings, with_contexts
from nncodec.training.loop import Guard, Run, Schedule, train
from nncodec.training.state import Average

VALIDATION_SIDE = 256
VALIDATION_QUALITIES = (40, 80, 120, 160)


@dataclass(frozen=True)
class Settings:
    """What the command line can change."""

    minutes: float
    batch: int = 8
    crop: int = 128
    rate: float = 2e-3
    """Learning rate of the hidden channels; the filters get a tenth, the stand-in five times as much."""
    seed: int = 0
    every_minutes: float = 2.0
    contexts: ContextSettings = ContextSettings()


class Model(nn.Module):
    """Transforms and stand-in, trained together."""

    def __init__(self) -> None:
        super().__init__()
        self.transform = Transform()
        self.activity = Activity()

    def forward(self, planes: Tensor, quality: Tensor) -> tuple[Tensor, Tensor]:
        """Bits per pixel and squared error per pixel (of three planes), (B,) each, at quality indices (B,)."""
        step = steps(quality)
        wanted = self.transform.latent(planes) / step
        painted = self.transform.planes(rounded(wanted)) * step
        area = planes.shape[2] * planes.shape[3]
        return self.activity.rate(wanted, quality) / area, (painted - planes).square().sum((1, 2, 3)) / area


def steps(quality: Tensor) -> Tensor:
    """Quantiser steps in levels, (B, 1, 1, 1), at quality indices (B,)."""
    step: Tensor = COARSEST_STEP * torch.exp2(-STEP_OCTAVES / MAX_QUALITY_INDEX * quality)
    return step[:, None, None, None]


def to_input(crops: data.Bytes) -> Tensor:
    """(B, H, W, 3) uint8 to (B, 3, H, W) float32: levels less 128, in the opponent colours of the start."""
    turned = (crops.astype(np.float32) - 128) @ OPPONENT.T
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(turned, -1, 1)))


@dataclass
class Recipe:
    """Batches, loss and validation of the transforms."""

    run: Run
    model: Model
    settings: Settings
    pictures: data.Pictures
    validation: data.Bytes

    def loss(self, step: int, share: float) -> Tensor:
        """(bits per pixel + lambda * squared error) / sqrt(lambda) of a fresh batch, which step and seed decide."""
        settings, rng = self.settings, np.random.default_rng((self.settings.seed, step))
        with torch.no_grad():
            self.model.transform.symmetrise()
        planes = to_input(data.random_crops(self.pictures, settings.batch, settings.crop, rng))
        spread = (rng.permutation(settings.batch) + rng.random(settings.batch)) / settings.batch * MAX_QUALITY_INDEX
        rate, error = self.model(planes, torch.from_numpy(spread.astype(np.float32)))
        price = torch.tensor([PRICE / step_size(quality) ** 2 for quality in spread], dtype=torch.float32)
        cost: Tensor = ((rate + price * error) / price.sqrt()).mean()
        return cost

    @torch.no_grad()
    def report(self) -> None:
        """Log the stand-in's rate and the PSNR of the averaged weights, on the validation crops."""
        planes, rates, psnrs = to_input(self.validation), [], []
        with self.run.averaged():
            self.model.transform.symmetrise()
            for quality in VALIDATION_QUALITIES:
                outcomes = [self.model(crop[None], torch.full((1,), float(quality))) for crop in planes]
                rates.append(float(torch.cat([rate for rate, _ in outcomes]).mean()))
                errors = torch.cat([error for _, error in outcomes]) / 3
                psnrs.append(float((10 * torch.log10(255**2 / errors)).mean()))
        self.run.log(loss=self.run.guard.loss, bpp=rates, psnr=psnrs)


def optimiser(model: Model, rate: float) -> torch.optim.Optimizer:
    """Adam; the filters of the latent start good and move slowly."""
    slow = [model.transform.analysis, model.transform.synthesis]
    hidden = [model.transform.hidden, model.transform.hidden_bias, model.transform.paint]
    groups = [
        {"params": slow, "lr": 0.1 * rate},
        {"params": hidden, "lr": rate},
        {"params": list(model.activity.parameters()), "lr": 5 * rate},
    ]
    return torch.optim.Adam(groups, betas=(0.9, 0.98), eps=1e-10)


def learn(folders: list[Path], folder: Path, settings: Settings, resume: bool) -> None:
    """Train, or go on training, in ``folder``; pictures are cached in ``cache`` beside it."""
    torch.manual_seed(settings.seed)
    folder.mkdir(parents=True, exist_ok=True)
    training, held_out = data.find_pictures(folders)
    pictures = data.load_pictures(training, folder.parent / "cache")
    crops = data.centre_crops(data.load_pictures(held_out, folder.parent / "cache"), VALIDATION_SIDE)
    model = Model()
    run = Run(
        model, [optimiser(model, settings.rate)], Schedule(settings.minutes), folder, Average(model, 0.998), Guard()
    )
    if resume:
        run.resume()
    recipe = Recipe(run, model, settings, pictures, crops)
    train(run, recipe.loss, recipe.report, settings.every_minutes)
    export(run, pictures, settings)


def filters(transform: Transform) -> dict[str, npt.NDArray[np.floating]]:
    """The transforms' arrays as they ship, float16; every filter of the synthesis has the norm 1."""
    transform.symmetrise()
    shape = PLANES, CHANNELS, TAPS, TAPS
    synthesis, analysis = (p.detach().numpy().reshape(shape) for p in (transform.synthesis, transform.analysis))
    norms = np.sqrt(np.square(synthesis).sum((2, 3), keepdims=True))
    arrays = {
        "analysis": analysis * norms,
        "synthesis": synthesis / norms,
        "paint": transform.paint.detach().numpy().reshape(PLANES, HIDDEN, TAPS, TAPS),
        "hidden": transform.hidden.detach().numpy().reshape(PLANES, HIDDEN, CHANNELS - 1, 3, 3),
        "bias": transform.hidden_bias.detach().numpy().reshape(PLANES, HIDDEN),
    }
    return {name: array.astype(np.float16) for name, array in arrays.items()}


def export(run: Run, pictures: data.Pictures, settings: Settings) -> None:
    """Fit the contexts to the averaged transforms, count symbols, and write ``weights.npz`` in the run's folder."""
    model = Model()
    model.load_state_dict(run.average.values, strict=False)
    arrays, losses = with_contexts(filters(model.transform), pictures, settings.contexts)
    run.log(context_losses=losses)
    models.write(run.folder / "weights.npz", arrays)
