"""The encoder of the lapped latent: the choice of symbols for one plane, and the payload of all planes."""

from collections.abc import Callable, Sequence
from functools import cache, cached_property

import numpy as np

from nncodec.entropy.coder import Indices, Symbols
from nncodec.lapped.bitstream import Payload, Writer, code_latent
from nncodec.lapped.coded import AnalysedPicture, CodedSymbols
from nncodec.lapped.context import Weights
from nncodec.lapped.latent import MEAN_ONE, N_MEANS, DecodedLatent, Means
from nncodec.lapped.layout import CHANNELS, GROUPS, N_GROUPS, STRIDE, Pass
from nncodec.lapped.model import LappedModel
from nncodec.lapped.rdoq import Quantiser
from nncodec.lapped.transform import Floats
from nncodec.threads import products_alone

PRICE = 8.0
"""Bits that the square of one quantiser step of error is worth; the theory of fine uniform quantisers says 8.7."""
PRICE_FACTOR = 1.3
"""Factor on the price where single symbols are chosen: zeros also make poorer contexts for the symbols that follow."""
_WIDEST = max(group.stop - group.start for group in GROUPS)


class CodedPlane(CodedSymbols):
    """The symbols of one plane."""

    fewest_groups = N_MEANS

    def take(self, group: int, each: Pass, symbols: Symbols, means: Means, indices: Indices) -> None:
        """Take in one coded pass over a group: symbols, means and scale indices (n, channels of the group)."""
        self.keep(group, symbols, indices)


class LatentEncoder(AnalysedPicture[LappedModel]):
    """The encoder of one picture's latent."""

    @cached_property
    def _weights(self) -> list[list[Weights]]:
        return self.model.contexts(self.quality)

    @cached_property
    def _quantiser(self) -> Callable[[float], Quantiser]:
        tables = self.model.tables  # and not this encoder: in a cycle of references it would outlive the picture
        return cache(lambda factor: Quantiser(tables, np.full(_WIDEST, factor * PRICE)))

    def known(self, planes: int) -> DecodedLatent:
        """A latent of this many planes of which nothing is coded yet."""
        return DecodedLatent(self.pixels.shape[0] // STRIDE, self.pixels.shape[1] // STRIDE, planes, self.model.sizes)

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
            plane.write(writer)
            differing.append(after_plane(number, writer))
        checksum, escapes, words = writer.finish()
        groups = tuple(plane.groups for plane in planes)
        head = self.model.number, self.quality, checksum, groups, own
        return Payload(*head, escapes, words, tuple(differing)).serialize()
