"""Targets for a latent that allow for the synthesis network: the best value at each place, given all the others.

The transposed convolution alone is nearly orthonormal: a value's target is what the analysis gives. With the network
behind it, the squared error of the picture is another function of the values. Around the coded values it is taken for a
quadratic one whose curvature is that of the orthonormal synthesis; its minimum is then one step of gradient descent
away. The encoder chooses symbols for such targets, and targets for such symbols, in turn. The decoded picture comes
closer to the source, at no cost to the decoder.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from nncodec.codecs.learned.model import LearnedModel
from nncodec.lapped.decoder import Values
from nncodec.lapped.latent import MEAN_ONE
from nncodec.lapped.layout import CHANNELS, MAX_QUALITY_INDEX, STRIDE, step_size
from nncodec.lapped.transform import OPPONENT, Floats
from nncodec.lapped.transform_torch import Transform
from nncodec.nets.quantised import restored
from nncodec.nets.resnet import UNIT
from nncodec.nets.resnet_torch import ArtifactNet
from nncodec.nets.threads_torch import limited

TILE, MARGIN = 96, 8
"""Positions along a tile's side, margins included; and those around it that values of the tile reach."""


@dataclass(frozen=True)
class Tile:
    """A range of a latent's rows or columns, without and with its margins."""

    inner: slice
    outer: slice

    @property
    def within(self) -> slice:
        """The inner range, counted from the outer's start."""
        return slice(self.inner.start - self.outer.start, self.inner.stop - self.outer.start)


class Refiner:
    """The synthesis of one model at one quality index as a differentiable function, for one picture.

    Args:
        model: the weights.
        quality: index, 0 to MAX_QUALITY_INDEX.
        planes: (P, 8 h, 8 w) in levels: the picture in these colours.
        matrix: (3, 3) the colours.
        threads: for torch to use; 0 leaves it alone.
    """

    def __init__(self, model: LearnedModel, quality: int, planes: Floats, matrix: Floats, threads: int = 0) -> None:
        self._transform = Transform.of(model.arrays, len(planes)).requires_grad_(False)
        self._net = ArtifactNet.of(restored(model.arrays, "net")).requires_grad_(False)
        self._step, self._level = step_size(quality), torch.full((1,), quality / MAX_QUALITY_INDEX)
        self._threads = threads
        self._planes, self._turn = planes, torch.from_numpy(OPPONENT @ matrix.T)

    def targets(self, values: Values) -> Floats:
        """Targets (P, h, w, CHANNELS) in quantiser steps, for coded values of the same shape in 1/16 symbol."""
        out = np.empty(values.shape, np.float32)
        with limited(self._threads):
            for rows, columns in product(_tiles(values.shape[1]), _tiles(values.shape[2])):
                seen = values[:, rows.outer, columns.outer].astype(np.float32) / np.float32(MEAN_ONE)
                wanted = seen - self._gradient(seen, rows.outer, columns.outer) / 2
                out[:, rows.inner, columns.inner] = wanted[:, rows.within, columns.within]
        return out

    def _gradient(self, values: Floats, rows: slice, columns: slice) -> Floats:
        """The gradient of the squared error, in squared quantiser steps, by the values (P, h, w, CHANNELS)."""
        tall, wide = (slice(STRIDE * side.start, STRIDE * side.stop) for side in (rows, columns))
        target = torch.from_numpy(self._planes[:, tall, wide] / np.float32(self._step))[None]
        x = torch.from_numpy(np.moveaxis(values, -1, 1).copy()).flatten(0, 1)[None].requires_grad_(True)
        planes = self._transform.planes(x)
        error = (planes + self._added(planes) - target).square().sum()
        (gradient,) = torch.autograd.grad(error, x)
        shape = len(values), CHANNELS, *values.shape[1:3]
        moved: Floats = np.moveaxis(gradient.view(shape).numpy(), 1, -1)
        return moved

    def _added(self, planes: Tensor) -> Tensor:
        """The network's correction of planes (1, P, H, W), both in quantiser steps."""
        colour = planes.shape[1] == 3
        seen = planes * (self._step / UNIT)
        seen = torch.einsum("rc,bchw->brhw", self._turn, seen) if colour else F.pad(seen, (0, 0, 0, 0, 0, 2))
        with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16_is_fast()):
            x, family = seen.contiguous(memory_format=torch.channels_last), torch.zeros(1, dtype=torch.long)
            added: Tensor = self._net(x, family, self._level).float()
        return torch.einsum("cr,brhw->bchw", torch.linalg.inv(self._turn), added) if colour else added[:, :1]


def _tiles(length: int) -> Iterator[Tile]:
    """Nearly equal parts of ``length``."""
    count = 1 if length <= TILE else -(-length // (TILE - 2 * MARGIN))
    ends = [length * part // count for part in range(count + 1)]
    for start, stop in pairwise(ends):
        yield Tile(slice(start, stop), slice(max(0, start - MARGIN), min(length, stop + MARGIN)))


def bfloat16_is_fast() -> bool:
    """Tell whether this CPU has instructions for bfloat16, with which convolutions beat those in float32."""
    names = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, name, bool)() for name in names)
