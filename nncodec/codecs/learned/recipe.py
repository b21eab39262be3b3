"""The recipe of the learned codec: transforms as those of the ccnn codec, the synthesis network, then the contexts."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from nncodec.codecs.learned.context_fit_torch import ContextSettings, with_contexts
from nncodec.lapped import recipe as transform_recipe
from nncodec.lapped.encoder import PRICE, PRICE_FACTOR
from nncodec.lapped.layout import MAX_QUALITY_INDEX, PLANES
from nncodec.lapped.recipe import TransformNet, TransformRecipe, to_input
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
"""Pixels at the border of a crop that the loss leaves out: there the network sees zeros, as it never does in use."""
FLOOR = 0.02
"""Squared error, in squared quantiser steps, that is added to a crop's own before it divides the loss."""
SKEW, HIGHEST = 1.3, 0.95
"""Qualities are drawn as a uniform number to this power, times this share of the range: the low ones more often."""


@dataclass(frozen=True)
class Hyperparameters:
    """Hyperparameters of one run, most of them options of `nnc train learned`."""

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
    transform_rate: float = 2e-4
    """Learning rate of the filters of the transforms; see `nncodec.lapped.recipe.optimiser`."""
    average: float = 0.998
    stride: int = 4
    width: int = 80
    blocks: int = 4
    seed: int = 0
    weights: Path | None = None
    """Exported weights to go on from, which then decide stride, width and blocks."""
    every_minutes: float = 5.0
    context_steps: int = 20_000
    """Steps of the network of a group with many bits; see `nncodec.codecs.learned.context_fit_torch.SHARES`."""
    context_crops: int = 4000
    """Crops whose latents are kept on disk while contexts are trained, 0.8 MB each."""


class LearnedNet(TransformNet):
    """The transforms, the proxy of the rate, and the synthesis network."""

    def __init__(self, stride: int, width: int, blocks: int) -> None:
        super().__init__()
        self.net = ArtifactNet(1, stride, width, blocks)

    @classmethod
    def of(cls, arrays: weights.Arrays) -> "LearnedNet":
        """Transforms and network from weights as they ship; the proxy, which does not ship, is new."""
        values = restored(arrays, "net")
        net = ArtifactNet.of(values)
        model = cls(net.stride, len(values["enter.bias"]), len(net.blocks))
        model.transform, model.net = Transform.of(arrays, PLANES), net
        return model

    @torch.no_grad()
    def decoded(self, planes: Tensor, quality: Tensor) -> tuple[Tensor, Tensor]:
        """Planes (B, 3, H, W) after quantisation and the transposed convolution; and quantiser steps (B, 1, 1, 1)."""
        step = transform_recipe.steps(quality)
        symbols = self.proxy.symbols(self.transform.latent(planes) / step, quality, PRICE_FACTOR * PRICE)
        return self.transform.planes(symbols) * step, step

    def corrected(self, decoded: Tensor, step: Tensor, quality: Tensor) -> Tensor:
        """Decoded planes (B, 3, H, W) with the network's correction."""
        family = torch.zeros(len(decoded), dtype=torch.long)
        with torch.autocast("cpu", torch.bfloat16):
            x = (decoded / UNIT).contiguous(memory_format=torch.channels_last)
            added = self.net(x, family, quality / MAX_QUALITY_INDEX)
        y: Tensor = decoded + added.float() * step
        return y


@dataclass
class Recipe:
    """Batches, loss and validation of one run."""

    run: Run
    model: LearnedNet
    transforms: TransformRecipe
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
        return self._network_loss(step, share) if phase else self.transforms.loss(step, share)

    def _network_loss(self, step: int, share: float) -> Tensor:
        """Squared error of the corrected crops over that without correction."""
        settings, rng = self.settings, np.random.default_rng((self.settings.seed, step))
        side, batch = settings.crop, settings.batch
        if share > 1 - settings.late_share:
            side, batch = settings.late_crop, max(1, round(batch * (settings.crop / settings.late_crop) ** 2))
        planes = to_input(data.random_crops(self.pictures, batch, side, rng))
        spread = ((rng.permutation(batch) + rng.random(batch)) / batch) ** SKEW * (HIGHEST * MAX_QUALITY_INDEX)
        quality = torch.from_numpy(spread.astype(np.float32))
        decoded, steps = self.model.decoded(planes, quality)
        before, after = (
            (seen - planes)[..., BORDER:-BORDER, BORDER:-BORDER].square().mean((1, 2, 3))
            for seen in (decoded, self.model.corrected(decoded, steps, quality))
        )
        return (after / (before + FLOOR * steps.flatten() ** 2)).mean()

    @torch.no_grad()
    def report(self) -> None:
        """Log rate and PSNR of the averaged weights while transforms are trained, then the network's gains in dB."""
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
        """The network's gain of PSNR over three planes, in dB."""
        decoded, step = self.model.decoded(planes, quality)
        before, after = (decoded - planes), (self.model.corrected(decoded, step, quality) - planes)
        return float(10 * torch.log10(before.square().mean() / after.square().mean()))


def optimisers(model: LearnedNet, settings: Hyperparameters) -> list[torch.optim.Optimizer]:
    """The optimiser of the transforms, then those of the network."""
    return [transform_recipe.optimiser(model, settings.transform_rate), *muon.optimisers(model.net, settings.rate)]


def learn(folders: list[Path], folder: Path, settings: Hyperparameters, resume: bool) -> None:
    """Train, or go on training, in ``folder``; pictures are cached in ``cache`` beside it."""
    pictures, held_out = load_data(folders, folder, settings.seed, resume, VALIDATION_SIDE)
    crops = data.centre_crops(held_out, VALIDATION_SIDE)
    model = LearnedNet(settings.stride, settings.width, settings.blocks)
    if settings.weights is not None:
        model = LearnedNet.of(shipped(settings.weights, "analysis", "net.place"))
    model.net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    schedule = Schedule(settings.minutes)
    run = start_run(model, optimisers(model, settings), schedule, folder, settings.average, resume)
    first = transform_recipe.Batches(settings.batch, settings.crop, settings.seed)
    transforms = TransformRecipe(run, model, first, pictures, crops)
    recipe = Recipe(run, model, transforms, settings, pictures, crops)
    train(run, recipe.loss, recipe.report, settings.every_minutes)
    export(run, model, pictures, settings)


def export(run: Run, model: LearnedNet, pictures: data.Pictures, settings: Hyperparameters) -> None:
    """Fit the contexts to the averaged transforms, count symbols, and write ``weights.npz`` in the run's folder.

    Weights that the run began with lend their contexts to the choice of the symbols that contexts are fitted to.
    """
    model.load_state_dict(run.average.values)
    before = None if settings.weights is None else shipped(settings.weights, "analysis", "y0.bits")

    def tell(name: str, cost: float) -> None:
        run.log(context=name, cost=round(cost, 4))

    filters = transform_recipe.filters(model.transform)
    how = ContextSettings(settings.context_crops, settings.context_steps, seed=settings.seed)
    arrays = with_contexts(filters, pictures, run.folder / "contexts", how, tell, before)
    weights.write(run.folder / "weights.npz", arrays | network(model.net))


def network(net: ArtifactNet) -> weights.Arrays:
    """The network's arrays as they ship."""
    return exported(dict(net.named_parameters()), "net.")
