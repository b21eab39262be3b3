"""The lapped transforms as a trainable network: a strided convolution and a transposed one.

After Roh et al., "Compressing CNN": an autoencoder of one layer each way. Here both are linear, and begin as a lapped
orthogonal transform.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nncodec.entropy.scales import INDICES_PER_OCTAVE, SCALE_MIN
from nncodec.lapped.layout import CHANNELS, FREQUENCIES, GROUPS, MAX_QUALITY_INDEX, PARITY, PLANES, STRIDE, TAPS
from nncodec.lapped.rate_torch import bits, chosen
from nncodec.lapped.transform import EDGE, lapped_rows


def lapped_basis() -> npt.NDArray[np.float64]:
    """(CHANNELS, TAPS, TAPS): `nncodec.lapped.transform.lapped_rows` in both directions."""
    rows = lapped_rows(STRIDE)
    return np.stack([np.outer(rows[u], rows[v]) for u, v in FREQUENCIES])


def mirrored(latent: Tensor, parity: Tensor, count: int) -> Tensor:
    """Extend a latent (B, C, h, w) by ``count`` mirrored positions at each side; ``parity`` (C, 2) gives the signs."""
    for axis, sign in ((2, parity[:, 0, None, None]), (3, parity[:, 1, None, None])):
        missing = count
        while missing:  # more than once where the latent is smaller than what is missing
            size = latent.shape[axis]
            step = min(missing, size)
            first, last = latent.narrow(axis, 0, step), latent.narrow(axis, size - step, step)
            latent = torch.cat([first.flip(axis) * sign, latent, last.flip(axis) * sign], axis)
            missing -= step
    return latent


class Transform(nn.Module):
    """Pixels to latent and back, for the three planes of a colour-rotated picture."""

    parity: Tensor

    def __init__(self, planes: int = PLANES) -> None:
        super().__init__()
        self.n_planes = planes
        basis = torch.from_numpy(lapped_basis()).float()[:, None].repeat(planes, 1, 1, 1)
        self.analysis = nn.Parameter(basis.clone())  # (3 * 64, 1, 16, 16)
        self.synthesis = nn.Parameter(basis.clone())  # (3 * 64, 1, 16, 16)
        self.register_buffer("parity", torch.from_numpy(PARITY.copy()).float().repeat(planes, 1), persistent=False)

    @classmethod
    def of(cls, arrays: Mapping[str, npt.NDArray[Any]], planes: int) -> "Transform":
        """The transforms of the first planes, from weights as they ship."""
        transform = cls(planes)
        with torch.no_grad():
            for name, parameter in transform.named_parameters():
                values = torch.from_numpy(arrays[name][:planes].astype(np.float32))
                parameter.copy_(values.view_as(parameter))
        return transform

    def latent(self, planes: Tensor) -> Tensor:
        """Planes (B, 3, H, W), sides multiples of 8, in levels, to (B, 3 * 64, H / 8, W / 8) in levels."""
        for axis in (2, 3):
            size = planes.shape[axis]
            first, last = planes.narrow(axis, 0, EDGE), planes.narrow(axis, size - EDGE, EDGE)
            planes = torch.cat([first.flip(axis), planes, last.flip(axis)], axis)
        return F.conv2d(planes, self.analysis, stride=STRIDE, groups=self.n_planes)

    def planes(self, values: Tensor) -> Tensor:
        """Values (B, 3 * 64, h, w) in quantiser steps to planes (B, 3, 8 h, 8 w) in quantiser steps."""
        batch, _, height, width = values.shape
        around = mirrored(values, self.parity, 1)
        features = around.view(batch, self.n_planes, CHANNELS, height + 2, width + 2)
        return transposed_convolution(features, self.synthesis.view(self.n_planes, CHANNELS, TAPS, TAPS))

    @torch.no_grad()
    def symmetrise(self) -> None:
        """Make the filters of the latent even or odd, as their parity says, so that mirroring is exact."""
        for filters in (self.analysis, self.synthesis):
            for axis, sign in ((2, self.parity[:, 0]), (3, self.parity[:, 1])):
                filters.copy_((filters + filters.flip(axis) * sign[:, None, None, None]) / 2)


def transposed_convolution(features: Tensor, filters: Tensor) -> Tensor:
    """Features (B, P, C, h + 2, w + 2), one position outside at each side, to planes (B, P, 8 h, 8 w).

    A matrix product, and the four blocks of each position added to those of its neighbours: several times as fast as
    the library's function, whose groups have one output channel each.
    """
    batch, planes, channels, rows, columns = features.shape
    blocks = filters.view(planes, channels, 2, STRIDE, 2, STRIDE).permute(0, 2, 4, 3, 5, 1)
    summands = torch.matmul(blocks.reshape(planes, -1, channels), features.reshape(batch, planes, channels, -1))
    summands = summands.view(batch, planes, 2, 2, STRIDE * STRIDE, rows, columns)
    total = sum(summands[:, :, i, j, :, 1 - i : rows - i, 1 - j : columns - j] for i in (0, 1) for j in (0, 1))
    whole = F.pixel_shuffle(total.flatten(1, 2), STRIDE)  # type: ignore[union-attr]
    return whole[:, :, EDGE:-EDGE, EDGE:-EDGE]


class RateProxy(nn.Module):
    """The proxy of the entropy model while transforms are trained: a scale from the magnitudes around each symbol."""

    FEATURES = 5

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([0.4, 0.25, 0.25, -0.7, 0.0]).repeat(PLANES * CHANNELS, 1))
        lower = torch.zeros(CHANNELS, CHANNELS)
        for group in range(1, len(GROUPS)):
            lower[GROUPS[group], GROUPS[group - 1]] = 1 / (GROUPS[group - 1].stop - GROUPS[group - 1].start)
        self.register_buffer("lower", lower, persistent=False)

    def around(self, x: Tensor) -> Tensor:
        """Weighted means of the eight neighbours of each value of x (B, C, h, w)."""
        padded = F.pad(x, (1, 1, 1, 1), mode="replicate")
        rows = padded[:, :, :-2] + 2 * padded[:, :, 1:-1] + padded[:, :, 2:]
        return (rows[..., :-2] + 2 * rows[..., 1:-1] + rows[..., 2:] - 4 * x) / 12

    def predicted(self, known: Tensor, quality: Tensor) -> tuple[Tensor, Tensor]:
        """Means and scale indices of symbols (B, 3 * 64, h, w), from those around, at quality indices (B,)."""
        with torch.no_grad():
            batch, _, height, width = known.shape
            mean = torch.zeros_like(known)
            mean[:, ::CHANNELS] = self.around(known)[:, ::CHANNELS]
            size = (known - mean).abs()
            below = torch.einsum("dc,bpchw->bpdhw", self.lower, size.view(batch, PLANES, CHANNELS, height, width))
            below = below.flatten(1, 2)
            near = torch.stack([self.around(size), below, self.around(below)], -1)  # (B, 3 * 64, h, w, 3)
            features = torch.cat([torch.log2(near + 0.1), torch.ones_like(near[..., :2])], -1)
            features[..., 4] = (quality * (2 / MAX_QUALITY_INDEX) - 1)[:, None, None, None]
        octaves = torch.einsum("bchwf,cf->bchw", features, self.weight)
        return mean, INDICES_PER_OCTAVE * (octaves - torch.log2(torch.tensor(SCALE_MIN)))

    def rate(self, wanted: Tensor, quality: Tensor) -> Tensor:
        """Bits of values (B, 3 * 64, h, w) in quantiser steps at quality indices (B,), rounded with noise: (B,)."""
        mean, index = self.predicted(wanted.detach().round(), quality)
        return bits(wanted - mean + torch.rand_like(wanted) - 0.5, index).sum((1, 2, 3))

    @torch.no_grad()
    def symbols(self, wanted: Tensor, quality: Tensor, price: float) -> Tensor:
        """Values (B, 3 * 64, h, w) quantised by bits and error, at ``price`` bits for a squared error of one step."""
        mean, index = self.predicted(wanted.round(), quality)
        whole = mean.round()
        return whole + chosen(wanted - whole, index, torch.tensor(price))
