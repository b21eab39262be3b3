"""The recipe of the codec ``compact``: its two networks, trained by turns.

RecCNN learns from pictures that the averaged ComCNN made and a codec coded; ComCNN then learns through up-scaling and
RecCNN, as in Jiang, Tao et al. 2017, but with a proxy of the codec (`nncodec.codecs.compact.proxy_torch`).
"""

import time
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from nncodec.codec import Frame, Options
from nncodec.codecs import by_name
from nncodec.codecs.compact.networks import POWER, CompactCondition, CompactNetworks
from nncodec.codecs.compact.proxy_torch import PRICE, matching_steps, proxy
from nncodec.codecs.compact.proxy_torch import upscale as differentiable_upscale
from nncodec.image.metrics import psnr
from nncodec.image.scaling import downscale, upscale
from nncodec.nets import weights
from nncodec.nets.quantised import restored
from nncodec.nets.resnet import LEVELS, UNIT
from nncodec.nets.resnet_torch import ArtifactNet
from nncodec.training import data
from nncodec.training.batches import FLOOR, Batch, error, random_batch, to_ycc, without_colour
from nncodec.training.export import exported, shipped
from nncodec.training.loop import REPORT_SHARE, Run, Schedule, train
from nncodec.training.muon import optimisers
from nncodec.training.regions import CodecRange, cached_regions, random_regions
from nncodec.training.start import load_data, start_run

RANGES = (
    CodecRange(by_name("jpeg"), 5, 92, 0.25, POWER),
    CodecRange(by_name("jpeg2000"), 8, 80, 0.2, POWER),
    CodecRange(by_name("webp"), 0, 85, 0.25, POWER),
    CodecRange(by_name("avif"), 5, 75, 0.3, POWER),
)
"""In the order in which the networks number them."""
VALIDATION_SIDE = 256
VALIDATION_PICTURES = 6
VALIDATION_LEVELS = (12, 20, 30)
_CHUNK = 100


@dataclass(frozen=True)
class Hyperparameters:
    """The options of the command line."""

    minutes: float
    regions: int = 4000
    """Regions coded before each phase of RecCNN."""
    batch: int = 8
    crop: int = 64
    """Side of the crops, in pixels of the half-size picture, a multiple of 8."""
    rate: float = 2.5e-3
    gray: float = 0.15
    """Share of the crops without colour."""
    price: float = 1.0
    """Price of a bit of the proxy, as a multiple of `PRICE`; 0: as in the paper, without a codec."""
    average: float = 0.998
    every_minutes: float = 5.0
    seed: int = 0
    stride: int = 1
    """RecCNN packs squares of this side, in pixels of the half-size picture, into channels."""
    width: int = 32
    blocks: int = 5
    com_width: int = 32
    ends: tuple[float, ...] = (0.26, 0.32, 1.0)
    """Shares of the time at which the turns end, of RecCNN and ComCNN alternately."""
    weights: Path | None = None
    """Weights as exported, to go on from with the last turn; widths, blocks and stride are theirs then."""


class ComRecNets(nn.Module):
    """ComCNN and RecCNN; each is trained while the other stays as it is."""

    def __init__(self, com: ArtifactNet, rec: ArtifactNet) -> None:
        super().__init__()
        self.com, self.rec = com, rec

    @classmethod
    def new(cls, settings: Hyperparameters) -> "ComRecNets":
        """New networks with the widths, blocks and stride of the settings."""
        com = ArtifactNet(len(RANGES), 2, settings.com_width, 1, 1)
        return cls(com, ArtifactNet(len(RANGES), settings.stride, settings.width, settings.blocks, 2 * settings.stride))

    @classmethod
    def of(cls, arrays: weights.Arrays) -> "ComRecNets":
        """The networks with the weights of a file, to go on from."""
        return cls(*(ArtifactNet.of(restored(arrays, part)) for part in ("com", "rec")))


def halve(pictures: data.Bytes) -> data.Bytes:
    """Down-scale (B, H, W, 3) uint8 to half the sides, by `downscale`."""
    return np.stack([downscale(picture, 1) for picture in pictures])


def double(pictures: data.Bytes) -> data.Bytes:
    """Up-scale (B, h, w, 3) uint8 to twice the sides, by `upscale`."""
    return np.stack([upscale(picture, 2 * picture.shape[0], 2 * picture.shape[1], 1) for picture in pictures])


@dataclass
class Recipe:
    """Batches, losses and validation of one run."""

    run: Run
    model: ComRecNets
    settings: Hyperparameters
    pictures: data.Pictures
    held_out: data.Bytes
    """(n, side, side, 3), for validation."""

    def __post_init__(self) -> None:
        self._prepare()

    def loss(self, step: int, share: float) -> Tensor:
        """Loss of a fresh batch; it depends on the seed, the step and the phase."""
        phase = next(number for number, end in enumerate(self.settings.ends) if share < end)
        if phase != self.run.phase:
            self.model.load_state_dict(self.run.average.values)
            self.report()
            self.run.begin_phase(phase)
            self._prepare()
        rng = np.random.default_rng((self.settings.seed, step))
        batch = random_batch(self._regions, self.settings.batch, self.settings.crop, rng)
        gray = torch.from_numpy(rng.random(self.settings.batch) < self.settings.gray)
        return (self._com_loss if phase % 2 else self._rec_loss)(batch, gray).mean()

    def _prepare(self) -> None:
        """Prepare the phase: freeze the network that rests, and code regions that the averaged ComCNN made."""
        of_com = bool(self.run.phase % 2)
        self.model.com.requires_grad_(of_com)
        self.model.rec.requires_grad_(not of_com)
        made = CompactNetworks(arrays_of(self.run.average.values))

        def preprocess(pixels: data.Bytes, codec: int, level: float) -> data.Bytes:
            return made.compact(pixels, CompactCondition(RANGES[codec].codec.id, round(level)))

        folder = self.run.folder / f"round{self.run.phase // 2}"
        folder.mkdir(exist_ok=True)
        make = partial(random_regions, self.pictures, ranges=RANGES, preprocess=preprocess)
        latest = (self.run.share() + self.settings.ends[self.run.phase]) / 2  # half the phase is left for its steps
        enough = lambda: self.run.share() > latest  # noqa: E731
        self._regions = cached_regions(self.settings.regions, folder, self.settings.seed, make, enough)
        if of_com:
            self._steps = self._steps_of_regions()

    @torch.no_grad()
    def _steps_of_regions(self) -> Tensor:
        """(n, 3): the proxy's quantiser steps for each region; see `matching_steps`."""
        steps, regions = [], self._regions
        for start in range(0, len(regions.level), _CHUNK):
            part = slice(start, start + _CHUNK)
            original, plain = to_ycc(regions.original[part]), to_ycc(halve(regions.original[part]))
            codec, level = torch.from_numpy(regions.codec[part]), torch.from_numpy(regions.level[part] / LEVELS)
            steps.append(matching_steps(plain + self._com(original, codec, level), to_ycc(regions.seen[part])))
        return torch.cat(steps)

    def _rec_loss(self, batch: Batch, gray: Tensor) -> Tensor:
        """(B,): squared error after RecCNN over that of the up-scaled picture."""
        small, plain, original = (
            without_colour(to_ycc(pixels), gray) for pixels in (batch.seen, double(batch.seen), batch.original)
        )
        before = original - plain
        return error(before - self._rec(small, batch.codec, batch.level)) / (error(before) + FLOOR)

    def _com_loss(self, batch: Batch, gray: Tensor) -> Tensor:
        """(B,): error after proxy, up-scaling and RecCNN, plus the price of bits, over that of up-scaling alone."""
        original, plain = (without_colour(to_ycc(pixels), gray) for pixels in (batch.original, halve(batch.original)))
        given, steps = plain + self._com(original, batch.codec, batch.level), self._steps[batch.index]
        seen, bits = proxy(given, steps) if self.settings.price else (given, torch.zeros(len(given)))
        usual = error(original - without_colour(to_ycc(double(batch.seen)), gray))
        cost = error(original - self._restored(seen, batch))
        return (cost + self.settings.price * PRICE * steps[:, 0].square() * bits) / (usual + FLOOR)

    def _restored(self, small: Tensor, batch: Batch) -> Tensor:
        return differentiable_upscale(small) + self._rec(small, batch.codec, batch.level)

    def _com(self, original: Tensor, codec: Tensor, level: Tensor) -> Tensor:
        """ComCNN's correction of the half-size picture, (B, 3, h, w), in levels."""
        return UNIT * self._run(self.model.com, original, codec, level)

    def _rec(self, small: Tensor, codec: Tensor, level: Tensor) -> Tensor:
        """RecCNN's correction of the up-scaled picture, (B, 3, 2 h, 2 w), in levels."""
        return UNIT * self._run(self.model.rec, small, codec, level)

    def _run(self, net: nn.Module, ycc: Tensor, codec: Tensor, level: Tensor) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            y: Tensor = net((ycc / UNIT).contiguous(memory_format=torch.channels_last), codec, level)
        return y.float()

    @property
    def networks(self) -> dict[str, ArtifactNet]:
        """What `nnc train slim` makes thinner, by part: the network that every decoder runs."""
        return {"rec": self.model.rec}

    def arrays(self) -> weights.Arrays:
        """The averaged weights as they ship."""
        return arrays_of(self.run.average.values)

    def report(self) -> None:
        """Log rate and PSNR on held-out pictures, by codec, with the averaged weights as exported; see `measure`."""
        made = CompactNetworks(arrays_of(self.run.average.values))
        kinds = [
            (number, com) for number in range(len(RANGES)) for com in ((False, True) if self.run.phase else (False,))
        ]
        enough, found = self.run.allowance(REPORT_SHARE), []
        for picture in self.held_out:
            found.append([[measure(made, picture, *kind, level) for level in VALIDATION_LEVELS] for kind in kinds])
            if enough():
                break
        means = np.mean(found, 0).round(3)  # (kinds, levels, 3)
        names = [f"{RANGES[number].codec.name}_{'com' if com else 'plain'}" for number, com in kinds]
        rows = dict(zip(names, means.reshape(len(kinds), -1).tolist(), strict=True))
        self.run.log(phase=self.run.phase, loss=round(self.run.guard.loss, 4), **rows)


def measure(
    model: CompactNetworks, pixels: data.Bytes, number: int, com: bool, level: int
) -> tuple[float, float, float]:
    """Measure bits per pixel, PSNR of the up-scaled picture and PSNR of the restored one, of pixels (H, W, 3).

    ComCNN makes the half-size picture if ``com``, else `downscale`.
    """
    codec, (height, width) = RANGES[number].codec, pixels.shape[:2]
    condition = CompactCondition(codec.id, level)
    given = model.compact(pixels, condition) if com else downscale(pixels, 1)
    payload = codec.encode(given, Options(RANGES[number].quality(level), threads=1))
    seen = codec.decode(payload, Frame(given.shape[1], given.shape[0], 3), "cpu").astype(np.uint8, copy=False)
    plain, restored = upscale(seen, height, width, 1), model.restore(seen, height, width, condition)
    return 8 * len(payload) / (height * width), psnr(pixels, plain), psnr(pixels, restored)


def learn(folders: list[Path], folder: Path, settings: Hyperparameters, resume: bool) -> None:
    """Train, or resume training, in ``folder``, and write ``weights.npz`` there.

    Pictures are cached in ``cache`` beside the folder, coded regions in it.
    """
    recipe = begin(folders, folder, settings, resume, time.monotonic())
    train(recipe.run, recipe.loss, recipe.report, settings.every_minutes)
    weights.write(folder / "weights.npz", recipe.arrays())


def begin(folders: list[Path], folder: Path, settings: Hyperparameters, resume: bool, begun: float) -> Recipe:
    """The run up to its first step; it began at ``begun``, by `time.monotonic`."""
    training, held_out = load_data(folders, folder, settings.seed, resume, VALIDATION_SIDE)
    model = ComRecNets.new(settings)
    if settings.weights is not None:
        model, settings = ComRecNets.of(shipped(settings.weights, "com.place")), replace(settings, ends=(0.0, 0.0, 1.0))
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    schedule = Schedule(settings.minutes)
    run = start_run(model, optimisers(model, settings.rate), schedule, folder, settings.average, resume, begun)
    if settings.weights is not None and not resume:
        run.begin_phase(len(settings.ends) - 1)
    middles = data.centre_crops(held_out, VALIDATION_SIDE)[:VALIDATION_PICTURES]
    return Recipe(run, model, settings, training, middles)


def arrays_of(parameters: dict[str, Tensor]) -> weights.Arrays:
    """The arrays of a file of weights: parameters after ``com.`` and ``rec.``, wire numbers and qualities of codecs."""
    arrays: weights.Arrays = {
        "codecs": np.array([each.codec.id for each in RANGES], np.uint8),
        "qualities": np.array([(each.lowest, each.highest) for each in RANGES], np.float32),
    }
    return arrays | exported(parameters)
