"""The recipe of `luma`: one network for the pictures of all codecs at all rates, trained on coded regions."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from nncodec import progress
from nncodec.codecs import by_name
from nncodec.errors import UnsupportedFile
from nncodec.nets import weights
from nncodec.nets.quantised import restored
from nncodec.nets.resnet import LEVELS, UNIT
from nncodec.nets.resnet_torch import ArtifactNet
from nncodec.training import data
from nncodec.training.batches import BORDER, FLOOR, random_batch, to_rgb, to_ycc, without_colour
from nncodec.training.export import exported, shipped
from nncodec.training.loop import REPORT_SHARE, Run, Schedule, train
from nncodec.training.muon import optimisers
from nncodec.training.regions import CodecRange, Regions, cached_regions, code_regions, concatenate, random_regions
from nncodec.training.start import load_data, start_run

CODING_SHARE = 0.5
"""Most of the time that coding regions may take; training goes on with those there are."""
VALIDATION_SHARE = 0.1
"""Most of the time that coding regions for validation may take, in each sitting."""
VALIDATION_SIDE = 192
"""Side of the regions held out."""
VALIDATION_LEVELS = (4.0, 12.0, 24.0)
"""Levels of damage at which they are coded."""

RANGES = (
    CodecRange(by_name("jpeg"), 3, 92, 0.40),
    CodecRange(by_name("jpeg2000"), 8, 80, 0.14),
    CodecRange(by_name("webp"), 2, 88, 0.18),
    CodecRange(by_name("avif"), 5, 75, 0.18),
    CodecRange(by_name("learned"), 5, 90, 0.10, effort=3),
)
"""Codecs in the order of the network's families. JPEG above 92 is 4:4:4, and nearly free of damage."""


@dataclass(frozen=True)
class Hyperparameters:
    """Settings of a run; the command line sets most of them."""

    minutes: float
    regions: int = 9_400
    """Regions coded before training begins, if half the time is enough for them."""
    batch: int = 8
    crop: int = 128
    """Side of a crop, a multiple of 8."""
    rate: float = 1e-3
    """Learning rate."""
    gray: float = 0.2
    """Share of the crops that are shown without chroma."""
    average: float = 0.998
    """Decay of the moving average of the weights, per step."""
    every_minutes: float = 5.0
    seed: int = 0
    stride: int = 2
    width: int = 32
    blocks: int = 4
    weights: Path | None = None
    """Exported weights to begin with; stride, width and blocks are theirs then."""
    bfloat16: bool = True
    """The convolutions run in bfloat16, else in float32."""


def relative_error(added: Tensor, seen: Tensor, original: Tensor, gray: Tensor) -> Tensor:
    """Squared error after the correction divided by that before, (B,): mean of that of luma and that of RGB.

    Args:
        added: (B, 3, H, W) the correction of Y, Cb and Cr, in levels.
        seen: (B, 3, H, W) the crops as decoded.
        original: (B, 3, H, W)
        gray: (B,) bool, crops of which luma alone counts.
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
    settings: Hyperparameters
    regions: Regions
    validation: Regions

    def loss(self, step: int, share: float) -> Tensor:
        """The loss on a new random batch, which the seed and the step determine."""
        settings = self.settings
        rng = np.random.default_rng((settings.seed, step))
        batch = random_batch(self.regions, settings.batch, settings.crop, rng)
        gray = torch.from_numpy(rng.random(settings.batch) < settings.gray)
        seen = to_ycc(batch.seen)
        added = self._added(seen, batch.codec, batch.level, gray)
        return relative_error(added, seen, to_ycc(batch.original), gray).mean()

    def _added(self, seen: Tensor, codec: Tensor, level: Tensor, gray: Tensor) -> Tensor:
        """The network's correction of crops (B, 3, H, W), in levels; those marked gray are shown without chroma."""
        x = without_colour(seen, gray) / UNIT
        with torch.autocast("cpu", torch.bfloat16, enabled=self.settings.bfloat16):
            y = self.model(x.contiguous(memory_format=torch.channels_last), codec, level)
        added: Tensor = y.float() * UNIT
        return added

    @property
    def networks(self) -> dict[str, ArtifactNet]:
        """What `nnc train slim` makes thinner, by part."""
        assert isinstance(self.model, ArtifactNet)
        return {"net": self.model}

    def arrays(self) -> weights.Arrays:
        """The averaged weights as they ship."""
        return arrays_of(self.run.average.values)

    @torch.no_grad()
    def report(self) -> None:
        """Log the gain in luma and in RGB PSNR, in dB, of the averaged weights by codec and level."""
        with self.run.averaged():
            gains = self._gains().round(3)
        luma = {each.codec.name: row[:, 0].tolist() for each, row in zip(RANGES, gains, strict=True)}
        rgb = {f"{each.codec.name}_rgb": row[:, 1].tolist() for each, row in zip(RANGES, gains, strict=True)}
        self.run.log(loss=round(self.run.guard.loss, 4), **luma, **rgb)

    def _gains(self) -> npt.NDArray[np.float64]:
        """Mean gains, (codecs, levels, 2): in luma and in RGB PSNR."""
        regions = self.validation
        total = np.zeros((len(RANGES), len(VALIDATION_LEVELS), 2))
        colour = torch.zeros(1, dtype=torch.bool)
        cells, enough, measured = len(RANGES) * len(VALIDATION_LEVELS), self.run.allowance(REPORT_SHARE), 0
        for index, (codec, level) in enumerate(zip(regions.codec, regions.level, strict=True)):
            if index and index % cells == 0 and enough():
                break
            measured += 1
            seen, original = to_ycc(regions.seen[index : index + 1]), to_ycc(regions.original[index : index + 1])
            added = self._added(seen, torch.tensor([codec]), torch.tensor([float(level) / LEVELS]), colour)
            errors = (original - seen, original - seen - added)
            before, after = (
                np.array([float(e[:, :1].square().mean()), float(to_rgb(e).square().mean())]) for e in errors
            )
            total[codec, VALIDATION_LEVELS.index(float(level))] += 10 * np.log10(before / after)
        return total / (measured / cells)


def validation_regions(pictures: data.Pictures, enough: Callable[[], bool]) -> Regions:
    """Code the middle of every picture by every codec at every validation level, one picture after the other.

    ``enough`` is asked after each picture; true ends it with fewer.
    """
    grid = list(product(range(len(RANGES)), VALIDATION_LEVELS))
    codec, level = np.array([number for number, _ in grid]), np.array([level for _, level in grid], np.float32)
    found = []
    for middle in data.centre_crops(pictures, VALIDATION_SIDE):
        found.append(code_regions(np.stack([middle] * len(grid)), codec, level, RANGES))
        if enough():
            break
    return concatenate(found)


def network(settings: Hyperparameters) -> nn.Module:
    """A new network, or that of the weights to begin with."""
    if settings.weights is None:
        return ArtifactNet(len(RANGES), settings.stride, settings.width, settings.blocks)
    return ArtifactNet.of(restored(of_ranges(shipped(settings.weights, "codecs", "net.place")), "net"))


def of_ranges(arrays: weights.Arrays) -> weights.Arrays:
    """Weights with the conditions of the codecs of `RANGES` alone, in their order.

    Raises UnsupportedFile if they were not trained for all of these.
    """
    known, wanted = arrays["codecs"].tolist(), [each.codec.id for each in RANGES]
    if not set(wanted) <= set(known):
        raise UnsupportedFile("the weights to begin with were trained for other codecs", "begin without weights")
    rows = [known.index(number) for number in wanted]
    return {
        name: array[rows] if name == "codecs" or name.endswith(".values") else array for name, array in arrays.items()
    }


def learn(
    folders: list[Path],
    folder: Path,
    settings: Hyperparameters,
    resume: bool,
    make: Callable[[Hyperparameters], nn.Module] = network,
) -> None:
    """Train the network that ``make`` returns, and write its weights as they ship to ``weights.npz`` in ``folder``.

    Pictures are cached in ``cache`` beside the folder, coded regions in it.
    """
    recipe = begin(folders, folder, settings, resume, time.monotonic(), make)
    train(recipe.run, recipe.loss, recipe.report, settings.every_minutes)
    weights.write(folder / "weights.npz", recipe.arrays())


def begin(
    folders: list[Path],
    folder: Path,
    settings: Hyperparameters,
    resume: bool,
    begun: float,
    make: Callable[[Hyperparameters], nn.Module] = network,
) -> Recipe:
    """The run up to its first step; it began at ``begun``, by `time.monotonic`."""
    training, held_out = load_data(folders, folder, settings.seed, resume, VALIDATION_SIDE)
    model = make(settings).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    schedule = Schedule(settings.minutes)
    run = start_run(model, optimisers(model, settings.rate), schedule, folder, settings.average, resume, begun)
    progress.stage("coding regions for validation")
    validation = validation_regions(held_out, run.allowance(VALIDATION_SHARE))
    makes = partial(random_regions, training, ranges=RANGES)
    regions = cached_regions(settings.regions, folder, settings.seed, makes, lambda: run.share() > CODING_SHARE)
    return Recipe(run, model, settings, regions, validation)


def arrays_of(parameters: dict[str, Tensor]) -> weights.Arrays:
    """Arrays of a file of weights: the parameters, named ``net.*``, and the wire numbers of the codecs."""
    arrays: weights.Arrays = {"codecs": np.array([each.codec.id for each in RANGES], np.uint8)}
    return arrays | exported(parameters, "net.")
