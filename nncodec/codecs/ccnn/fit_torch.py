"""Training of the ccnn codec's filters on the one picture: both convolutions, by gradient, on random regions."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from nncodec import progress
from nncodec.lapped.encoder import PRICE
from nncodec.lapped.latent import MEAN_ONE
from nncodec.lapped.layout import CHANNELS, STRIDE, TAPS
from nncodec.lapped.rate_torch import bits, chosen
from nncodec.lapped.transform import Floats
from nncodec.lapped.transform_torch import Transform
from nncodec.nets.threads_torch import limited

_SIDE, _BATCH = 16, 4
"""Latent positions along a region's side, and regions per step."""
_RATE, _MEMORY = 3e-4, (0.9, 0.98)


@dataclass(frozen=True)
class Task:
    """One picture, with the means and scale indices under which its latent was coded with the shared filters."""

    planes: Floats
    """(P, 8 h, 8 w) in levels."""
    means: npt.NDArray[np.integer]
    """(P, h, w, CHANNELS) in 1/16 symbol."""
    indices: npt.NDArray[np.uint8]
    """(P, h, w, CHANNELS) scale indices. They are held while the filters move."""
    step: float
    """Quantiser step in levels."""

    def regions(self, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """Random regions: planes (B, P, 8 s, 8 s), means in symbols and indices, both (B, P * CHANNELS, s, s)."""
        _, height, width, _ = self.indices.shape
        rows, columns = min(_SIDE, height), min(_SIDE, width)
        tops, lefts = rng.integers(height - rows + 1, size=_BATCH), rng.integers(width - columns + 1, size=_BATCH)
        planes: list[Floats] = []
        means: list[npt.NDArray[np.integer]] = []
        indices: list[npt.NDArray[np.integer]] = []
        for y, x in zip(tops.tolist(), lefts.tolist(), strict=True):
            planes.append(self.planes[:, STRIDE * y : STRIDE * (y + rows), STRIDE * x : STRIDE * (x + columns)])
            means.append(self.means[:, y : y + rows, x : x + columns])
            indices.append(self.indices[:, y : y + rows, x : x + columns])
        return torch.from_numpy(np.stack(planes)), _channels(means) / MEAN_ONE, _channels(indices)


def _channels(parts: list[npt.NDArray[np.integer]]) -> Tensor:
    """(P, h, w, C) each to (B, P * C, h, w) float32."""
    return torch.from_numpy(np.moveaxis(np.stack(parts), -1, 2).astype(np.float32)).flatten(1, 2)


@limited()
def fit(task: Task, arrays: Mapping[str, npt.NDArray[Any]], steps: int) -> tuple[Floats, Floats]:
    """Train filters of analysis and synthesis, (P, CHANNELS, TAPS, TAPS) each, for ``steps`` from the shared ones.

    The loss is the codec's own: bits + price * squared error, and an estimate of the bits of the differences.
    ``arrays`` are the shared weights.
    """
    planes = len(task.planes)
    model = Transform.of(arrays, planes)
    start = model.synthesis.detach().clone()
    descent = [_Descent(filters) for filters in (model.analysis, model.synthesis)]
    rng, generator = np.random.default_rng(0), torch.Generator().manual_seed(0)
    price = torch.tensor(PRICE)
    area = task.planes.shape[1] * task.planes.shape[2]
    tick = progress.counter("training on the picture", steps)
    for step in range(steps):
        pixels, means, indices = task.regions(rng)
        wanted = model.latent(pixels) / task.step - means
        noise = torch.rand(wanted.shape, generator=generator) - 0.5
        symbols = chosen(wanted, indices, price)
        error = (model.planes(symbols + means) - pixels / task.step).square().sum()
        share = pixels.shape[0] * pixels.shape[2] * pixels.shape[3] / area
        loss = (
            0.5 * (bits(wanted + noise, indices) + bits(symbols, indices)).sum()
            + PRICE * error
            + share * _cost(model.synthesis - start, wanted, area / STRIDE**2)
        )
        loss.backward()
        for each in descent:
            each.step(_RATE * (1 - step / steps))
        tick()
    shape = (planes, CHANNELS, TAPS, TAPS)
    return model.analysis.detach().numpy().reshape(shape), model.synthesis.detach().numpy().reshape(shape)


class _Descent:
    """Adam (Kingma & Ba 2015) with one second moment for each filter rather than one for each weight.

    Every weight that moves costs bits. Adam proper moves all weights of a filter alike, important or not.
    """

    def __init__(self, filters: torch.nn.Parameter) -> None:
        self._filters = filters
        self._mean, self._square = torch.zeros_like(filters), torch.zeros(len(filters), 1, 1, 1)
        self._steps = 0

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Move the filters along the gradient, and clear it."""
        gradient = self._filters.grad
        if gradient is None:
            return
        self._steps += 1
        self._mean.lerp_(gradient, 1 - _MEMORY[0])
        self._square.lerp_(gradient.square().mean((1, 2, 3), keepdim=True), 1 - _MEMORY[1])
        bias = [1 - memory**self._steps for memory in _MEMORY]
        self._filters.sub_(rate * (self._mean / bias[0]) / ((self._square / bias[1]).sqrt() + 1e-12))
        self._filters.grad = None


def _cost(difference: Tensor, wanted: Tensor, positions: float) -> Tensor:
    """Estimated bits of the differences to the start; the quantiser step is one over the norm of a channel's values."""
    norm = (wanted.detach().square().mean((0, 2, 3)) * positions).sqrt()
    return torch.log2(1 + 2 * difference.abs() * norm[:, None, None, None]).sum()
