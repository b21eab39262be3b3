"""Symbols for the latent of a picture, chosen by rate and distortion under the contexts; and the payload of them."""

from collections.abc import Callable, Iterable, Sequence
from functools import cache, cached_property

import numpy as np
import numpy.typing as npt

from nncodec.codecs.learned.bitstream import Step, UnitContexts, code_unit
from nncodec.codecs.learned.block_choice import choose
from nncodec.codecs.learned.blocks import Blocks, written
from nncodec.codecs.learned.change import Change
from nncodec.codecs.learned.change_fit import Moments, fitted
from nncodec.codecs.learned.context import Means
from nncodec.codecs.learned.grid import MEAN_ONE, UNITS, DecodedLatent
from nncodec.codecs.learned.model import LearnedModel
from nncodec.codecs.learned.payload import LearnedPayload
from nncodec.entropy.coder import Indices, Symbols
from nncodec.lapped.bitstream import Writer
from nncodec.lapped.coded import AnalysedPicture, CodedSymbols
from nncodec.lapped.layout import GROUPS, N_GROUPS
from nncodec.lapped.rdoq import Quantiser
from nncodec.lapped.transform import Floats
from nncodec.threads import products_alone

_PRICE, _COARSE_PRICE, _FINE_FROM = 8.0, 5.5, 80
"""Bits that the square of one quantiser step of error is worth: at this quality index and above, and at index 0."""
PRICE_FACTOR = 1.25
"""Factor on the price where single symbols are chosen: zeros also make poorer contexts for the symbols that follow."""
GROUP_FACTORS = (2.0, 1.5, 1.3, 1.1, 1.0, 0.9, *[0.75] * (N_GROUPS - 6))
"""The same, by group: the contexts of all later groups read the values of the first ones."""
ALL_GROUPS = (N_GROUPS,) * len(UNITS)
"""The groups of each unit."""
_SMALLEST = 0.5
"""Magnitude, in symbols, below which values become zero, unless a context says otherwise."""


def price(quality: int) -> float:
    """Bits that the square of one quantiser step of error is worth at a quality index.

    That is the slope of the codec's own curve of bits over error, as measured on training pictures. The theory of fine
    uniform quantisers says 8.7; where most symbols are zero it is less.
    """
    return _COARSE_PRICE + (_PRICE - _COARSE_PRICE) * min(1.0, quality / _FINE_FROM)


class CodedUnit(CodedSymbols):
    """The symbols of one unit."""


class LatentEncoder(AnalysedPicture[LearnedModel]):
    """The encoder of one picture's latent."""

    @cached_property
    def contexts(self) -> list[UnitContexts]:
        """Of both units, at the picture's quality."""
        return self.model.unit_contexts(self.quality)

    @cached_property
    def _quantiser(self) -> Callable[[float], Quantiser]:
        # The function must not hold this encoder: in a cycle of references it would outlive the picture.
        tables, own = self.model.tables, price(self.quality)
        return cache(lambda factor: Quantiser(tables, np.full(1, factor * own)))

    def code(
        self,
        latent: Iterable[Floats],
        price_factor: float,
        adaptive: bool = False,
        share: float = 1.0,
        most: Sequence[int] = ALL_GROUPS,
    ) -> tuple[list[CodedUnit], npt.NDArray[np.int16]]:
        """Choose the symbols of a latent.

        Args:
            latent: by plane, each (h, w, CHANNELS).
            price_factor: multiplies the price of an error where single symbols are chosen.
            adaptive: whether scale indices follow the picture.
            share: the power of `GROUP_FACTORS`. The latent may allow for some of what symbols are worth to those that
                follow.
            most: groups of each unit that may have symbols but zeros.

        Returns:
            the coded units, and the values that a decoder will have, (planes, h, w, CHANNELS) in 1/16 symbol.
        """
        planes = np.stack(list(latent))
        known = DecodedLatent(planes.shape[1], planes.shape[2], len(planes))
        units = []
        with products_alone():
            for contexts, count in zip(self.contexts[: 1 if len(planes) == 1 else len(UNITS)], most, strict=False):
                unit = CodedUnit()
                choose_symbols = self._choose(planes, unit, price_factor, share)
                own = planes[contexts.planes[0] : contexts.planes[-1] + 1]
                groups = min(count, _worth_coding(own))
                code_unit(known, contexts, groups, choose_symbols, self.model.adaptation(adaptive))
                known.clear(contexts.planes, unit.groups)
                units.append(unit)
        return units, known.finish()

    def _choose(
        self, planes: Floats, unit: CodedUnit, price_factor: float, share: float
    ) -> Callable[[Step, Means, Indices], Symbols]:
        def code_symbols(step: Step, means: Means, indices: Indices) -> Symbols:
            factor = price_factor * GROUP_FACTORS[step.group] ** share
            quantiser = self._quantiser(factor)
            wanted = (step.of(planes) - means / np.float32(MEAN_ONE)).astype(np.float32).reshape(-1)
            flat = indices.reshape(-1)
            blocks, symbols = Blocks.of(flat), np.empty(len(flat), np.int32)
            alone = blocks.alone(len(flat))
            symbols[alone] = quantiser(wanted[None, alone, None], flat[None, alone, None]).reshape(-1)
            choose(wanted, flat, blocks, quantiser, factor * price(self.quality), symbols)
            for numbers, tables in written(blocks, flat, symbols):
                unit.keep(step.group, numbers, tables)
                unit.spent[step.group] += float(quantiser.bits(numbers, tables).sum())
            return symbols.reshape(indices.shape)

        return code_symbols

    def payload(
        self, own: bytes | None, units: list[CodedUnit], adaptive: bool = False, change: Change | None = None
    ) -> bytes:
        """The payload of coded units, under colours of their own or the shared ones, and a change of the network."""
        writer = Writer(self.model.tables, self.stamp)
        if change is not None:
            writer.code(*change.symbols())
        for unit in units:
            unit.write(writer)
        checksum, escapes, words = writer.finish()
        groups, head = tuple(unit.groups for unit in units), None if change is None else change.head
        fields = self.model.number, self.quality, checksum, groups, own, escapes, words
        return LearnedPayload(*fields, adaptive, head).serialize()

    def change(self, moments: Moments) -> Change | None:
        """The change of the network that pays for its bits."""
        own = price(self.quality)
        return fitted(moments, 1 if self.pixels.ndim == 2 else 3, self._quantiser(1.0), own)

    def bits_of(self, change: Change | None) -> float:
        """Bits of a change of the network, with its head."""
        if change is None:
            return 0.0
        bits = self._quantiser(1.0).bits(*change.symbols()).sum(dtype=np.float64)
        return float(bits) + 8 * len(change.head.serialize())


def _worth_coding(planes: Floats) -> int:
    """Number of groups up to the last that has a value which may become a symbol; planes (P, h, w, CHANNELS)."""
    largest = np.maximum(planes.max((0, 1, 2)), -planes.min((0, 1, 2)))  # (CHANNELS,)
    return max([1, *(group + 1 for group, part in enumerate(GROUPS) if largest[part].max() >= _SMALLEST)])
