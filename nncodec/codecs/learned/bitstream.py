"""The bitstream of ``learned``: one walk over the latent for encoder and decoder alike, and the payload as a value."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nncodec.codecs.learned import context, mean_context
from nncodec.codecs.learned.context import Arrays, GroupContext, Means
from nncodec.codecs.learned.grid import MEAN_ONE, N_PASSES, UNITS, DecodedLatent, Lattice, lattices
from nncodec.codecs.learned.mean_context import MeanContext, MeanPass, mean_passes
from nncodec.entropy.coder import Indices, Symbols, join_streams, split_streams
from nncodec.errors import CorruptFile, UnsupportedFile
from nncodec.lapped.bitstream import COLOUR_BYTES, check_colours
from nncodec.lapped.layout import GROUPS, MAX_QUALITY_INDEX, N_GROUPS

_OWN_COLOURS = 1


@dataclass(frozen=True)
class Step:
    """Symbols that are coded at once: a pass over one group of one unit."""

    planes: tuple[int, ...]
    group: int
    places: MeanPass | Lattice

    def of(self, latent: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
        """Its part (n, channels) of a latent (planes, height, width, CHANNELS)."""
        if isinstance(self.places, MeanPass):
            return np.stack([latent[plane, self.places.y, self.places.x, 0] for plane in self.planes], 1)
        parts = [latent[(plane, *self.places.inner, GROUPS[self.group])] for plane in self.planes]
        return np.concatenate(parts, -1).reshape(-1, sum(part.shape[-1] for part in parts))


CodeSymbols = Callable[[Step, Means, Indices], Symbols]
"""Given a step, means in 1/16 symbol and scale indices (n, channels), gives the symbols, in that shape.

An encoder chooses them and writes them; a decoder reads them.
"""


@dataclass(frozen=True)
class UnitContexts:
    """The contexts of one unit at one quality index."""

    planes: tuple[int, ...]
    mean: MeanContext
    groups: tuple[GroupContext, ...]
    """Of all groups but the first."""


def unpack_contexts(arrays: Mapping[str, Arrays], quality: int) -> list[UnitContexts]:
    """The contexts of both units at a quality index; UnsupportedFile if the arrays of the networks do not fit."""
    try:
        return [_unpacked(arrays, unit, quality) for unit in range(len(UNITS))]
    except (LookupError, TypeError, ValueError) as error:
        raise UnsupportedFile(f"the weights of the contexts do not fit together: {error}") from error


def _unpacked(arrays: Mapping[str, Arrays], unit: int, quality: int) -> UnitContexts:
    inputs = (context.Inputs.of(unit, group) for group in range(1, N_GROUPS))
    groups = (context.unpack(arrays, f"{'yc'[unit]}{n}", each, quality) for n, each in enumerate(inputs, 1))
    return UnitContexts(UNITS[unit], mean_context.unpack(arrays, unit, quality), tuple(groups))


def code_unit(known: DecodedLatent, contexts: UnitContexts, groups: int, code_symbols: CodeSymbols) -> None:
    """Code the symbols of the first ``groups`` groups of one unit, and put their values into ``known``."""
    planes = contexts.planes
    for each in mean_passes(known.height, known.width):
        means, indices = contexts.mean.predict(known, each)
        symbols = code_symbols(Step(planes, 0, each), means, indices)
        known.put_means(planes, each.y, each.x, MEAN_ONE * symbols + means)
    for group in range(1, groups):
        network = contexts.groups[group - 1]
        for number in range(N_PASSES):
            predicted = [(each, *network.predict(known, number, each)) for each in _lattices(known, number)]
            for lattice, means, indices in predicted:
                symbols = code_symbols(Step(planes, group, lattice), means, indices)
                known.put(network.inputs.own, lattice, MEAN_ONE * symbols + means)


def _lattices(known: DecodedLatent, number: int) -> list[Lattice]:
    return lattices(known.height, known.width, number)


@dataclass(frozen=True)
class Payload:
    """What the bytes say, before any symbol is decoded. `serialize` and `parse` are inverse functions."""

    model: int
    quality: int
    checksum: int
    """Low 16 bits of the CRC-32 of size and quality, then of all symbols."""
    groups: tuple[int, ...]
    """Coded groups of each unit, 1 to N_GROUPS; the values of others are zero."""
    colours: bytes | None
    """Nine signed bytes, a 3 x 3 matrix row by row, or None for the shared colours."""
    escapes: bytes
    words: bytes

    def serialize(self) -> bytes:
        """The bytes of the payload."""
        head = bytes([self.model, self.quality]) + self.checksum.to_bytes(2, "little")
        head += bytes([*self.groups, _OWN_COLOURS * (self.colours is not None)]) + (self.colours or b"")
        return head + join_streams(self.escapes, self.words)

    @classmethod
    def parse(cls, data: bytes, units: int, models: range) -> "Payload":
        """The payload in ``data``; CorruptFile if it is too short, contradicts itself, or names none of the models."""
        at = 5 + units
        if len(data) <= at:
            raise CorruptFile(f"a payload of {len(data)} bytes")
        if data[0] not in models:
            raise CorruptFile(f"model number {data[0]} is not between {models[0]} and {models[-1]}")
        groups, flags = tuple(data[4 : 4 + units]), data[4 + units]
        if data[1] > MAX_QUALITY_INDEX or not all(1 <= count <= N_GROUPS for count in groups):
            raise CorruptFile(f"a payload of quality index {data[1]} and groups {groups}")
        if flags > _OWN_COLOURS or (flags and units == 1):
            raise CorruptFile(f"the flags of the payload are {flags:#04x}")
        colours = data[at : at + COLOUR_BYTES] if flags else None
        coded = split_streams(data, at + (COLOUR_BYTES if flags else 0))
        if colours is not None:
            check_colours(colours)
        return cls(data[0], data[1], int.from_bytes(data[2:4], "little"), groups, colours, *coded)
