"""The bit stream of the recurrent codec: the payload's layout, and the one coding loop of encoder and decoder alike."""

import zlib
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from nncodec.codecs.recurrent import LAYERS
from nncodec.codecs.recurrent.context import BitState, Contexts, Round, phases
from nncodec.entropy.coder import Decoder, Encoder, Indices
from nncodec.entropy.tables import Tables
from nncodec.errors import CorruptFile
from nncodec.leb128 import read_number, write_number
from nncodec.nets import weights

Bits = npt.NDArray[np.uint8]
Symbols = npt.NDArray[np.int8]

CHECKSUM_MASK = 0xFFFF
_CHECKSUM_BYTES = 2


@dataclass(frozen=True)
class Segment:
    """The bytes of one layer, still coded."""

    checksum: int
    """Low 16 bits of a CRC-32 over the bits of all layers up to this one's end."""
    words: bytes
    """The range coder's, without trailing zeros."""

    def serialize(self) -> bytes:
        """Checksum, length of the words, words."""
        return self.checksum.to_bytes(_CHECKSUM_BYTES, "little") + write_number(len(self.words)) + self.words


@dataclass(frozen=True)
class Payload:
    """A payload taken apart, before any bit is decoded. `layers`, joined, and `parse` are inverse functions."""

    model: weights.Model
    """Weights of network and contexts."""
    segments: tuple[Segment, ...]
    """One for each layer, 1 to `LAYERS`."""

    def layers(self) -> list[bytes]:
        """The bytes of each layer; the first begins with the name of the weights."""
        first, *others = (segment.serialize() for segment in self.segments)
        return [weights.model_field(self.model) + first, *others]

    @classmethod
    def parse(cls, data: bytes) -> "Payload":
        """Parse one layer or more; CorruptFile if a layer is cut short or no weights are named."""
        model, data = weights.split_model(data, "recurrent")
        weights.check_model(model, "recurrent")
        segments: list[Segment] = []
        at = 0
        while at < len(data) or not segments:
            checksum = int.from_bytes(data[at : at + _CHECKSUM_BYTES], "little")
            length, start = read_number(data, at + _CHECKSUM_BYTES)
            at = start + length
            if at > len(data):
                raise CorruptFile(f"layer {len(segments) + 1} of a recurrent payload is cut short")
            segments.append(Segment(checksum, data[start:at]))
        if len(segments) > LAYERS:
            raise CorruptFile(f"{len(segments)} layers in a recurrent payload")
        return cls(model, tuple(segments))


class BitCoder(Protocol):
    """One direction of coding: a `BitWriter` writes given bits, a `BitReader` returns the bits it decodes."""

    def code(self, indices: Indices, given: Bits | None) -> Bits:
        """Code n bits, 0 or 1, each with the distribution of its index (n,); return them, (n,)."""


def code_round(
    state: BitState, contexts: Contexts, layer: int, part: Round, coder: BitCoder, given: Symbols | None = None
) -> None:
    """Code the symbols of one round, and add them to the sums of ``state``.

    A symbol is -1, 0 or 1. Its bit + says if it is 1; if not, its bit - says if it is -1.

    Args:
        state: of the picture, (channels, h, w); a gray picture has the first of the contexts' channels alone.
        contexts: the weights.
        layer: number of the layer, from 0.
        part: the round, with channels of ``state`` only.
        coder: the direction.
        given: (k, h * w) symbols for a `BitWriter`, in the order of the round's k bitplanes.
    """
    for at in phases(*state.sums.shape[1:]):  # (n,) positions
        plus, minus = contexts.indices(state, layer, part, at)  # (k, n) both
        symbols = None if given is None else given[:, at].reshape(-1)  # (k * n,)
        ups = coder.code(plus.reshape(-1), None if symbols is None else (symbols > 0).astype(np.uint8))
        free = ups == 0
        downs = coder.code(minus.reshape(-1)[free], None if symbols is None else (symbols[free] < 0).astype(np.uint8))
        coded = ups.astype(np.int32)
        coded[free] -= downs
        state.add(part.channels, at, coded.reshape(plus.shape) * part.amplitude[:, None])


class BitWriter:
    """Writes the bits of one layer.

    Args:
        tables: distributions of a bit, by index.
        checksum: CRC-32 over the layers before; the attribute of this name goes on from it.
    """

    def __init__(self, tables: Tables, checksum: int) -> None:
        self._coder = Encoder(tables)
        self.checksum = checksum

    def code(self, indices: Indices, given: Bits | None) -> Bits:
        """Write ``given`` (n,) with the distributions of ``indices`` (n,), and return it."""
        if given is None:
            raise TypeError("a bit writer needs bits to write")
        self._coder.code(2 * given.astype(np.int32) - 1, indices)
        self.checksum = zlib.crc32(np.packbits(given).tobytes(), self.checksum)
        return given

    def finish(self) -> bytes:
        """The range coder's words, less trailing zero bytes."""
        return self._coder.finish()[1]


class BitReader:
    """Decodes the bits of one layer.

    Args:
        tables: distributions of a bit, by index.
        words: of the range coder.
        checksum: CRC-32 over the layers before; the attribute of this name goes on from it.
    """

    def __init__(self, tables: Tables, words: bytes, checksum: int) -> None:
        self._coder = Decoder(tables, b"", words)
        self.checksum = checksum

    def code(self, indices: Indices, given: Bits | None) -> Bits:
        """Decode n bits with the distributions of ``indices`` (n,); CorruptFile for words no encoder writes."""
        symbols = self._coder.code(indices)
        if not symbols.all():
            raise CorruptFile("a coded bit is neither 0 nor 1")
        bits = (symbols > 0).astype(np.uint8)
        self.checksum = zlib.crc32(np.packbits(bits).tobytes(), self.checksum)
        return bits

    def finish(self) -> None:
        """Check that all words were used; CorruptFile if not."""
        self._coder.finish()
