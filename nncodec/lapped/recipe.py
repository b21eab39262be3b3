"""The recipe of the transforms of the lapped latent, which are trained against a proxy of the rate."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from nncodec.lapped.layout import (
    CHANNELS,
    COARSEST_STEP,
    MAX_QUALITY_INDEX,
    PLANES,
    STEP_OCTAVES,
    TAPS,
    step_size,
)
from nncodec.lapped.rate_torch import rounded
from nncodec.lapped.rdoq import PRICE
from nncodec.lapped.transform import OPPONENT
from nncodec.lapped.transform_torch import RateProxy, Transform
from nncodec.training import data
from nncodec.training.loop import REPORT_SHARE, Run

VALIDATION_SIDE = 256
VALIDATION_QUALITIES = (40, 80, 120, 160)


@dataclass(frozen=True)
class Batches:
    """Size and seed of the random crops of one run."""

    batch: int = 8
    crop: int = 128
    """Side of the crops, in pixels, a multiple of 8."""
    seed: int = 0


class TransformNet(nn.Module):
    """The transforms and the proxy of the rate, trained together."""

    def __init__(self) -> None:
        super().__init__()
        self.transform = Transform()
        self.proxy = RateProxy()

    def forward(self, planes: Tensor, quality: Tensor) -> tuple[Tensor, Tensor]:
        """Bits per pixel and squared error per pixel (of three planes), (B,) each, at quality indices (B,)."""
        step = steps(quality)
        wanted = self.transform.latent(planes) / step
        decoded = self.transform.planes(rounded(wanted)) * step
        area = planes.shape[2] * planes.shape[3]
        return self.proxy.rate(wanted, quality) / area, (decoded - planes).square().sum((1, 2, 3)) / area


def steps(quality: Tensor) -> Tensor:
    """Quantiser steps in levels, (B, 1, 1, 1), at quality indices (B,)."""
    step: Tensor = COARSEST_STEP * torch.exp2(-STEP_OCTAVES / MAX_QUALITY_INDEX * quality)
    return step[:, None, None, None]


def to_input(crops: data.Bytes) -> Tensor:
    """(B, H, W, 3) uint8 to (B, 3, H, W) float32: levels less 128, in the shared colours."""
    turned = (crops.astype(np.float32) - 128) @ OPPONENT.T
    return torch.from_numpy(np.ascontiguousarray(np.moveaxis(turned, -1, 1)))


@dataclass
class TransformRecipe:
    """Batches, loss and validation of the transforms."""

    run: Run
    model: TransformNet
    batches: Batches
    pictures: data.Pictures
    validation: data.Bytes

    def loss(self, step: int, share: float) -> Tensor:
        """(bits per pixel + lambda * squared error) / sqrt(lambda) of a fresh batch, which step and seed decide."""
        batches, rng = self.batches, np.random.default_rng((self.batches.seed, step))
        with torch.no_grad():
            self.model.transform.symmetrise()
        planes = to_input(data.random_crops(self.pictures, batches.batch, batches.crop, rng))
        spread = (rng.permutation(batches.batch) + rng.random(batches.batch)) / batches.batch * MAX_QUALITY_INDEX
        rate, error = self.model(planes, torch.from_numpy(spread.astype(np.float32)))
        price = torch.tensor([PRICE / step_size(quality) ** 2 for quality in spread], dtype=torch.float32)
        cost: Tensor = ((rate + price * error) / price.sqrt()).mean()
        return cost

    @torch.no_grad()
    def report(self) -> None:
        """Log the proxy's rate and the PSNR of the averaged weights, on the validation crops."""
        planes, rates, psnrs = to_input(self.validation), [], []
        with self.run.averaged():
            self.model.transform.symmetrise()
            for quality in VALIDATION_QUALITIES:
                enough = self.run.allowance(REPORT_SHARE / len(VALIDATION_QUALITIES))
                outcomes = []
                for crop in planes:
                    outcomes.append(self.model(crop[None], torch.full((1,), float(quality))))
                    if enough():
                        break
                rates.append(float(torch.cat([rate for rate, _ in outcomes]).mean()))
                errors = torch.cat([error for _, error in outcomes]) / 3
                psnrs.append(float((10 * torch.log10(255**2 / errors)).mean()))
        self.run.log(loss=self.run.guard.loss, bpp=rates, psnr=psnrs)


def optimiser(model: TransformNet, rate: float) -> torch.optim.Optimizer:
    """Adam at ``rate`` for the filters and 50 times that for the proxy of the rate."""
    groups = [
        {"params": list(model.transform.parameters()), "lr": rate},
        {"params": list(model.proxy.parameters()), "lr": 50 * rate},
    ]
    return torch.optim.Adam(groups, betas=(0.9, 0.98), eps=1e-10)


def filters(transform: Transform) -> dict[str, npt.NDArray[np.floating]]:
    """The transforms' arrays as they ship, float16; every filter of the synthesis has the norm 1."""
    transform.symmetrise()
    shape = PLANES, CHANNELS, TAPS, TAPS
    synthesis, analysis = (p.detach().numpy().reshape(shape) for p in (transform.synthesis, transform.analysis))
    norms = np.sqrt(np.square(synthesis).sum((2, 3), keepdims=True))
    return {"analysis": (analysis * norms).astype(np.float16), "synthesis": (synthesis / norms).astype(np.float16)}
