"""The recipe of the recurrent codec: a linear start, its contexts, then networks and contexts together."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from nncodec.codecs.recurrent.bitplane_schedule import TARGETS, Slot, plan
from nncodec.codecs.recurrent.transform import CHANNELS, EDGE, PER_PLANE, SIDE, Floats, analyse, to_planes
from nncodec.codecs.recurrent.unrolled_torch import Outcome, Unrolled
from nncodec.nets import weights
from nncodec.training import data
from nncodec.training.export import shipped
from nncodec.training.loop import Run, Schedule, train
from nncodec.training.muon import Muon
from nncodec.training.start import load_data, start_run

VALIDATION_SIDE = 128
PLANNED_CROPS = 600
WARMUP_STEPS = 30
DECAY = 0.995
"""How much of the average of the weights a step leaves."""
PRIOR, TOGETHER, CONTEXTS = 0, 1, 2
"""Phases: contexts of the linear start, everything, contexts of what has been learned."""
GRAY_SHARE = 0.1
"""Share of the training crops that lose their colours."""
EARLY = 0.35
"""A layer's cost is weighted by its rate to the power of minus this, so that all count alike."""
SLOT_RATE = 4.0
"""Learning rate of what each slot has of its own, in those of the rest of the contexts."""


@dataclass(frozen=True)
class Hyperparameters:
    """What the command line can change."""

    minutes: float
    additive: bool = False
    """Whether what the decoder paints adds up, or each iteration paints the whole again (one-shot)."""
    batch: int = 6
    crop: int = 128
    """A multiple of 16."""
    encoder: int = 48
    decoder: int = 96
    hidden: int = 64
    rate: float = 1e-3
    prior_rate: float = 5e-3
    prior_share: float = 0.15
    """Share of the time, at its start, for the contexts alone."""
    drawn_share: float = 0.3
    """Share of the time, from its start, in which bits are drawn at random; afterwards they are decided."""
    context_share: float = 0.3
    """Share of the time, at its end, for the contexts alone."""
    seed: int = 0
    weights: Path | None = None
    """Weights as exported, to go on from; channels, hidden units and schedule are theirs then, and whether what is
    painted adds up. Then bits are decided from the start, and only the contexts at the end have time of their own."""
    every_minutes: float = 2.0


def to_input(crops: data.Bytes) -> Tensor:
    """(B, H, W, 3) uint8, sides 16 more than a multiple of 16, to coefficients (B, CHANNELS, h, w) float32."""
    return torch.from_numpy(np.stack([analyse(to_planes(crop)) for crop in crops]))


@dataclass
class Recipe:
    """Batches, loss and validation."""

    run: Run
    model: Unrolled
    settings: Hyperparameters
    pictures: data.Pictures
    validation: Tensor
    slopes: Tensor
    """(layers, 1): squared error that a bit is worth at each layer."""

    def loss(self, step: int, share: float) -> Tensor:
        """The cost of a fresh batch, which step and seed decide."""
        settings, run = self.settings, self.run
        if run.phase == PRIOR and share >= settings.prior_share:
            run.begin_phase(TOGETHER)
        if run.phase == TOGETHER and share > 1 - settings.context_share:
            self.model.load_state_dict(run.average.values)
            run.begin_phase(CONTEXTS)
        self.model.fix(run.phase == CONTEXTS)
        rng = np.random.default_rng((settings.seed, step))
        batch = to_input(data.random_crops(self.pictures, settings.batch, settings.crop + 2 * EDGE, rng))
        batch[rng.random(settings.batch) < GRAY_SHARE, PER_PLANE:] = 0
        torch.manual_seed(step)
        outcome = self.model(batch, run.phase != PRIOR, share < settings.drawn_share, (int(rng.integers(2)),))
        return self.cost(outcome)

    def cost(self, outcome: Outcome) -> Tensor:
        """The paper's sum over iterations (equation 6) of distortion, with a price for bits.

        Its root is taken for each crop and layer, so that the few with much texture do not rule.
        """
        layers = torch.tensor(TARGETS[: len(outcome.bits)])[:, None] ** -EARLY
        total: Tensor = (((outcome.bits + outcome.error / self.slopes) / PER_PLANE).sqrt() * layers).mean()
        return total

    @torch.no_grad()
    def report(self) -> None:
        """Log rate and PSNR (of unclipped coefficients) of the averaged weights after each layer."""
        with self.run.averaged():
            outcomes = [self.model(crop[None], self.run.phase != PRIOR, False) for crop in self.validation]
        errors = torch.cat([outcome.error for outcome in outcomes], 1)
        bits = torch.cat([outcome.bits for outcome in outcomes], 1)
        psnrs = (10 * torch.log10(255**2 * CHANNELS / errors)).mean(1).tolist()
        rates = (bits / PER_PLANE).mean(1).tolist()
        cost = float(self.cost(Outcome(errors, bits)))
        at = [round(float(np.interp(rate, rates, psnrs)), 3) for rate in (0.1, 0.25, 0.5, 1.0)]
        self.run.log(loss=self.run.guard.loss, cost=cost, psnr_at_rates=at, bpp=rates, psnr=psnrs)


def optimisers(model: Unrolled, settings: Hyperparameters) -> list[torch.optim.Optimizer]:
    """Muon for the kernels of the networks, Adam for the rest."""
    kernels = [p for p in model.network.parameters() if p.ndim == 4]
    others = [p for p in model.network.parameters() if p.ndim != 4]
    shared, own = [model.prior.enter, model.prior.pace, model.prior.leave], [model.prior.direct, model.prior.bias]
    groups = [
        {"params": others, "lr": settings.rate},
        {"params": shared, "lr": settings.prior_rate},
        {"params": own, "lr": SLOT_RATE * settings.prior_rate},
        {"params": [model.log_amplitude], "lr": settings.rate},
    ]
    return [Muon(kernels, settings.rate), torch.optim.Adam(groups, betas=(0.9, 0.98))]


def planned(pictures: data.Pictures, settings: Hyperparameters) -> tuple[list[Slot], list[float]]:
    """The schedule, from random crops that the seed decides."""
    rng = np.random.default_rng(settings.seed)
    crops = data.random_crops(pictures, PLANNED_CROPS, 8 * SIDE + 2 * EDGE, rng)
    coefficients: Floats = np.stack([analyse(to_planes(crop)) for crop in crops])
    return plan(np.moveaxis(coefficients, 1, -1).reshape(-1, CHANNELS))


def learn(folders: list[Path], folder: Path, settings: Hyperparameters, resume: bool) -> None:
    """Train, or go on training, in ``folder``; pictures are cached in ``cache`` beside it."""
    pictures, held_out = load_data(folders, folder, settings.seed)
    crops = data.centre_crops(held_out, VALIDATION_SIDE + 2 * EDGE)
    if settings.weights is None:
        sizes = settings.encoder, settings.decoder, settings.hidden
        model = Unrolled(*planned(pictures, settings), *sizes, settings.additive)
    else:
        model = Unrolled.of(shipped(settings.weights, "slots", "units"))
        settings = replace(settings, prior_share=0.0, drawn_share=0.0)
    schedule = Schedule(settings.minutes, WARMUP_STEPS)
    run = start_run(model, optimisers(model, settings), schedule, folder, DECAY, resume)
    recipe = Recipe(run, model, settings, pictures, to_input(crops), torch.tensor(model.slopes)[:, None])
    train(run, recipe.loss, recipe.report, settings.every_minutes)
    model.load_state_dict(run.average.values)
    weights.write(folder / "weights.npz", model.to_arrays())
