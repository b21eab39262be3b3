"""Hyperprior and context in exact arithmetic: what the distributions of the latent's symbols are.

The same functions as `nncodec.nets.prior`, from integer weights. Everything that leaves here is an integer.
"""

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from nncodec.entropy import exact
from nncodec.entropy.exact import Integers, Layer
from nncodec.entropy.layout import ACTIVATION_LIMIT, MAX_QUALITY_INDEX, N_ANCHORS, N_SCALES, SCALE_UNIT
from nncodec.entropy.tables import Tables
from nncodec.errors import UnsupportedFile

if TYPE_CHECKING:
    from torch import Tensor

Means = npt.NDArray[np.int32]
Indices = npt.NDArray[np.uint8]

MEAN_ONE = 16
"""Means are multiples of 1/16 of a symbol."""
GAIN_BITS = 10
"""Gains are multiples of 2^-10."""
INDEX_ONE = 256
"""Offsets and anchors of scale indices are multiples of 1/256 index."""
RECIPROCAL_BITS = 26
ROWS_BYTES = 1 << 24
"""Memory that the largest array of one band of a step may take."""


class Prior:
    """Distributions of all symbols of one picture, at one quality index.

    Args:
        arrays: the integer arrays of a model, by name.
        quality: 0 to MAX_QUALITY_INDEX.
        device: torch device for the convolutions.
    """

    def __init__(self, arrays: dict[str, Integers], quality: int, device: str) -> None:
        if not 0 <= quality <= MAX_QUALITY_INDEX:
            raise ValueError(f"quality index {quality}")
        self._arrays, self._quality, self._device = arrays, quality, device
        self._layers: dict[str, Layer] = {}
        self.tables = Tables.unpack(arrays)
        self.gain = self._anchored("gain")
        self._offset = self._anchored("offset")
        self._reciprocal = ((1 << RECIPROCAL_BITS) + self.gain // 2) // self.gain
        index = (self._anchored("hyper_index") + INDEX_ONE // 2) // INDEX_ONE
        self._hyper_index = index.clip(0, N_SCALES - 1).astype(np.uint8)
        self.channels = len(self.gain)
        self.hyper_channels = len(self._hyper_index)

    def _anchored(self, name: str) -> npt.NDArray[np.int64]:
        table = self._arrays[name]
        if table.ndim != 2 or len(table) != N_ANCHORS or (name == "gain" and table.min() < 1):
            raise UnsupportedFile(f"the weights' table {name!r} is damaged")
        return exact.interpolate(table, self._quality).astype(np.int64)

    def _layer(self, name: str) -> Layer:
        if name not in self._layers:
            conditioned = f"{name}.slope" in self._arrays
            inner = f"{name}.conv" if conditioned else name
            slope = self._arrays[f"{name}.slope"] if conditioned else None
            self._layers[name] = Layer(self._arrays[f"{inner}.weight"], self._arrays[f"{inner}.bias"], slope)
        return self._layers[name]

    def least_bits(self, height: int, width: int) -> float:
        """Bits that no picture of height x width hyper-latent positions can be coded with fewer of."""
        least = np.array([self.tables.costs(index).min() for index in range(N_SCALES)], np.float64)
        latents = 16 * self.channels * least.min()
        return height * width * float(least[self._hyper_index].sum() + latents)

    def hyper_indices(self, height: int, width: int) -> Indices:
        """Scale indices of a hyper-latent, (height, width, hyper) uint8; its means are 0."""
        return np.broadcast_to(self._hyper_index, (height, width, self.hyper_channels))

    def features(self, hyper: npt.NDArray[np.int32]) -> "Tensor":
        """(h, w, hyper) symbols to (2 h, 2 w, features) float32 multiples of 2^-8."""
        import torch

        limit = int(ACTIVATION_LIMIT)
        x = torch.from_numpy(hyper.clip(-limit, limit).astype(np.float32)).to(self._device)
        x = exact.shuffle(exact.active(exact.convolve(x, self._layer("hyper_synthesis.enter"), self._quality)))
        return exact.active(exact.convolve(x, self._layer("hyper_synthesis.leave"), self._quality))

    def step(self, step: int, features: "Tensor", known: "Tensor") -> tuple[Means, Indices]:
        """Means in 1/16 symbol and scale indices of one step's symbols, both (H, W, latent).

        Args:
            step: 0 to 3.
            features: (H, W, features) float32.
            known: (H, W, step * latent) float32, what `seen` gave for the steps before, in order.
        """
        height, width, _ = features.shape
        means = np.empty((height, width, self.channels), np.int32)
        indices = np.empty(means.shape, np.uint8)
        rows = max(1, ROWS_BYTES // (8 * 4 * width * self.channels))
        for top in range(0, height, rows):
            band = slice(top, min(top + rows, height))
            means[band], indices[band] = self._distributions(self._band(step, features, known, band))
        return means, indices

    def _band(self, step: int, features: "Tensor", known: "Tensor", band: slice) -> "Tensor":
        """The last layer's output (rows, W, 2 * latent) for some rows of a step."""
        name = f"steps.{step}"
        x = exact.convolve(features[band], self._layer(f"{name}.features"), self._quality)
        if step:
            first = max(0, band.start - 1)
            around = exact.convolve(known[first : band.stop + 1], self._layer(f"{name}.known"), self._quality)
            x += around[band.start - first : band.stop - first]
            x += exact.convolve(known[band].abs(), self._layer(f"{name}.sizes"), self._quality)
        x = exact.active(exact.convolve(exact.active(x), self._layer(f"{name}.middle"), self._quality))
        return exact.settle(exact.convolve(x, self._layer(f"{name}.leave"), self._quality))

    def _distributions(self, x: "Tensor") -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Means in 1/16 symbol and scale indices, from what `_band` gives."""
        whole = x.mul(exact.ACTIVATION_ONE).cpu().numpy().astype(np.int64)
        means, indices = whole[..., : self.channels], whole[..., self.channels :]
        shift = exact.ACTIVATION_BITS + GAIN_BITS - (MEAN_ONE.bit_length() - 1)
        means *= self.gain
        means += 1 << shift - 1
        means >>= shift
        indices *= int(SCALE_UNIT)
        indices += self._offset + INDEX_ONE // 2
        indices //= INDEX_ONE
        return means, indices.clip(0, N_SCALES - 1, out=indices)

    def seen(self, values: Means) -> "Tensor":
        """What later steps see of coded latents: (H, W, latent) float32 multiples of 2^-8.

        ``values`` are 16 times the symbols plus the means, that is latents in 1/16 symbol.
        """
        import torch

        shift = RECIPROCAL_BITS - GAIN_BITS - exact.ACTIVATION_BITS + (MEAN_ONE.bit_length() - 1)
        limit = round(ACTIVATION_LIMIT * exact.ACTIVATION_ONE)
        seen = np.empty(values.shape, np.float32)
        for row, target in zip(values, seen, strict=True):
            units = (row * self._reciprocal + (1 << shift - 1)) >> shift
            target[:] = units.clip(-limit, limit) / exact.ACTIVATION_ONE
        return torch.from_numpy(seen).to(self._device)
