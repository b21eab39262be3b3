"""What the encoders of the codecs on the lapped latent share: symbols for one plane, and the payload of all."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache, cached_property

import numpy as np
import numpy.typing as npt

from nncodec.entropy.coder import Indices, Symbols
from nncodec.lapped import differences
from nncodec.lapped.bitstream import Payload, Writer, code_latent, stamp
from nncodec.lapped.context import Weights
from nncodec.lapped.latent import MEAN_ONE, N_MEANS, DecodedLatent, Means
from nncodec.lapped.layout import CHANNELS, GROUPS, N_GROUPS, STRIDE, Pass, step_size
from nncodec.lapped.model import Model
from nncodec.lapped.rdoq import Quantiser
from nncodec.lapped.transform import Floats, analyse
from nncodec.threads import products_alone

PRICE = 8.0
"""Bits that the square of one quantiser step of error is worth; the theory of fine uniform quantisers says 8.7."""
ROUNDING = 1.3
"""What the price is multiplied by when single symbols are chosen: zeros also make poorer contexts for what follows."""
_WIDEST = max(group.stop - group.start for group in GROUPS)

Part = tuple[int, npt.NDArray[np.integer], Indices]
"""Group, symbols and scale indices of one pass."""


@dataclass
class Plane:
    """How one plane was coded."""

    parts: list[Part] = field(default_factory=list)
    spent: list[float] = field(default_factory=lambda: [0.0] * N_GROUPS)
    """Bits of the symbols of each group."""
    difference: tuple[Symbols, Symbols] | None = None
    """Symbols and scale indices of the filters' differences to the start; None if the start is used as it is."""
    difference_bits: float = 0.0
    """Bits of these differences."""

    def take(self, group: int, each: Pass, symbols: Symbols, means: Means, indices: Indices) -> None:
        """One pass over a group was coded: symbols, means and scale indices (n, channels of the group)."""
        self.parts.append((group, _small(symbols), indices))

    @property
    def groups(self) -> int:
        """Groups to code: those after it hold nothing but zeros."""
        return max([N_MEANS, *(group + 1 for group, symbols, _ in self.parts if symbols.any())])

    @property
    def bits(self) -> float:
        """Bits of all that is written: symbols of the groups to code, and differences."""
        return sum(self.spent[: self.groups]) + self.difference_bits


@dataclass(frozen=True)
class LatentEncoder:
    """One set of weights at one quality index, on one picture.

    Attributes:
        model: the weights.
        quality: index, 0 to MAX_QUALITY_INDEX.
        pixels: (H, W) or (H, W, 3), sides multiples of 8.
        stamp: where the checksum of the symbols starts; see `nncodec.lapped.bitstream.stamp`.
    """

    model: Model
    quality: int
    pixels: npt.NDArray[np.uint8]
    stamp: int

    @cached_property
    def step(self) -> np.float32:
        """Quantiser step in levels."""
        return np.float32(step_size(self.quality))

    @cached_property
    def _weights(self) -> list[list[Weights]]:
        return self.model.contexts(self.quality)

    @cached_property
    def _rounder(self) -> Callable[[float], Quantiser]:
        return cache(lambda factor: Quantiser(self.model.tables, np.full(_WIDEST, factor * PRICE)))

    def known(self, planes: int) -> DecodedLatent:
        """Nothing coded yet of so many planes."""
        return DecodedLatent(self.pixels.shape[0] // STRIDE, self.pixels.shape[1] // STRIDE, planes, self.model.sizes)

    def latent(self, plane: Floats, number: int) -> Floats:
        """The shared analysis of a plane (H, W): (h, w, CHANNELS) in quantiser steps."""
        with products_alone():
            latent = analyse(plane, self.model.analysis[number])
        latent /= self.step
        return latent

    def code(self, known: DecodedLatent, number: int, latent: Floats, coded: Plane, rounding: float = ROUNDING) -> None:
        """Choose the symbols of one plane of a latent (h, w, CHANNELS); ``known`` and ``coded`` take them in."""
        flat = latent.reshape(-1, CHANNELS)
        rounder = self._rounder(rounding)

        def code_symbols(group: int, each: Pass, means: Means, indices: Indices) -> Symbols:
            own = GROUPS[group]
            wanted = flat[known.order[each.at], own] - means.astype(np.float32) / MEAN_ONE
            symbols: Symbols = rounder(wanted[None], indices[None])[0]
            coded.take(group, each, symbols, means, indices)
            coded.spent[group] += float(rounder.bits(symbols, indices).sum())
            return symbols

        with products_alone():
            code_latent(known, self._weights, number, N_GROUPS, code_symbols)

    def payload(self, own: bytes | None, planes: list[Plane]) -> bytes:
        """The payload of coded planes, under colours of their own or the shared ones."""
        writer = Writer(self.model.tables, self.stamp)
        for plane in planes:
            coded = plane.groups
            for group, symbols, indices in plane.parts:
                if group < coded:
                    writer.code(symbols.astype(np.int32), indices)
            if plane.difference:
                differences.code_differences(*plane.difference, writer.code)
        checksum, escapes, words = writer.finish()
        groups, differing = tuple(p.groups for p in planes), tuple(p.difference is not None for p in planes)
        return Payload(self.model.number, self.quality, checksum, groups, own, differing, escapes, words).serialize()


def _small(symbols: Symbols) -> npt.NDArray[np.integer]:
    """The same numbers in two bytes each, if they fit: there is one for every sample of the picture."""
    small = symbols.astype(np.int16)
    return small if np.array_equal(small, symbols) else symbols


def latent_encoder_for(model: Model, quality: int, pixels: npt.NDArray[np.uint8]) -> LatentEncoder:
    """A coder for pixels (H, W) or (H, W, 3) of any size: the last row and column are repeated up to multiples of 8."""
    height, width = pixels.shape[:2]
    edges = [(0, -height % STRIDE), (0, -width % STRIDE), (0, 0)][: pixels.ndim]
    start = stamp(width, height, 1 if pixels.ndim == 2 else 3, quality)
    padded = np.pad(pixels, edges, mode="edge") if any(map(any, edges)) else pixels
    return LatentEncoder(model, quality, padded, start)
