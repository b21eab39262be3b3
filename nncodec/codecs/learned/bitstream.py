"""The order in which symbols of ``learned`` are coded, one walk over the latent for encoder and decoder alike."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nncodec.codecs.learned import context, mean_context
from nncodec.codecs.learned.adaptation import Adaptation, Fine, rounded
from nncodec.codecs.learned.context import Arrays, GroupContext, Means
from nncodec.codecs.learned.grid import MEAN_ONE, N_PASSES, UNITS, DecodedLatent, Lattice, lattices
from nncodec.codecs.learned.mean_context import MeanContext, MeanPass, mean_passes
from nncodec.entropy.coder import Indices, Symbols
from nncodec.errors import UnsupportedFile
from nncodec.lapped.layout import GROUPS, N_GROUPS


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


def code_unit(
    known: DecodedLatent,
    contexts: UnitContexts,
    groups: int,
    code_symbols: CodeSymbols,
    adaptation: Adaptation | None = None,
) -> None:
    """Code the symbols of the first ``groups`` groups of one unit, and put their values into ``known``."""
    planes = contexts.planes

    def coded(step: Step, means: Means, fine: Fine) -> Symbols:
        lowest = 0 if step.group else contexts.mean.lowest
        if adaptation is None:
            return code_symbols(step, means, rounded(fine, lowest))
        symbols = code_symbols(step, means, adaptation.indices(step.group, fine, lowest))
        adaptation.learn(symbols)
        return symbols

    for each in mean_passes(known.height, known.width):
        means, fine = contexts.mean.predict(known, each)
        symbols = coded(Step(planes, 0, each), means, fine)
        known.put_means(planes, each.y, each.x, MEAN_ONE * symbols + means)
    for group in range(1, groups):
        network = contexts.groups[group - 1]
        for number in range(N_PASSES):
            at_once = lattices(known.height, known.width, number)
            predicted = [(each, *network.predict(known, number, each)) for each in at_once]
            for lattice, means, fine in predicted:
                symbols = coded(Step(planes, group, lattice), means, fine)
                known.put(network.inputs.own, lattice, MEAN_ONE * symbols + means)
