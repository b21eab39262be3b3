"""The recipe of the learned codec: transforms as the ccnn codec's, then the network that polishes what they paint."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from nncodec.lapped import recipe as transform_recipe
from nncodec.lapped.calibration import ContextSettings, with_contexts
from nncodec.lapped.encoder import PRICE, ROUNDING
from nncodec.lapped.layout import MAX_QUALITY_INDEX, PLANES
from nncodec.lapped.recipe import to_input
from nncodec.lapped.transform_torch import Transform
from nncodec.nets import weights
from nncodec.nets.quantised import restored
from nncodec.nets.resnet import UNIT
from nncodec.nets.resnet_torch import ArtifactNet
from nncodec.training import data, muon
from nncodec.training.export import exported, shipped
from nncodec.training.loop import Run, Schedule, train
from nncodec.training.start import load_data, start_run

VALIDATION_SIDE = 256
VALIDATION_QUALITIES = (20, 50, 80, 110, 140)
BORDER = 8
"""Pixels at the border of a crop that do not count: there the network sees zeros, as it never will when applied."""
FLOOR = 0.02
"""Squared error, in squared quantiser steps, that is added to a crop's own before it divides the loss."""
SKEW, HIGHEST = 1.3, 0.95
"""Qualities are drawn as a uniform number to this power, times this share of the range: the low ones more often."""


@dataclass(frozen=True)
class Hyperparameters:
    """What the command line can change."""

    minutes: float
    transform_share: float = 0.12
    """Share of the time, at the start, in which the transforms are trained."""
    batch: int = 8
    crop: int = 128
    late_crop: int = 192
    """Side of the crops in the last part of the run; the batch shrinks to keep its pixels."""
    late_share: float = 0.4
    rate: float = 1e-3
    """Learning rate of the network."""
    transform_rate: float = 2e-3
    """Learning rate of the hidden channels of the transforms; see `nncodec.lapped.recipe`."""
    average: float = 0.998
    stride: int = 4
    width: int = 80
    blocks: int = 4
    seed: int = 0
    weights: Path | None = None
    """Weights as exported, to go on from; stride, width and blocks are theirs then."""
    every_minutes: float = 5.0
    contexts: ContextSettings = ContextSettings()


class Model(transform_recipe.Model):
    """Transforms and stand-in, and the network."""

    def __init__(self, stride: int, width: int, blocks: int) -> None:
        super().__init__()
        self.net = ArtifactNet(1, stride, width, blocks)

    @classmethod
    def of(cls, arrays: weights.Arrays) -> "Model":
        """Transforms and network of weights as they ship; the stand-in, which does not ship, is new."""
        values = restored(arrays, "net")
        net = ArtifactNet.of(values)
        model = cls(net.stride, len(values["enter.bias"]), len(net.blocks))
        model.transform, model.net = Transform.of(arrays, PLANES), net
        return model

    @torch.no_grad()
    def painted(self, planes: Tensor, quality: Tensor) -> tuple[Tensor, Tensor]:
        """What the transforms paint of planes (B, 3, H, W) once symbols are chosen; and the quantiser steps."""
        step = transform_recipe.steps(quality)
        symbols = self.activity.symbols(self.transform.latent(planes) / step, quality, ROUNDING * PRICE)
        return self.transform.planes(symbols) * step, step

    def polished(self, painted: Tensor, step: Tensor, quality: Tensor) -> Tensor:
        """What the network makes of painted planes."""
        family = torch.zeros(len(painted), dtype=torch.long)
        with torch.autocast("cpu", torch.bfloat16):
            x = (painted / UNIT).contiguous(memory_format=torch.channels_last)
            added = self.net(x, family, quality / MAX_QUALITY_INDEX)
        y: Tensor = painted + added.float() * step
        return y


@dataclass
class Recipe:
    """Batches, loss and validation of one run."""

    run: Run
    model: Model
    transforms: transform_recipe.Recipe
    settings: Hyperparameters
    pictures: data.Pictures
    validation: data.Bytes

    def loss(self, step: int, share: float) -> Tensor:
        """Loss of a fresh batch; it depends on the seed, the step and the phase alone."""
        phase = int(share >= self.settings.transform_share)
        if phase != self.run.phase:
            self.run.begin_phase(phase)
            self.model.load_state_dict(self.run.average.values)
            self.model.transform.symmetrise()
        return self._polishing(step, share) if phase else self.transforms.loss(step, share)

    def _polishing(self, step: int, share: float) -> Tensor:
        """Squared error of the polished crops over that of the painted ones."""
        settings, rng = self.settings, np.random.default_rng((self.settings.seed, step))
        side, batch = settings.crop, settings.batch
        if share > 1 - settings.late_share:
            side, batch = settings.late_crop, max(1, round(batch * (settings.crop / settings.late_crop) ** 2))
        planes = to_input(data.random_crops(self.pictures, batch, side, rng))
        spread = ((rng.permutation(batch) + rng.random(batch)) / batch) ** SKEW * (HIGHEST * MAX_QUALITY_INDEX)
        quality = torch.from_numpy(spread.astype(np.float32))
        painted, steps = self.model.painted(planes, quality)
        before, after = (
            (seen - planes)[..., BORDER:-BORDER, BORDER:-BORDER].square().mean((1, 2, 3))
            for seen in (painted, self.model.polished(painted, steps, quality))
        )
        return (after / (before + FLOOR * steps.flatten() ** 2)).mean()

    @torch.no_grad()
    def report(self) -> None:
        """Log rate and PSNR of the averaged weights while transforms are trained, then what the network gains in dB."""
        if not self.run.phase:
            self.transforms.report()
            return
        gains = []
        with self.run.averaged():
            for quality in VALIDATION_QUALITIES:
                at = torch.full((1,), float(quality))
                gains.append(float(np.mean([self._gain(crop[None], at) for crop in to_input(self.validation)])))
        self.run.log(loss=round(self.run.guard.loss, 4), gain=[round(gain, 3) for gain in gains])

    def _gain(self, planes: Tensor, quality: Tensor) -> float:
        painted, step = self.model.painted(planes, quality)
        before, after = (painted - planes), (self.model.polished(painted, step, quality) - planes)
        return float(10 * torch.log10(before.square().mean() / after.square().mean()))


def optimisers(model: Model, settings: Hyperparameters) -> list[torch.optim.Optimizer]:
    """The optimiser of the transforms, then those of the network."""
    return [transform_recipe.optimiser(model, settings.transform_rate), *muon.optimisers(model.net, settings.rate)]


def learn(folders: list[Path], folder: Path, settings: Hyperparameters, resume: bool) -> None:
    """Train, or go on training, in ``folder``; pictures are cached in ``cache`` beside it."""
    pictures, held_out = load_data(folders, folder, settings.seed)
    crops = data.centre_crops(held_out, VALIDATION_SIDE)
    model = Model(settings.stride, settings.width, settings.blocks)
    if settings.weights is not None:
        model = Model.of(shipped(settings.weights, "analysis", "net.place"))
    model.net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    schedule = Schedule(settings.minutes)
    run = start_run(model, optimisers(model, settings), schedule, folder, settings.average, resume)
    first = transform_recipe.Batches(settings.batch, settings.crop, settings.seed)
    transforms = transform_recipe.Recipe(run, model, first, pictures, crops)
    recipe = Recipe(run, model, transforms, settings, pictures, crops)
    train(run, recipe.loss, recipe.report, settings.every_minutes)
    export(run, model, pictures, settings.contexts)


def export(run: Run, model: Model, pictures: data.Pictures, settings: ContextSettings) -> None:
    """Fit the contexts to the averaged transforms, count symbols, and write ``weights.npz`` in the run's folder."""
    model.load_state_dict(run.average.values)
    arrays, losses = with_contexts(transform_recipe.filters(model.transform), pictures, settings)
    run.log(context_losses=losses)
    weights.write(run.folder / "weights.npz", arrays | network(model.net))


def network(net: ArtifactNet) -> weights.Arrays:
    """The network's arrays as they ship."""
    return exported(dict(net.named_parameters()), "net.")
