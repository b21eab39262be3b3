"""The recipe of the learned codec: one network for all qualities, rate plus weighted squared error."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from nncodec import models
from nncodec.entropy.layout import LATENT_STRIDE, MAX_QUALITY_INDEX
from nncodec.entropy.tables import logistic_tables
from nncodec.nets.hyperprior import COARSEST_STEP, Hyperprior, Outcome, lagrangian, relative, transform_start
from nncodec.nets.shipped import from_arrays
from nncodec.nets.transform import BLOCK_SAMPLES, Widths
from nncodec.training import data
from nncodec.training.calibrate import calibrated
from nncodec.training.export import to_arrays
from nncodec.training.loop import Guard, Run, Schedule, train
from nncodec.training.muon import Muon
from nncodec.training.state import Average

VALIDATION_SIDE = 256
VALIDATION_QUALITIES = (20, 60, 100, 140, 180)
CALIBRATION_CROPS = 48
PATCHES = 60_000
"""16 x 16 patches the KLT is computed from."""


@dataclass(frozen=True)
class Settings:
    """What the command line can change."""

    minutes: float
    batch: int = 8
    crop: int = 128
    late_crop: int = 192
    """Side of the crops in the last part of the run; the batch shrinks to keep its pixels."""
    late_share: float = 0.3
    """Share of the time, at the end, with the larger crops."""
    final_share: float = 0.16
    """Share of the time, at the end, in which decoder and prior adapt to the symbols that the encoder chooses."""
    rate: float = 1e-3
    """Learning rate of the transforms' networks; their linear parts get a tenth."""
    prior_rate: float = 1e-3
    """Learning rate of hyperprior, context and tables."""
    prior_share: float = 0.05
    """Share of the time, at the start, in which only the rate of the KLT's coefficients is learned."""
    muon: bool = True
    """Muon for the convolution kernels; Adam for everything otherwise."""
    average: float = 0.999
    """Decay of the weight average."""
    device: str = "cpu"
    seed: int = 0
    weights: Path | None = None
    """Weights as exported, to go on from instead of the linear start; there is no phase of the prior alone then."""
    every_minutes: float = 5.0
    """Minutes between checkpoints."""


def optimisers(model: Hyperprior, settings: Settings) -> list[torch.optim.Optimizer]:
    """Muon for the inner convolutions; Adam for the ends, the biases and the tables."""
    inner, slow, prior, rest = [], [], [], []
    for name, parameter in model.named_parameters():
        if "linear" in name:
            slow.append(parameter)
        elif not name.startswith(("analysis", "synthesis")):
            prior.append(parameter)
        elif settings.muon and parameter.ndim == 4 and name.split(".")[-2] in ("inner", "outer"):
            inner.append(parameter)
        else:
            rest.append(parameter)
    groups = [
        {"params": slow, "lr": 0.1 * settings.rate},
        {"params": prior, "lr": settings.prior_rate},
        {"params": rest, "lr": settings.rate},
    ]
    adam = torch.optim.Adam(groups, betas=(0.9, 0.98), eps=1e-10)
    return [adam, Muon(inner, settings.rate)] if inner else [adam]


def start(model: Hyperprior, pictures: data.Pictures, seed: int) -> None:
    """Give the model its linear start from patches of the training pictures."""
    rng = np.random.default_rng(seed)
    crops = data.random_crops(pictures, PATCHES // 16, 4 * LATENT_STRIDE, rng)
    pixels = to_input(crops, torch.device("cpu"))
    patches = nn.functional.pixel_unshuffle(pixels, LATENT_STRIDE).movedim(1, -1).reshape(-1, BLOCK_SAMPLES).double()
    mean = patches.mean(0)
    values, vectors = torch.linalg.eigh((patches - mean).t() @ (patches - mean) / len(patches))
    count = model.widths.latent
    values, vectors = values.flip(0)[:count], vectors.flip(1)[:, :count]
    transform_start(model, mean.float(), vectors.float(), values.float(), COARSEST_STEP)


def to_input(crops: data.Bytes, device: torch.device) -> Tensor:
    """(B, H, W, 3) uint8 to (B, 3, H, W) float32 in -0.5..0.5."""
    pixels = torch.from_numpy(crops).to(device).movedim(-1, 1)
    return (pixels.float() / 255 - 0.5).contiguous(memory_format=torch.channels_last)


def cost(outcome: Outcome, pixels: Tensor, quality: Tensor) -> Tensor:
    """Mean over the batch of (bits per pixel + lambda * squared error) / sqrt(lambda).

    The division keeps the finest qualities, whose cost is a hundred times that of the coarsest, from deciding alone.
    """
    area = pixels.shape[2] * pixels.shape[3]
    rate = (outcome.latent_bits.sum(1) + outcome.hyper_bits) / area
    error = (outcome.pixels - pixels).square().mean((1, 2, 3)) * 255**2
    weight = lagrangian(quality)
    return ((rate + weight * error) / weight.sqrt()).mean()


@dataclass
class Recipe:
    """Batches, loss and validation of one run."""

    run: Run
    model: Hyperprior
    settings: Settings
    pictures: data.Pictures
    validation: data.Bytes

    def autocast(self) -> torch.autocast:
        """Bfloat16 where autocast holds it to be safe."""
        return torch.autocast(self.settings.device, torch.bfloat16)

    def phase(self, share: float) -> int:
        """0: the prior alone; 1: everything; 2: synthesis and prior, on chosen symbols of a fixed analysis."""
        if share < self.settings.prior_share and self.settings.weights is None:
            return 0
        return 1 if share <= 1 - self.settings.final_share else 2

    def loss(self, step: int, share: float) -> Tensor:
        """Loss of a fresh batch; the batch depends on the seed, the step and the phase alone."""
        settings, phase = self.settings, self.phase(share)
        if phase != self.run.phase:
            self.run.begin_phase(phase)
            if phase == 2:
                self.model.load_state_dict(self.run.average.values)
        self.model.log_gain.requires_grad_(phase == 1)  # by rate alone the gains would shrink to nothing
        rng = np.random.default_rng((settings.seed, step))
        side, batch = settings.crop, settings.batch * (2 if phase == 0 else 1)
        if share > 1 - settings.late_share:
            side = settings.late_crop
            batch = max(1, round(batch * (settings.crop / side) ** 2))
        pixels = to_input(data.random_crops(self.pictures, batch, side, rng), torch.device(settings.device))
        spread = (rng.permutation(batch) + rng.random(batch)) / batch * MAX_QUALITY_INDEX
        quality = torch.from_numpy(spread.astype(np.float32)).to(settings.device)
        if phase == 0:
            return self._rate_of_linear(pixels, quality)
        with self.autocast():
            outcome = self.model(pixels, quality, True) if phase == 1 else self._of_fixed_analysis(pixels, quality)
        return cost(outcome, pixels, quality)

    def _of_fixed_analysis(self, pixels: Tensor, quality: Tensor) -> Outcome:
        t = relative(quality)
        with torch.no_grad():
            latent = self.model.analysis(pixels, t)
        seen, latent_bits, hyper_bits = self.model.rate(latent, quality, False)
        return Outcome(self.model.synthesis(seen, t), latent_bits, hyper_bits)

    def _rate_of_linear(self, pixels: Tensor, quality: Tensor) -> Tensor:
        """Rate part of the cost for the linear transform alone: ten times as fast, and what must be learned first."""
        with torch.no_grad():
            latent = self.model.analysis.linear(nn.functional.pixel_unshuffle(pixels, LATENT_STRIDE))
        with self.autocast():
            _, latent_bits, hyper_bits = self.model.rate(latent, quality, True)
        rate = (latent_bits.sum(1) + hyper_bits) / (pixels.shape[2] * pixels.shape[3])
        return (rate / lagrangian(quality).sqrt()).mean()

    @torch.no_grad()
    def report(self) -> None:
        """Log rate and PSNR of the averaged weights on the validation crops, at a few qualities."""
        with self.run.averaged():
            rates, psnrs, shares = zip(*(self._validate(quality) for quality in VALIDATION_QUALITIES), strict=True)
        split = [round(float(value), 3) for value in np.mean(shares, axis=0)]
        self.run.log(loss=self.run.guard.loss, bpp=list(rates), psnr=list(psnrs), split=split)

    def _validate(self, quality: int) -> tuple[float, float, list[float]]:
        """Bits per pixel, PSNR, and the shares of hyper-latent and four steps in the bits."""
        device = torch.device(self.settings.device)
        rates, psnrs, splits = [], [], []
        for crop in self.validation:
            pixels = to_input(crop[None], device)
            with self.autocast():
                outcome = self.model(pixels, torch.full((1,), float(quality), device=device), False)
            parts = torch.cat([outcome.hyper_bits, outcome.latent_bits[0]])
            seen = ((outcome.pixels + 0.5).clamp(0, 1) * 255).round()
            error = float((seen - (pixels + 0.5) * 255).square().mean())
            rates.append(float(parts.sum()) / VALIDATION_SIDE**2)
            psnrs.append(10 * math.log10(255**2 / max(error, 1e-9)))
            splits.append((parts / parts.sum()).tolist())
        return float(np.mean(rates)), float(np.mean(psnrs)), list(np.mean(splits, axis=0))


def learn(folders: list[Path], folder: Path, widths: Widths, settings: Settings, resume: bool) -> None:
    """Train, or go on training, in ``folder``; pictures are cached in ``cache`` beside it."""
    torch.manual_seed(settings.seed)
    folder.mkdir(parents=True, exist_ok=True)
    training, held_out = data.find_pictures(folders)
    pictures = data.load_pictures(training, folder.parent / "cache")
    crops = data.centre_crops(data.load_pictures(held_out, folder.parent / "cache"), VALIDATION_SIDE)
    model = Hyperprior(widths)
    if settings.weights is not None:
        model.load_state_dict(from_arrays(models.read(settings.weights.read_bytes())))
    elif not resume:
        start(model, pictures, settings.seed)
    model = model.to(settings.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    run = Run(
        model,
        optimisers(model, settings),
        Schedule(settings.minutes),
        folder,
        Average(model, settings.average),
        Guard(),
    )
    if resume:
        run.resume()
    recipe = Recipe(run, model, settings, pictures, crops)
    if not resume:
        recipe.report()
    train(run, recipe.loss, recipe.report, settings.every_minutes)
    export(run, pictures, settings.device)


def export(run: Run, pictures: data.Pictures, device: str) -> None:
    """Write the averaged weights to ``weights.npz`` in the run's folder, with what is measured on training pictures."""
    crops = data.random_crops(pictures, CALIBRATION_CROPS, VALIDATION_SIDE, np.random.default_rng(1))
    arrays = calibrated(to_arrays(run.average.values, logistic_tables()), crops, CALIBRATION_CROPS // 16, device)
    models.write(run.folder / "weights.npz", arrays)
