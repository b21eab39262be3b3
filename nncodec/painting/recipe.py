"""The recipe of the generators of superres and generative: squared error first, then a discriminator beside it.

First the network ``exact`` learns what leaves the least squared error, relative to that of the up-scaled picture. The
network ``painted`` goes on from it with three losses: squared error, distance of AlexNet's features, and the judgement
of a discriminator that sees the small picture, too (Ledig et al. 2017, SRGAN; Mentzer et al. 2020, HiFiC). Both players
take their steps at once.
"""

import time
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from nncodec.errors import EncodeError
from nncodec.image.scaling import downscale
from nncodec.nets import stlpips_torch, weights
from nncodec.nets.resnet import LEVELS, UNIT, Shape
from nncodec.nets.resnet_torch import ArtifactNet
from nncodec.nets.stlpips_torch import alex_distance
from nncodec.painting.crops_torch import beside, crops_of, noise_planes, parts_of, rgb_of
from nncodec.painting.discriminator_torch import Discriminator, frozen_scores, hinge
from nncodec.painting.growing_torch import grown
from nncodec.painting.networks import PARTS
from nncodec.painting.tasks import Task, starts
from nncodec.training import data
from nncodec.training.batches import FLOOR, Batch, error, inner, random_batch
from nncodec.training.export import exported, shipped
from nncodec.training.loop import Run, Schedule, train
from nncodec.training.muon import optimisers
from nncodec.training.regions import Regions, cached_regions, code_regions, random_regions
from nncodec.training.start import load_data, start_run

CODING_SHARE = 0.2
"""Most of the time that coding regions may take."""
VALIDATION_SIDE = 192
"""For pictures of half the size; twice that for a quarter."""
VALIDATION_PICTURES = 4
"""For half the size; for a quarter as many pixels, of fewer."""
VALIDATION_LEVELS = (4.0, 14.0)
SQUARED, FEATURES, JUDGEMENT = 0.002, 2.5, 0.1
"""Weights of the losses: of the squared error in squared levels, of the distance of features, of the judgement."""
_RATE, _JUDGE_RATE = 3e-4, 4e-4
"""Learning rates of the painting network and of the discriminator."""


@dataclass(frozen=True)
class Hyperparameters:
    """The options of the command line."""

    minutes: float
    regions: int = 6000
    batch: int = 8
    crop: int = 64
    """Side of the crops, in pixels of the small picture, a multiple of 8."""
    rate: float = 2e-3
    """Learning rate of the network of least squared error."""
    exact: float = 0.3
    """Share of the time after which the painting begins."""
    gray: float = 0.1
    """Share of the crops without colour."""
    average: float = 0.998
    every_minutes: float = 12.0
    seed: int = 0
    width: int = 48
    blocks: int = 6
    weights: Path | None = None
    """Weights to begin with: those of this codec, or of compact, whose RecCNN is widened."""
    halvings: int = 1
    """Times that the sides of pictures are halved before they are coded."""
    together: bool = False
    """Both networks learn at once, as wide and deep as they are given; for ``nnc train slim``."""


class Painting(nn.Module):
    """Both networks and the discriminator; see the module's docstring for which of them learns when."""

    def __init__(self, exact: ArtifactNet, painted: ArtifactNet) -> None:
        super().__init__()
        self.exact, self.painted, self.judge = exact, painted, Discriminator()

    @classmethod
    def new(cls, task: Task, settings: Hyperparameters) -> "Painting":
        """New networks, or those of a file."""
        if settings.weights is None:
            shape = (len(task.families), 1, settings.width, settings.blocks, 2, task.noise)
            return cls(ArtifactNet(*shape), ArtifactNet(*shape))
        arrays = shipped(settings.weights, "qualities")
        found = starts(arrays, settings.halvings)
        given = Shape.of(found[0])
        width, blocks = (given.width, given.blocks) if settings.together else (settings.width, settings.blocks)
        grow = partial(grown, families=task.places_in(arrays), width=width, blocks=blocks, noise=task.noise)
        return cls(*(grow(start, out=2**settings.halvings) for start in found))

    def optimisers(self, rate: float) -> list[torch.optim.Optimizer]:
        """Those of ``exact``, of ``painted`` and of the discriminator."""
        return [
            *optimisers(self.exact, rate),
            torch.optim.Adam(self.painted.parameters(), _RATE, betas=(0.9, 0.99)),
            torch.optim.Adam(self.judge.parameters(), _JUDGE_RATE, betas=(0.5, 0.99)),
        ]


def halve(pixels: data.Bytes, codec: int, level: float, times: int = 1) -> data.Bytes:
    """Down-scale a region (H, W, 3), its sides halved a number of times, before it is coded."""
    return downscale(pixels, times)


@dataclass
class Recipe:
    """Batches, losses and validation of one run."""

    run: Run
    model: Painting
    task: Task
    settings: Hyperparameters
    regions: Regions
    validation: Regions
    others: weights.Arrays = field(default_factory=dict)
    """Networks that are not trained, and are written beside those that are."""
    ahead: dict[str, Tensor] = field(default_factory=dict)
    """What the parameters of ``painted`` have more than those of ``exact`` in given weights."""
    means: dict[str, float] = field(default_factory=dict)
    """Running means of the parts of the loss, for the log."""

    def loss(self, step: int, share: float) -> Tensor:
        """Loss of a fresh batch; it depends on the seed, the step and the phase."""
        together = self.settings.together
        if self.run.phase == 0 and share >= self.settings.exact and not together:
            self._begin_painting()
        rng = np.random.default_rng((self.settings.seed, step))
        batch = random_batch(self.regions, self.settings.batch, self.settings.crop, rng)
        gray = torch.from_numpy(rng.random(self.settings.batch) < self.settings.gray)
        if together:
            return self._exact_loss(batch, gray) + self._painted_loss(batch, gray)
        return self._painted_loss(batch, gray) if self.run.phase else self._exact_loss(batch, gray)

    def _begin_painting(self) -> None:
        """Let ``painted`` go on from the averaged ``exact``, as far from it as both were given."""
        averages = self.run.average.values
        self.model.load_state_dict(averages)
        self.report()
        for name, value in self.model.exact.named_parameters():
            averages[f"painted.{name}"] = value.detach() + self.ahead.get(name, 0)
        self.model.load_state_dict(averages)
        self.run.begin_phase(1, full_rate=True)

    def _exact_loss(self, batch: Batch, gray: Tensor) -> Tensor:
        """The squared error in RGB over that of the up-scaled picture, mean over the crops."""
        small, plain, original = crops_of(batch, gray)
        before = original - plain
        after = before - self._added("exact", small, batch.codec, batch.level)
        return (error(after) / (error(before) + FLOOR)).mean()

    def _painted_loss(self, batch: Batch, gray: Tensor) -> Tensor:
        """The losses of the painting network and of the discriminator; no gradient of one reaches the other."""
        small, plain, original = crops_of(batch, gray)
        made = plain + self._added("painted", small, batch.codec, batch.level)
        seen, fake, real = (inner(rgb_of(ycc)) for ycc in (plain, made, original))  # (B, 3, H, W) in levels
        with torch.autocast("cpu", torch.bfloat16):
            judge = self.model.judge
            told = frozen_scores(judge, beside(fake, seen)).float()
            learned = hinge(judge(beside(real, seen)).float(), judge(beside(fake.detach(), seen)).float())
            features = alex_distance(*parts_of(fake, real)).mean()
        squared = (fake - real).square().mean()
        parts = {"squared": SQUARED * squared, "features": FEATURES * features, "judgement": -JUDGEMENT * told.mean()}
        self._note({name: float(value.detach()) for name, value in parts.items()} | {"judge": float(learned.detach())})
        # The judgement may have any sign; the guard wants a loss above zero.
        return torch.stack(list(parts.values())).sum() + learned + 2

    def _note(self, parts: dict[str, float]) -> None:
        """Add the parts of a loss to their running means."""
        before = self.means or parts
        self.means = {name: 0.98 * before[name] + 0.02 * value for name, value in parts.items()}

    def _added(self, part: str, small: Tensor, codec: Tensor, level: Tensor) -> Tensor:
        """The correction of the up-scaled picture, (B, 3, H, W), in levels."""
        net: nn.Module = getattr(self.model, part)
        x = small / UNIT
        if self.task.noise:
            x = torch.cat([x, noise_planes(len(x), self.task.noise, *x.shape[2:])], 1)
        with torch.autocast("cpu", torch.bfloat16):
            y: Tensor = net(x.contiguous(memory_format=torch.channels_last), codec, level)
        return y.float() * UNIT

    @property
    def networks(self) -> dict[str, ArtifactNet]:
        """What `nnc train slim` makes shorter, by part: both networks, which decoders mix."""
        return dict(zip(PARTS[self.settings.halvings], (self.model.exact, self.model.painted), strict=True))

    def arrays(self) -> weights.Arrays:
        """The averaged weights as they ship."""
        return self.others | arrays_of(self.run.average.values, self.task, self.settings.halvings)

    @torch.no_grad()
    def report(self) -> None:
        """Log PSNR and distance of features of held-out regions, (family, level) by row, with the averaged weights."""
        with self.run.averaged():
            found = self._validated()
        cells = len(self.task.families), len(VALIDATION_LEVELS)
        tables = found.reshape(-1, *cells, found.shape[1]).mean(0).round(3)  # (families, levels, 6)
        rows = dict(
            zip((family.name for family in self.task.families), tables.reshape(len(tables), -1).tolist(), strict=True)
        )
        means = {name: round(value, 4) for name, value in self.means.items()}
        self.run.log(phase=self.run.phase, loss=round(self.run.guard.loss, 4), **means, **rows)

    def _validated(self) -> np.ndarray:
        """(n, 6): PSNR of the up-scaled picture and behind both networks, then the distances of the same three."""
        regions, rows = self.validation, []
        for start in range(0, len(regions.codec), 4):
            part = slice(start, start + 4)
            batch = Batch(
                regions.seen[part],
                regions.original[part],
                torch.from_numpy(regions.codec[part]),
                torch.from_numpy(regions.level[part] / np.float32(LEVELS)),
                np.arange(0),
            )
            small, plain, original = crops_of(batch, torch.zeros(len(batch.seen), dtype=torch.bool))
            made = [plain, *(plain + self._added(part, small, batch.codec, batch.level) for part in PARTS[1])]
            real, shown = inner(rgb_of(original)), [inner(rgb_of(each)).clamp(0, 255) for each in made]
            psnr = [10 * torch.log10(255**2 / (each - real).square().mean((1, 2, 3))) for each in shown]
            rows.append(torch.stack([*psnr, *(100 * alex_distance(each, real) for each in shown)], 1).double().numpy())
        return np.concatenate(rows)


def _validation(held_out: data.Pictures, task: Task, halvings: int) -> Regions:
    """Regions of held-out pictures, of every family at every validation level."""
    middles = data.centre_crops(held_out, halvings * VALIDATION_SIDE)[: max(1, VALIDATION_PICTURES // halvings**2)]
    grid = [(number, level) for number in range(len(task.families)) for level in VALIDATION_LEVELS]
    codec = np.array([number for number, _ in grid] * len(middles))
    level = np.array([level for _, level in grid] * len(middles), np.float32)
    small = partial(halve, times=halvings)
    return code_regions(np.repeat(middles, len(grid), 0), codec, level, task.ranges, small)


def learn(folders: list[Path], folder: Path, settings: Hyperparameters, resume: bool, task: Task) -> None:
    """Train, or resume training, in ``folder``, and write ``weights.npz`` there.

    Pictures are cached in ``cache`` beside the folder, coded regions in it.
    """
    recipe = begin(folders, folder, settings, resume, time.monotonic(), task)
    train(recipe.run, recipe.loss, recipe.report, settings.every_minutes)
    weights.write(folder / "weights.npz", recipe.arrays())


def begin(
    folders: list[Path], folder: Path, settings: Hyperparameters, resume: bool, begun: float, task: Task
) -> Recipe:
    """The run up to its first step; it began at ``begun``, by `time.monotonic`."""
    stlpips_torch.weights("alex")  # missing, they are missed before work
    times = settings.halvings
    given = shipped(settings.weights, "qualities") if settings.weights else {}
    if settings.together and f"{PARTS[times][0]}.place" not in given:
        what = "networks that paint what was halved" + (" twice" if times > 1 else "")
        raise EncodeError(f"{settings.weights} holds no {what}", "'nnc train NAME' trains them")
    others = task.others_in(given, times)
    training, held_out = load_data(folders, folder, settings.seed, resume, times * VALIDATION_SIDE)
    model = Painting.new(task, settings)
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    pairs = zip(model.exact.named_parameters(), model.painted.parameters(), strict=True)
    ahead = {name: (painted - exact).detach() for (name, exact), painted in pairs if settings.weights}
    schedule = Schedule(settings.minutes)
    run = start_run(model, model.optimisers(settings.rate), schedule, folder, settings.average, resume, begun)
    preprocess = partial(halve, times=times)
    makes = partial(random_regions, training, ranges=task.ranges, preprocess=preprocess, times=times)
    regions = cached_regions(settings.regions, folder, settings.seed, makes, lambda: run.share() > CODING_SHARE)
    return Recipe(run, model, task, settings, regions, _validation(held_out, task, times), others, ahead)


def arrays_of(parameters: dict[str, Tensor], task: Task, halvings: int = 1) -> weights.Arrays:
    """The arrays of a file of weights: both networks, wire numbers and qualities of the families."""
    renamed = dict(zip(PARTS[1], PARTS[halvings], strict=True))
    named = ((name.partition("."), value) for name, value in parameters.items())
    return task.heads | exported(
        {f"{renamed[part]}.{rest}": value for (part, _, rest), value in named if part in renamed}
    )
