"""The one walk over the recurrent codec's bits, run by encoder and decoder alike, so that they cannot drift apart."""

import zlib
from typing import Protocol

import numpy as np
import numpy.typing as npt

from nncodec.codecs.recurrent.context import BitState, Contexts, Round, phases
from nncodec.entropy.coder import Decoder, Encoder, Indices
from nncodec.entropy.tables import Tables
from nncodec.errors import CorruptFile

Bits = npt.NDArray[np.uint8]
Symbols = npt.NDArray[np.int8]


class Coder(Protocol):
    """One direction of coding: a `Writer` is told the bits, a `Reader` finds them."""

    def code(self, indices: Indices, wanted: Bits | None) -> Bits:
        """The bits (n,), 0 or 1, under the distributions of their indices (n,)."""


def code_round(
    known: BitState, contexts: Contexts, layer: int, part: Round, coder: Coder, wanted: Symbols | None = None
) -> None:
    """Code one round, and add what its bits say to ``known``.

    Args:
        known: of the picture; its channels may be the first of the contexts' (a gray picture).
        contexts: the weights.
        layer: number of the layer, from 0.
        part: the round, with channels of ``known`` only.
        coder: the direction.
        wanted: (k, h * w) of -1, 0 and 1, for a `Writer`: one bit says whether it is 1, if not, another whether it
            is -1.
    """
    for at in phases(*known.sums.shape[1:]):
        plus, minus = contexts.indices(known, layer, part, at)
        chosen = None if wanted is None else wanted[:, at]
        ups = coder.code(plus.reshape(-1), None if chosen is None else (chosen.reshape(-1) > 0).astype(np.uint8))
        free = ups == 0
        downs = coder.code(
            minus.reshape(-1)[free], None if chosen is None else (chosen.reshape(-1)[free] < 0).astype(np.uint8)
        )
        symbols = ups.astype(np.int32)
        symbols[free] -= downs
        known.add(part.channels, at, symbols.reshape(plus.shape) * part.amplitude[:, None])


class Writer:
    """Codes the bits of one layer. ``checksum`` goes on from that of the layers before."""

    def __init__(self, tables: Tables, checksum: int) -> None:
        self._coder = Encoder(tables)
        self.checksum = checksum

    def code(self, indices: Indices, wanted: Bits | None) -> Bits:
        """Write ``wanted`` and give it back."""
        if wanted is None:
            raise TypeError("a writer must be told the bits")
        self._coder.code(2 * wanted.astype(np.int32) - 1, indices)
        self.checksum = zlib.crc32(np.packbits(wanted).tobytes(), self.checksum)
        return wanted

    def finish(self) -> bytes:
        """The range coder's words, less trailing zero bytes."""
        return self._coder.finish()[1]


class Reader:
    """Decodes the bits of one layer. ``checksum`` goes on from that of the layers before."""

    def __init__(self, tables: Tables, words: bytes, checksum: int) -> None:
        self._coder = Decoder(tables, b"", words)
        self.checksum = checksum

    def code(self, indices: Indices, wanted: Bits | None) -> Bits:
        """The next bits; CorruptFile where the words cannot have been written so."""
        symbols = self._coder.code(indices)
        if not symbols.all():
            raise CorruptFile("a coded bit is neither 0 nor 1")
        bits = (symbols > 0).astype(np.uint8)
        self.checksum = zlib.crc32(np.packbits(bits).tobytes(), self.checksum)
        return bits

    def finish(self) -> None:
        """Check that everything was read; CorruptFile if not."""
        self._coder.finish()
