"""The recipe of the recurrent codec: contexts of the linear binariser, then networks and contexts, then contexts."""

import json
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from nncodec import progress
from nncodec.codecs.recurrent.bitplane_schedule import TARGETS, Bitplane, schedule_bitplanes
from nncodec.codecs.recurrent.transform import CHANNELS, EDGE, PER_PLANE, SIDE, Floats, analyse, to_planes
from nncodec.codecs.recurrent.unrolled_torch import Outcome, UnrolledCodec
from nncodec.nets import weights
from nncodec.training import data
from nncodec.training.export import shipped
from nncodec.training.loop import REPORT_SHARE, Run, Schedule, train
from nncodec.training.muon import Muon
from nncodec.training.start import load_data, start_run

VALIDATION_SIDE = 128
SCHEDULE_CROPS, FEWEST_CROPS = 600, 16
"""Crops that the schedule of bitplanes is made from, and how many there are at least."""
SCHEDULE_SHARE = 0.05
"""Share of the time that analysing them may take."""
WARMUP_STEPS = 30
DECAY = 0.995
"""Decay of the moving average of the parameters, per step."""
PRIOR, TOGETHER, CONTEXTS = 0, 1, 2
"""Phases: contexts of the linear binariser alone, networks and contexts, contexts of the trained networks."""
GRAY_SHARE = 0.1
"""Share of the training crops that lose their colours."""
EARLY = 0.35
"""A layer's cost is weighted by its rate to the power of minus this: the layers then count about equally."""
DIRECT_RATE = 4.0
"""Learning rate of the parameters of single bitplanes, in learning rates of the other parameters of the contexts."""


@dataclass(frozen=True)
class Hyperparameters:
    """The options of the command line."""

    minutes: float
    additive: bool = False
    """True: the decoder's corrections of all layers add up; false: the last is the whole (one-shot)."""
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
    """Weights as exported, to go on from; channels, hidden units, schedule and ``additive`` are theirs then.

    Then no bits are drawn, and only the contexts at the end have time of their own."""
    every_minutes: float = 2.0


def to_input(crops: data.Bytes) -> Tensor:
    """Transform (B, 16 h + 16, 16 w + 16, 3) uint8 to coefficients (B, CHANNELS, h, w) float32."""
    return torch.from_numpy(np.stack([analyse(to_planes(crop)) for crop in crops]))


@dataclass
class Recipe:
    """Batches, loss and validation."""

    run: Run
    model: UnrolledCodec
    settings: Hyperparameters
    pictures: data.Pictures
    validation: Tensor
    """(n, CHANNELS, h, w): coefficients of held-out crops."""
    slopes: Tensor
    """(layers, 1): squared error that a bit is worth at each layer."""

    def loss(self, step: int, share: float) -> Tensor:
        """The cost of a fresh batch; it depends on the seed, the step and the phase."""
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
        """The paper's sum of distortion over iterations (Toderici et al. 2017, equation 6), with a price for bits.

        Its root is taken for each crop and layer, so that crops of much texture do not dominate.
        """
        layers = torch.tensor(TARGETS[: len(outcome.bits)])[:, None] ** -EARLY
        total: Tensor = (((outcome.bits + outcome.error / self.slopes) / PER_PLANE).sqrt() * layers).mean()
        return total

    @torch.no_grad()
    def report(self) -> None:
        """Log rate and PSNR (of unclipped coefficients) of the averaged weights after each layer."""
        outcomes, enough = [], self.run.allowance(REPORT_SHARE)
        with self.run.averaged():
            for crop in self.validation:
                outcomes.append(self.model(crop[None], self.run.phase != PRIOR, False))
                if enough():
                    break
        errors = torch.cat([outcome.error for outcome in outcomes], 1)
        bits = torch.cat([outcome.bits for outcome in outcomes], 1)
        psnrs = (10 * torch.log10(255**2 * CHANNELS / errors)).mean(1).tolist()
        rates = (bits / PER_PLANE).mean(1).tolist()
        cost = float(self.cost(Outcome(errors, bits)))
        at = [round(float(np.interp(rate, rates, psnrs)), 3) for rate in (0.1, 0.25, 0.5, 1.0)]
        self.run.log(loss=self.run.guard.loss, cost=cost, psnr_at_rates=at, bpp=rates, psnr=psnrs)


def optimisers(model: UnrolledCodec, settings: Hyperparameters) -> list[torch.optim.Optimizer]:
    """Muon for the kernels of the networks, Adam for the rest."""
    kernels = [p for p in model.network.parameters() if p.ndim == 4]
    others = [p for p in model.network.parameters() if p.ndim != 4]
    shared, own = [model.prior.enter, model.prior.pace, model.prior.leave], [model.prior.direct, model.prior.bias]
    groups = [
        {"params": others, "lr": settings.rate},
        {"params": shared, "lr": settings.prior_rate},
        {"params": own, "lr": DIRECT_RATE * settings.prior_rate},
        {"params": [model.log_amplitude], "lr": settings.rate},
    ]
    return [Muon(kernels, settings.rate), torch.optim.Adam(groups, betas=(0.9, 0.98))]


def new_schedule(
    pictures: data.Pictures, settings: Hyperparameters, latest: float
) -> tuple[list[Bitplane], list[float]]:
    """The bitplanes and slopes of all layers (`schedule_bitplanes`), from random crops that depend on the seed.

    ``latest`` is the time of `time.monotonic` after which no more crops are analysed than `FEWEST_CROPS`.
    """
    rng = np.random.default_rng(settings.seed)
    crops = data.random_crops(pictures, SCHEDULE_CROPS, 8 * SIDE + 2 * EDGE, rng)
    found: list[Floats] = []
    tick = progress.counter("analysing crops for the bitplane schedule", len(crops))
    for crop in crops:
        if len(found) >= FEWEST_CROPS and time.monotonic() > latest:
            break
        found.append(analyse(to_planes(crop)))
        tick()
    return schedule_bitplanes(np.moveaxis(np.stack(found), 1, -1).reshape(-1, CHANNELS))


def kept_schedule(
    path: Path, pictures: data.Pictures, settings: Hyperparameters, resume: bool, latest: float
) -> tuple[list[Bitplane], list[float]]:
    """The schedule of the run that is resumed, in a file; else a new one, which is written there."""
    if not (resume and path.exists()):
        bitplanes, slopes = new_schedule(pictures, settings, latest)
        path.write_text(
            json.dumps([[asdict(each) for each in bitplanes], slopes], default=lambda number: number.item()),
            encoding="utf-8",
        )
    kept, slopes = json.loads(path.read_text(encoding="utf-8"))
    return [Bitplane(**each) for each in kept], slopes


def learn(folders: list[Path], folder: Path, settings: Hyperparameters, resume: bool) -> None:
    """Train, or resume training, in ``folder``, and write ``weights.npz`` there; pictures are cached beside it."""
    begun = time.monotonic()
    pictures, held_out = load_data(folders, folder, settings.seed, resume, VALIDATION_SIDE + 2 * EDGE)
    crops = data.centre_crops(held_out, VALIDATION_SIDE + 2 * EDGE)
    if settings.weights is None:
        sizes = settings.encoder, settings.decoder, settings.hidden
        latest = begun + 60 * settings.minutes * SCHEDULE_SHARE
        bitplanes_and_slopes = kept_schedule(folder / "schedule.json", pictures, settings, resume, latest)
        model = UnrolledCodec(*bitplanes_and_slopes, *sizes, settings.additive)
    else:
        model = UnrolledCodec.of(shipped(settings.weights, "slots", "units"))
        settings = replace(settings, prior_share=0.0, drawn_share=0.0)
    schedule = Schedule(settings.minutes, WARMUP_STEPS)
    run = start_run(model, optimisers(model, settings), schedule, folder, DECAY, resume, begun)
    recipe = Recipe(run, model, settings, pictures, to_input(crops), torch.tensor(model.slopes)[:, None])
    train(run, recipe.loss, recipe.report, settings.every_minutes)
    model.load_state_dict(run.average.values)
    weights.write(folder / "weights.npz", model.to_arrays())
