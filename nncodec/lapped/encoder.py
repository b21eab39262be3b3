"""The encoder of the lapped latent: the choice of symbols for one plane, and the payload of all planes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property

import numpy as np
import numpy.typing as npt

from nncodec.entropy.coder import Indices, Symbols
from nncodec.lapped.bitstream import Payload, Writer, code_latent, stamp
from nncodec.lapped.context import Weights
from nncodec.lapped.latent import MEAN_ONE, N_MEANS, DecodedLatent, Means
from nncodec.lapped.layout import CHANNELS, GROUPS, N_GROUPS, STRIDE, Pass, step_size
from nncodec.lapped.model import LappedModel
from nncodec.lapped.rdoq import Quantiser
from nncodec.lapped.transform import Floats, analyse
from nncodec.threads import products_alone

PRICE = 8.0
"""Bits that the square of one quantiser step of error is worth; the theory of fine uniform quantisers says 8.7."""
PRICE_FACTOR = 1.3
"""Factor on the price where single symbols are chosen: zeros also make poorer contexts for the symbols that follow."""
_WIDEST = max(group.stop - group.start for group in GROUPS)

Part = tuple[int, npt.NDArray[np.integer], Indices]
"""Group, symbols and scale indices of one pass."""


@dataclass
class CodedPlane:
    """The symbols of one plane, with their bits."""

    parts: list[Part] = field(default_factory=list)
    spent: list[float] = field(default_factory=lambda: [0.0] * N_GROUPS)
    """Bits of the symbols of each group."""

    def take(self, group: int, each: Pass, symbols: Symbols, means: Means, indices: Indices) -> None:
        """Take in one coded pass over a group: symbols, means and scale indices (n, channels of the group)."""
        self.parts.append((group, small(symbols), indices))

    @property
    def groups(self) -> int:
        """Number of groups to code: all later ones hold nothing but zeros."""
        return max([N_MEANS, *(group + 1 for group, symbols, _ in self.parts if symbols.any())])

    @property
    def bits(self) -> float:
        """Bits of the symbols of the groups to code."""
        return sum(self.spent[: self.groups])


@dataclass(frozen=True)
class LatentEncoder:
    """The encoder of one picture's latent, with one set of weights at one quality index.

    Attributes:
        model: the weights.
        quality: index, 0 to MAX_QUALITY_INDEX.
        pixels: (H, W) or (H, W, 3), sides multiples of 8.
        stamp: where the checksum of the symbols starts; see `nncodec.lapped.bitstream.stamp`.
    """

    model: LappedModel
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
    def _quantiser(self) -> Callable[[float], Quantiser]:
        return cache(lambda factor: Quantiser(self.model.tables, np.full(_WIDEST, factor * PRICE)))

    def known(self, planes: int) -> DecodedLatent:
        """A latent of this many planes of which nothing is coded yet."""
        return DecodedLatent(self.pixels.shape[0] // STRIDE, self.pixels.shape[1] // STRIDE, planes, self.model.sizes)

    def latent(self, plane: Floats, number: int) -> Floats:
        """Analyse a plane (H, W), in levels, with the shared filters: (h, w, CHANNELS) in quantiser steps."""
        with products_alone():
            latent = analyse(plane, self.model.analysis[number])
        latent /= self.step
        return latent

    def code(
        self,
        known: DecodedLatent,
        number: int,
        latent: Floats,
        coded: CodedPlane,
        price_factor: float = PRICE_FACTOR,
    ) -> None:
        """Choose the symbols of one plane for a latent (h, w, CHANNELS), and put them into ``known`` and ``coded``."""
        flat = latent.reshape(-1, CHANNELS)
        quantiser = self._quantiser(price_factor)

        def code_symbols(group: int, each: Pass, means: Means, indices: Indices) -> Symbols:
            own = GROUPS[group]
            wanted = flat[known.order[each.at], own] - means.astype(np.float32) / MEAN_ONE
            symbols: Symbols = quantiser(wanted[None], indices[None])[0]
            coded.take(group, each, symbols, means, indices)
            coded.spent[group] += float(quantiser.bits(symbols, indices).sum())
            return symbols

        with products_alone():
            code_latent(known, self._weights, number, N_GROUPS, code_symbols)

    def payload(
        self,
        own: bytes | None,
        planes: Sequence[CodedPlane],
        after_plane: Callable[[int, Writer], bool] = lambda *_: False,
    ) -> bytes:
        """The payload of coded planes, under colours of their own or the shared ones.

        ``after_plane`` is called with each plane's number and the writer, to write more symbols of that plane. It
        returns whether it has written any, which the payload's flags then tell.
        """
        writer, differing = Writer(self.model.tables, self.stamp), []
        for number, plane in enumerate(planes):
            coded = plane.groups
            for group, symbols, indices in plane.parts:
                if group < coded:
                    writer.code(symbols.astype(np.int32), indices)
            differing.append(after_plane(number, writer))
        checksum, escapes, words = writer.finish()
        groups = tuple(plane.groups for plane in planes)
        head = self.model.number, self.quality, checksum, groups, own, tuple(differing)
        return Payload(*head, escapes, words).serialize()


def small(symbols: Symbols) -> npt.NDArray[np.integer]:
    """The same symbols as int16 if they fit: there is one for every sample of the picture."""
    small = symbols.astype(np.int16)
    return small if np.array_equal(small, symbols) else symbols


def latent_encoder_for(model: LappedModel, quality: int, pixels: npt.NDArray[np.uint8]) -> LatentEncoder:
    """The encoder of pixels (H, W) or (H, W, 3) of any size, which are padded by repetition to multiples of 8."""
    start = stamp(pixels.shape[1], pixels.shape[0], 1 if pixels.ndim == 2 else 3, quality)
    return LatentEncoder(model, quality, padded(pixels), start)


def padded(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Pixels (H, W) or (H, W, 3) whose last row and column are repeated up to multiples of 8."""
    edges = [(0, -pixels.shape[0] % STRIDE), (0, -pixels.shape[1] % STRIDE), (0, 0)][: pixels.ndim]
    return np.pad(pixels, edges, mode="edge") if any(map(any, edges)) else pixels
