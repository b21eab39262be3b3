"""Symbols for the latent of a picture, chosen by rate and distortion under the contexts; and the payload of them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cache, cached_property

import numpy as np
import numpy.typing as npt

from nncodec.codecs.learned.bitstream import Payload, Step, UnitContexts, code_unit
from nncodec.codecs.learned.context import Means
from nncodec.codecs.learned.grid import MEAN_ONE, UNITS, DecodedLatent
from nncodec.codecs.learned.model import LearnedModel
from nncodec.entropy.coder import Indices, Symbols
from nncodec.lapped.bitstream import Writer, stamp
from nncodec.lapped.encoder import padded, small
from nncodec.lapped.layout import GROUPS, N_GROUPS, step_size
from nncodec.lapped.rdoq import Quantiser
from nncodec.lapped.transform import Floats, analyse
from nncodec.threads import products_alone

_WIDEST = 2 * max(group.stop - group.start for group in GROUPS)
"""Most channels of a group of both colours."""

_PRICE, _COARSE_PRICE, _FINE_FROM = 8.0, 5.5, 80
"""Bits that the square of one quantiser step of error is worth: at this quality index and above, and at index 0."""
PRICE_FACTOR = 1.2
"""Factor on the price where single symbols are chosen: zeros also make poorer contexts for the symbols that follow."""


def price(quality: int) -> float:
    """Bits that the square of one quantiser step of error is worth at a quality index.

    That is the slope of the codec's own curve of bits over error, as measured on training pictures. The theory of fine
    uniform quantisers says 8.7; where most symbols are zero it is less.
    """
    return _COARSE_PRICE + (_PRICE - _COARSE_PRICE) * min(1.0, quality / _FINE_FROM)


Part = tuple[int, npt.NDArray[np.integer], Indices]
"""Group, symbols and scale indices of one step."""


@dataclass
class CodedUnit:
    """The symbols of one unit."""

    parts: list[Part] = field(default_factory=list)
    spent: list[float] = field(default_factory=lambda: [0.0] * N_GROUPS)
    """Bits of the symbols of each group."""

    @property
    def groups(self) -> int:
        """Number of groups to code: those after them hold nothing but zeros."""
        return max([1, *(group + 1 for group, symbols, _ in self.parts if symbols.any())])

    @property
    def bits(self) -> float:
        """Bits of the symbols that are written."""
        return sum(self.spent[: self.groups])


@dataclass(frozen=True)
class LatentEncoder:
    """One set of weights at one quality index, on one picture.

    Attributes:
        model: the weights.
        quality: index, 0 to MAX_QUALITY_INDEX.
        pixels: (H, W) or (H, W, 3), sides multiples of 8.
        stamp: start of the checksum of the symbols; see `nncodec.lapped.bitstream.stamp`.
    """

    model: LearnedModel
    quality: int
    pixels: npt.NDArray[np.uint8]
    stamp: int

    @cached_property
    def step(self) -> np.float32:
        """Quantiser step in levels."""
        return np.float32(step_size(self.quality))

    @cached_property
    def _contexts(self) -> list[UnitContexts]:
        return self.model.unit_contexts(self.quality)

    @cached_property
    def _quantiser(self) -> Callable[[float], Quantiser]:
        return cache(lambda factor: Quantiser(self.model.tables, np.full(_WIDEST, factor * price(self.quality))))

    def latent(self, plane: Floats, number: int) -> Floats:
        """The analysis of a plane (H, W): (h, w, CHANNELS) in quantiser steps."""
        with products_alone():
            latent = analyse(plane, self.model.analysis[number])
        latent /= self.step
        return latent

    def code(self, latent: Iterable[Floats], price_factor: float) -> tuple[list[CodedUnit], npt.NDArray[np.int16]]:
        """Choose the symbols of a latent, given by plane, each (h, w, CHANNELS).

        ``price_factor`` multiplies the price of an error where single symbols are chosen.

        Returns:
            the coded units, and the values that a decoder will have, (planes, h, w, CHANNELS) in 1/16 symbol.
        """
        planes = np.stack(list(latent))
        known = DecodedLatent(planes.shape[1], planes.shape[2], len(planes))
        units = []
        with products_alone():
            for contexts in self._contexts[: 1 if len(planes) == 1 else len(UNITS)]:
                unit = CodedUnit()
                code_unit(known, contexts, N_GROUPS, self._choose(planes, unit, price_factor))
                known.clear(contexts.planes, unit.groups)
                units.append(unit)
        return units, known.latent()

    def _choose(
        self, planes: Floats, unit: CodedUnit, price_factor: float
    ) -> Callable[[Step, Means, Indices], Symbols]:
        quantiser = self._quantiser(price_factor)

        def code_symbols(step: Step, means: Means, indices: Indices) -> Symbols:
            wanted = step.of(planes) - means.astype(np.float32) / MEAN_ONE
            symbols: Symbols = quantiser(wanted[None], indices[None])[0]
            unit.parts.append((step.group, small(symbols), indices))
            unit.spent[step.group] += float(quantiser.bits(symbols, indices).sum())
            return symbols

        return code_symbols

    def payload(self, own: bytes | None, units: list[CodedUnit]) -> bytes:
        """The payload of coded units, under colours of their own or the shared ones."""
        writer = Writer(self.model.tables, self.stamp)
        for unit in units:
            coded = unit.groups
            for group, symbols, indices in unit.parts:
                if group < coded:
                    writer.code(symbols.astype(np.int32), indices)
        checksum, escapes, words = writer.finish()
        groups = tuple(unit.groups for unit in units)
        return Payload(self.model.number, self.quality, checksum, groups, own, escapes, words).serialize()


def latent_encoder_for(model: LearnedModel, quality: int, pixels: npt.NDArray[np.uint8]) -> LatentEncoder:
    """A latent encoder for pixels (H, W) or (H, W, 3): the last row and column are repeated up to multiples of 8."""
    start = stamp(pixels.shape[1], pixels.shape[0], 1 if pixels.ndim == 2 else 3, quality)
    return LatentEncoder(model, quality, padded(pixels), start)
