"""Refining a latent for one picture: gradient descent on its own cost, with rounding built in little by little.

Yang, Bamler and Mandt 2020, "Improving Inference for Neural Image Compression", optimise a latent through random
rounding of falling temperature. Here the expectation over such roundings is taken in closed form. A residual (latent
less mean, in symbols) between two integers stands for rounding up with a probability, its ``share``. If latents are
rounded independently, the expected bits are linear in the share, and the expected squared error is that at the mean
plus each latent's energy times its variance, share * (1 - share), to second order. That variance is charged more and
more, and shares near 0 and 1 are taken for 0 and 1 more and more, until what is left is plain rounding.

Gradients are divided by the curvature of the error in each channel, so that a step is measured in symbols and latents
that hardly matter hardly move.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from nncodec import progress
from nncodec.entropy.layout import HYPER_STRIDE, LATENT_STRIDE
from nncodec.nets.hyperprior import Hyperprior, bits, lagrangian, relative
from nncodec.nets.painter import Bytes, Floats, scaled, tiles, widths_of
from nncodec.nets.prior import from_cells, to_cells
from nncodec.nets.shipped import from_arrays

TILE = 12
"""Hyper-latent positions along a tile's side (768 pixels), margins included; tiles are refined on their own."""
MARGIN = 1
"""Hyper-latent positions around a tile that are refined with it and then dropped."""
RATE, MOMENTUM, CLIP = 0.4, 0.6, 0.3
"""First step size, in Newton steps of the diagonal; decay of the mean of gradients; largest move, in symbols."""
SNAP_FIRST, SNAP_LAST = 0.1, 0.45
"""Shares within this of 0 and 1 count as such."""
VARIANCE_LAST = 2.0
"""What the variance is charged with at the end, times its expected error; nothing at the start."""


class _Snap(torch.autograd.Function):
    """Shares (0..1) stretched so that those within ``limit`` of an end are at it; the gradient passes unchanged."""

    @staticmethod
    def forward(ctx: Any, share: Tensor, limit: float) -> Tensor:
        return ((share - limit) / (1 - 2 * limit)).clamp(0, 1)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, None]:
        return grads[0], None


@dataclass(frozen=True)
class Stage:
    """How far the rounding has been built in."""

    snap: float
    """0 to 0.5."""
    variance: float
    """Price of a symbol's variance, in expected errors."""


Cost = Callable[[Tensor, Stage], Tensor]


class Refiner:
    """Refines latents under one model at one quality index.

    Args:
        arrays: the model's arrays by name.
        device: ``cpu`` or ``cuda``.
        low_precision: run the synthesis in bfloat16.
        quality: 0 to MAX_QUALITY_INDEX.
        price: (latent,) bits that a squared error of one symbol is worth, by channel.
    """

    def __init__(
        self,
        arrays: dict[str, npt.NDArray[Any]],
        device: torch.device,
        low_precision: bool,
        quality: int,
        price: npt.NDArray[np.floating],
    ) -> None:
        self._device, self._low_precision = device, low_precision
        self._model = Hyperprior(widths_of(arrays))
        self._model.load_state_dict(from_arrays(arrays))
        self._model.requires_grad_(False).to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._quality = torch.full((1,), float(quality), device=device)
        self._t = relative(self._quality)
        self._price = torch.tensor(price, dtype=torch.float32, device=device)[None, :, None, None]
        with torch.no_grad():
            self._gain, self._offset, _ = self._model.at_quality(self._quality)

    def refined(
        self,
        latent: Floats,
        hyper: npt.NDArray[np.int32],
        pixels: Bytes,
        steps: int,
        rate_weight: float = 1.0,
    ) -> Floats:
        """A latent that costs less once it is rounded to the nearest.

        Args:
            latent: (H/16, W/16, latent), from the analysis.
            hyper: (H/64, W/64, hyper), which stays as it is.
            pixels: (H, W, 3), sides multiples of 64.
            steps: of gradient descent, for every tile.
            rate_weight: what a bit counts; 1 is the trade-off of the quality.

        Returns:
            A new latent of the same shape.
        """
        ratio = HYPER_STRIDE // LATENT_STRIDE
        out = np.empty_like(latent)
        parts = list(tiles(hyper.shape[0], hyper.shape[1], MARGIN, TILE))
        tick = progress.counter("refining", steps * len(parts))
        for tile in parts:
            target = self._tensor(pixels[scaled(tile.outer, HYPER_STRIDE)]).div_(255).sub_(0.5)
            start = self._tensor(latent[scaled(tile.outer, ratio)]) * self._gain
            with torch.no_grad():
                features = self._model.hyper_synthesis(self._tensor(hyper[tile.outer]), self._t)
            wanted = self._descended(start, steps, tick, partial(self._cost, features, target, rate_weight))
            better = (wanted / self._gain)[0].permute(1, 2, 0)
            out[scaled(tile.inner, ratio)] = better[tile.within(ratio)].cpu().numpy()
        return out

    def _tensor(self, values: npt.NDArray[Any]) -> Tensor:
        """(H, W, C) to float32 (1, C, H, W)."""
        moved = torch.from_numpy(np.ascontiguousarray(values)).to(self._device)
        return moved.permute(2, 0, 1)[None].float()

    def _descended(self, wanted: Tensor, steps: int, tick: Callable[[], None], cost: Cost) -> Tensor:
        """Latents in symbols (1, latent, h, w) after ``steps`` of gradient descent with momentum."""
        mean = torch.zeros_like(wanted)
        for step in range(steps):
            done = step / steps
            now = Stage(SNAP_FIRST + (SNAP_LAST - SNAP_FIRST) * done, VARIANCE_LAST * done)
            wanted.requires_grad_(True)
            (gradient,) = torch.autograd.grad(cost(wanted, now), wanted)
            mean.mul_(MOMENTUM).add_(gradient / (2 * self._price), alpha=1 - MOMENTUM)
            wanted = wanted.detach() - (RATE * (1 - done) * mean).clamp_(-CLIP, CLIP)
            tick()
        return wanted

    def _cost(self, features: Tensor, target: Tensor, rate_weight: float, wanted: Tensor, now: Stage) -> Tensor:
        """Expected bits plus lambda times squared error, without the bits of the hyper-latent."""
        rate, variance = wanted.new_zeros(()), wanted.new_zeros(())
        known: list[Tensor] = []
        for step, part in zip(self._model.steps, to_cells(wanted), strict=True):
            mean, index = step(features, known, self._t)
            residual, index = part - mean * self._gain, index + self._offset
            below = residual.detach().floor()
            share: Tensor = _Snap.apply(residual - below, now.snap)  # type: ignore[no-untyped-call]
            low, high = bits(below, index), bits(below + 1, index)
            rate = rate + (low + (high - low) * share).sum()
            variance = variance + (self._price * share * (1 - share)).sum()
            known.append((below + share) / self._gain + mean)
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._low_precision):
            seen = self._model.synthesis(from_cells(known), self._t)
        error = (seen.clamp(-0.5, 0.5) - target).square().sum() * (255**2 / 3)
        cost: Tensor = rate_weight * rate + lagrangian(self._quality) * error + now.variance * variance
        return cost
