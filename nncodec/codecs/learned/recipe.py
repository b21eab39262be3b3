"""The recipe of the learned codec: transforms as those of the ccnn codec, contexts, then the synthesis network."""

import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from nncodec import progress
from nncodec.codecs.learned.coded_crops_torch import CodedCrops
from nncodec.codecs.learned.context_fit_torch import ContextSettings, Ends, with_contexts
from nncodec.codecs.learned.model import LearnedModel
from nncodec.errors import EncodeError
from nncodec.lapped import recipe as transform_recipe
from nncodec.lapped.layout import MAX_QUALITY_INDEX, PLANES, STRIDE
from nncodec.lapped.recipe import TransformNet, TransformRecipe
from nncodec.lapped.transform_torch import Transform
from nncodec.nets import weights
from nncodec.nets.quantised import restored
from nncodec.nets.resnet import UNIT
from nncodec.nets.resnet_torch import ArtifactNet
from nncodec.training import data, muon
from nncodec.training.export import exported, shipped
from nncodec.training.loop import REPORT_SHARE, Run, Schedule, train
from nncodec.training.start import load_data, start_run

VALIDATION_SIDE = 256
VALIDATION_QUALITIES = (20, 50, 80, 110, 140)
BORDER = 8
"""Pixels at the border of a crop that the loss leaves out: there the network sees zeros, as it never does in use."""
FLOOR = 0.02
"""Squared error, in squared quantiser steps, that is added to a crop's own before it divides the loss."""
TRANSFORMS, PREPARATION, NETWORK = range(3)
"""Phases: transforms; contexts, and coding under them; the network."""
CODED = 256
"""Side of the crops that are coded for the network, in pixels."""


@dataclass(frozen=True)
class Hyperparameters:
    """Hyperparameters of one run, most of them options of `nnc train learned`."""

    minutes: float
    transforms_end: float = 0.04
    """Share of the time, at the start, in which the transforms are trained."""
    contexts_end: Ends = Ends(0.08, 0.62, 0.64)
    """Shares at which the parts of the fit of the contexts end."""
    coding_end: float = 0.71
    """Share at which the coding of crops for the network ends; the rest is the network's."""
    batch: int = 8
    crop: int = 128
    """Side of the crops that transforms learn from."""
    region: int = 192
    """Side of the regions of coded crops that the network learns from; the batch shrinks to keep its pixels."""
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
    network_only: bool = False
    """Train the network alone; transforms and contexts stay those of ``weights``."""
    every_minutes: float = 5.0
    context_steps: int = 20_000
    """Steps of the network of a group with many bits; see `nncodec.codecs.learned.context_fit_torch.SHARES`."""
    context_crops: int = 4000
    """Crops whose latents are kept on disk while contexts are trained, 0.8 MB each; as many are coded, 0.6 MB each."""


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
    def decoded(self, symbols: Tensor, quality: Tensor) -> tuple[Tensor, Tensor]:
        """Planes (B, 3, H, W) of symbols (B, PLANES * CHANNELS, h, w), and quantiser steps (B, 1, 1, 1)."""
        step = transform_recipe.steps(quality)
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
        if self.run.phase == TRANSFORMS and share < self.settings.transforms_end:
            return self.transforms.loss(step, share)
        if self.run.phase == TRANSFORMS:
            self.run.begin_phase(PREPARATION)
            self.model.load_state_dict(self.run.average.values)
            self.model.transform.symmetrise()
        if self.run.phase == PREPARATION:
            self._prepare()
            self.run.begin_phase(NETWORK, full_rate=True)
        return self._network_loss(step)

    def _prepare(self) -> None:
        """Fit the contexts and code crops under them, unless an earlier sitting did."""
        self.run.log(coded_crops=len(self.coded.quality), held_out_crops=len(self.held_out.quality))

    @cached_property
    def contexts(self) -> weights.Arrays:
        """Transforms, contexts and tables, which are fitted as soon as the transforms are trained."""
        if self.settings.network_only and self.settings.weights is not None:
            arrays = shipped(self.settings.weights, "analysis", "net.place", "y0.bits")
            return {name: array for name, array in arrays.items() if not name.startswith("net.")}
        path = self.run.folder / "contexts.npz"
        if not path.exists():
            weights.write(path, self._fitted())
        return weights.read(path.read_bytes())

    def _fitted(self) -> weights.Arrays:
        """Fit the contexts; weights that the run began with lend theirs, to begin with and to choose symbols."""
        settings = self.settings
        before = None if settings.weights is None else shipped(settings.weights, "analysis", "y0.bits")
        how = ContextSettings(settings.context_crops, settings.context_steps, seed=settings.seed)
        filters = transform_recipe.filters(self.model.transform)
        folder = self.run.folder / "contexts"
        return with_contexts(filters, self.pictures, folder, how, self.run, settings.contexts_end, before)

    @cached_property
    def coded(self) -> CodedCrops:
        """Crops as the encoder codes them under the contexts, and for the network that the run began with, if any."""
        settings, folder = self.settings, self.run.folder / "coded"
        begun = {} if settings.weights is None else shipped(settings.weights, "net.place")
        model = LearnedModel(0, begun | self.contexts)
        progress.stage("coding crops for the network")
        seed, enough = settings.seed + 1, self.run.past(settings.coding_end)
        return CodedCrops.random(folder, settings.context_crops, CODED, self.pictures, model, seed, enough)

    @cached_property
    def held_out(self) -> CodedCrops:
        """The crops for validation, coded at each of the qualities."""
        progress.stage("coding crops for validation")
        folder, enough = self.run.folder / "held-out", self.run.allowance(REPORT_SHARE)
        return CodedCrops.of(folder, self.validation, VALIDATION_QUALITIES, LearnedModel(0, self.contexts), enough)

    def _network_loss(self, step: int) -> Tensor:
        """Squared error of the corrected regions over that without correction."""
        settings, rng = self.settings, np.random.default_rng((self.settings.seed, step))
        side = settings.region
        batch = max(1, round(settings.batch * (settings.crop / side) ** 2))
        symbols, planes, quality = self.coded.batch(np.sort(rng.integers(len(self.coded.quality), size=batch)))
        decoded, steps = self.model.decoded(symbols, quality)
        top, left = (STRIDE * int(at) for at in rng.integers(0, (CODED - side) // STRIDE + 1, 2))
        pair = [each[..., top : top + side, left : left + side] for each in (decoded, planes)]
        decoded, planes = _turned(pair, rng.integers(0, 2, 3).tolist())
        before, after = (
            (seen - planes)[..., BORDER:-BORDER, BORDER:-BORDER].square().mean((1, 2, 3))
            for seen in (decoded, self.model.corrected(decoded, steps, quality))
        )
        return (after / (before + FLOOR * steps.flatten() ** 2)).mean()

    @property
    def networks(self) -> dict[str, ArtifactNet]:
        """What `nnc train slim` makes thinner, by part."""
        return {"net": self.model.net}

    def arrays(self) -> weights.Arrays:
        """The averaged weights as they ship."""
        with self.run.averaged():
            return self.contexts | network(self.model.net)

    @torch.no_grad()
    def report(self) -> None:
        """Log rate and PSNR of the averaged weights while transforms are trained, then the network's gains in dB."""
        if self.run.phase != NETWORK:
            self.transforms.report()
            return
        gains: list[list[float]] = [[] for _ in VALIDATION_QUALITIES]
        enough = self.run.allowance(REPORT_SHARE)
        with self.run.averaged():
            for at in range(len(self.held_out.quality)):
                if at >= len(gains) and enough():
                    break
                gains[at % len(gains)].append(self._gain(*self.held_out.batch(np.array([at]))))
        self.run.log(loss=round(self.run.guard.loss, 4), gain=[round(float(np.mean(each)), 3) for each in gains])

    def _gain(self, symbols: Tensor, planes: Tensor, quality: Tensor) -> float:
        """The network's gain of PSNR over three planes, in dB."""
        decoded, step = self.model.decoded(symbols, quality)
        before, after = (decoded - planes), (self.model.corrected(decoded, step, quality) - planes)
        return float(10 * torch.log10(before.square().mean() / after.square().mean()))


def _turned(pair: list[Tensor], flips: list[int]) -> list[Tensor]:
    """Planes (B, 3, side, side) mirrored vertically, horizontally, and transposed, where the flips say so."""
    for axis in (2, 3):
        if flips[axis - 2]:
            pair = [each.flip(axis) for each in pair]
    return [each.transpose(2, 3) for each in pair] if flips[2] else pair


def optimisers(model: LearnedNet, settings: Hyperparameters) -> list[torch.optim.Optimizer]:
    """The optimiser of the transforms, then those of the network."""
    return [transform_recipe.optimiser(model, settings.transform_rate), *muon.optimisers(model.net, settings.rate)]


def learn(folders: list[Path], folder: Path, settings: Hyperparameters, resume: bool) -> None:
    """Train, or go on training, in ``folder``; pictures are cached in ``cache`` beside it."""
    recipe = begin(folders, folder, settings, resume, time.monotonic())
    train(recipe.run, recipe.loss, recipe.report, settings.every_minutes)
    weights.write(folder / "weights.npz", recipe.arrays())


def begin(folders: list[Path], folder: Path, settings: Hyperparameters, resume: bool, begun: float) -> Recipe:
    """The run up to its first step; it began at ``begun``, by `time.monotonic`."""
    if settings.region > CODED or settings.region % STRIDE:
        raise EncodeError(f"regions of {settings.region} pixels", f"multiples of {STRIDE} up to {CODED} are possible")
    pictures, held_out = load_data(folders, folder, settings.seed, resume, VALIDATION_SIDE)
    crops = data.centre_crops(held_out, VALIDATION_SIDE)
    model = LearnedNet(settings.stride, settings.width, settings.blocks)
    if settings.weights is not None:
        model = LearnedNet.of(shipped(settings.weights, "analysis", "net.place"))
    model.net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    schedule = Schedule(settings.minutes)
    run = start_run(model, optimisers(model, settings), schedule, folder, settings.average, resume, begun)
    first = transform_recipe.Batches(settings.batch, settings.crop, settings.seed)
    transforms = TransformRecipe(run, model, first, pictures, crops)
    return Recipe(run, model, transforms, settings, pictures, crops)


def network(net: ArtifactNet) -> weights.Arrays:
    """The network's arrays as they ship."""
    return exported(dict(net.named_parameters()), "net.")
