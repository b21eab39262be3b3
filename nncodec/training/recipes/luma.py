"""The recipe of the shared restorers: one network for all codecs and rates."""

from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from nncodec import models
from nncodec.codecs import by_name
from nncodec.nets.mender import UNIT
from nncodec.nets.mending import BLOCK, Luma11, Mender
from nncodec.nets.ycc import TO_YCC
from nncodec.training import data
from nncodec.training.coded import FAMILIES, LEVELS, Regions, coded, kept_regions, make_regions
from nncodec.training.export import exported
from nncodec.training.loop import Guard, Run, Schedule, train
from nncodec.training.muon import optimisers
from nncodec.training.state import Average

PUBLISHED = "luma11"
VALIDATION_SIDE = 192
VALIDATION_LEVELS = (4.0, 12.0, 24.0)
BORDER = 8
"""Pixels at the border of a crop that do not count: there the network sees zeros, as it never will when applied."""
_TO_YCC = torch.from_numpy(TO_YCC)
FLOOR = 4.0
"""Squared error, in levels, that is added to a crop's own before it divides the loss."""


@dataclass(frozen=True)
class Settings:
    """What the command line can change."""

    minutes: float
    net: str = "luma"
    """``luma``, or ``luma11``, the published one."""
    regions: int = 9_400
    """Regions coded before training begins."""
    batch: int = 8
    crop: int = 128
    """Side of the crops, a multiple of 8."""
    rate: float = 1e-3
    gray: float = 0.2
    """Share of the crops without colour."""
    average: float = 0.998
    every_minutes: float = 5.0
    seed: int = 0
    stride: int = 2
    width: int = 32
    blocks: int = 4


def to_ycc(pixels: data.Bytes) -> Tensor:
    """(B, H, W, 3) uint8 RGB to Y, Cb, Cr (B, 3, H, W), float32: Y in levels less 128, Cb and Cr about 0."""
    planes = torch.from_numpy(pixels).float() @ _TO_YCC.t()
    planes[..., 0] -= 128
    return planes.movedim(-1, 1)


def to_rgb(difference: Tensor) -> Tensor:
    """A difference of Y, Cb and Cr, (B, 3, H, W), as one of R, G and B."""
    return torch.einsum("rc,bchw->brhw", torch.linalg.inv(_TO_YCC), difference)


@dataclass(frozen=True)
class Batch:
    """B crops, aligned with the codecs' blocks."""

    seen: data.Bytes
    """(B, side, side, 3)"""
    original: data.Bytes
    """Of the same shape, or as many times larger as the regions' originals are."""
    family: Tensor
    """(B,)"""
    level: Tensor
    """(B,), in 0..1."""
    index: npt.NDArray[np.int64]
    """(B,): which regions they were cut from."""


def crops(regions: Regions, batch: int, side: int, rng: np.random.Generator) -> Batch:
    """Random crops, flipped at random."""
    chosen = rng.integers(len(regions.family), size=batch)
    places = (regions.seen.shape[1] - side) // BLOCK + 1
    scale = regions.original.shape[1] // regions.seen.shape[1]
    pair = [np.empty((batch, side * times, side * times, 3), np.uint8) for times in (1, scale)]
    for slot, index in enumerate(chosen):
        top, left = rng.integers(0, places, 2) * BLOCK
        flipped = tuple(axis for axis in (0, 1) if rng.random() < 0.5)
        for crop, whole, times in zip(pair, (regions.seen, regions.original), (1, scale), strict=True):
            rows, columns = (slice(start * times, (start + side) * times) for start in (top, left))
            crop[slot] = np.flip(whole[index, rows, columns], flipped)
    level = torch.from_numpy(regions.level[chosen] / np.float32(LEVELS))
    return Batch(pair[0], pair[1], torch.from_numpy(regions.family[chosen]), level, chosen)


def relative_error(added: Tensor, seen: Tensor, original: Tensor, gray: Tensor) -> Tensor:
    """(B,): squared error after correction over that before, the mean of that of luma and that of RGB; gray: of luma.

    Arguments are (B, 3, H, W) in levels, and (B,) bool.
    """
    inner = (..., slice(BORDER, -BORDER), slice(BORDER, -BORDER))
    before = (original - seen)[inner]
    after = before - added[inner]
    luma, rgb = _share(after[:, :1], before[:, :1]), _share(to_rgb(after), to_rgb(before))
    return torch.where(gray, luma, (luma + rgb) / 2)


def _share(after: Tensor, before: Tensor) -> Tensor:
    return after.square().mean((1, 2, 3)) / (before.square().mean((1, 2, 3)) + FLOOR)


@dataclass
class Recipe:
    """Batches, loss and validation of one run."""

    run: Run
    model: nn.Module
    settings: Settings
    regions: Regions
    validation: Regions

    def loss(self, step: int, share: float) -> Tensor:
        """Loss of a fresh batch; it depends on the seed and the step alone."""
        settings = self.settings
        rng = np.random.default_rng((settings.seed, step))
        batch = crops(self.regions, settings.batch, settings.crop, rng)
        gray = torch.from_numpy(rng.random(settings.batch) < (1 if settings.net == PUBLISHED else settings.gray))
        seen = to_ycc(batch.seen)
        added = self._added(seen, batch.family, batch.level, gray)
        return relative_error(added, seen, to_ycc(batch.original), gray).mean()

    def _added(self, seen: Tensor, family: Tensor, level: Tensor, gray: Tensor) -> Tensor:
        x = torch.cat([seen[:, :1], seen[:, 1:] * ~gray[:, None, None, None]], 1) / UNIT
        with torch.autocast("cpu", torch.bfloat16, enabled=self.settings.net != PUBLISHED):
            y = self.model(x.contiguous(memory_format=torch.channels_last), family, level)
        added: Tensor = y.float() * UNIT
        return added

    @torch.no_grad()
    def report(self) -> None:
        """Log the gain in luma and in RGB PSNR, in dB, of the averaged weights by family and level."""
        with self.run.averaged():
            gains = self._gains().round(3)
        luma = {family.codec: row[:, 0].tolist() for family, row in zip(FAMILIES, gains, strict=True)}
        rgb = {f"{family.codec}_rgb": row[:, 1].tolist() for family, row in zip(FAMILIES, gains, strict=True)}
        self.run.log(loss=round(self.run.guard.loss, 4), **luma, **rgb)

    def _gains(self) -> npt.NDArray[np.float64]:
        """Mean gains, (families, levels, 2): in luma and in RGB PSNR."""
        regions = self.validation
        total = np.zeros((len(FAMILIES), len(VALIDATION_LEVELS), 2))
        colour = torch.zeros(1, dtype=torch.bool)
        for index, (family, level) in enumerate(zip(regions.family, regions.level, strict=True)):
            seen, original = to_ycc(regions.seen[index : index + 1]), to_ycc(regions.original[index : index + 1])
            added = self._added(seen, torch.tensor([family]), torch.tensor([float(level) / LEVELS]), colour)
            errors = (original - seen, original - seen - added)
            before, after = (
                np.array([float(e[:, :1].square().mean()), float(to_rgb(e).square().mean())]) for e in errors
            )
            total[family, VALIDATION_LEVELS.index(float(level))] += 10 * np.log10(before / after)
        return total / (len(regions.family) / (len(FAMILIES) * len(VALIDATION_LEVELS)))


def validation_regions(pictures: data.Pictures) -> Regions:
    """The middle of every picture, coded by every family at every validation level."""
    middles = data.centre_crops(pictures, VALIDATION_SIDE)
    grid = list(product(range(len(FAMILIES)), VALIDATION_LEVELS))
    family = np.repeat([f for f, _ in grid], len(middles))
    level = np.repeat(np.array([level for _, level in grid], np.float32), len(middles))
    return coded(np.concatenate([middles] * len(grid)), family, level)


def network(settings: Settings) -> nn.Module:
    """The network to train, new."""
    if settings.net == PUBLISHED:
        return Luma11(len(FAMILIES))
    return Mender(len(FAMILIES), settings.stride, settings.width, settings.blocks)


def learn(folders: list[Path], folder: Path, settings: Settings, resume: bool) -> None:
    """Train, or go on training, in ``folder``, and write ``weights.npz`` there, as it ships.

    Pictures are cached in ``cache`` beside the folder, coded regions in it.
    """
    torch.manual_seed(settings.seed)
    folder.mkdir(parents=True, exist_ok=True)
    training, held_out = (data.load_pictures(files, folder.parent / "cache") for files in data.find_pictures(folders))
    regions = kept_regions(settings.regions, folder, settings.seed, partial(make_regions, training))
    validation = validation_regions(held_out)
    model = network(settings).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    average = Average(model, settings.average)
    run = Run(model, optimisers(model, settings.rate), Schedule(settings.minutes), folder, average, Guard())
    if resume:
        run.resume()
    recipe = Recipe(run, model, settings, regions, validation)
    train(run, recipe.loss, recipe.report, settings.every_minutes)
    models.write(folder / "weights.npz", arrays_of(average.values))


def arrays_of(parameters: dict[str, Tensor]) -> models.Arrays:
    """The arrays that ship: the averaged parameters after ``net.``, and the families' wire numbers."""
    arrays: models.Arrays = {"codecs": np.array([by_name(family.codec).id for family in FAMILIES], np.uint8)}
    return arrays | exported(parameters, "net.")
