"""The encoder of the ccnn codec: ways to code one picture, of which it keeps the best."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from nncodec.entropy import differences
from nncodec.entropy.band_walk import Payload, Writer, walk
from nncodec.entropy.bands import CHANNELS, GROUPS, N_GROUPS, STRIDE, TAPS, Pass, step_size
from nncodec.entropy.choose import Rounder
from nncodec.entropy.coder import Indices, Symbols
from nncodec.entropy.context import MEAN_ONE, N_MEANS, Known, Means, Weights
from nncodec.nets.ccnn_model import COLOUR_ONE, Model, matrix_of, restored, row_steps, to_planes
from nncodec.nets.lapped import OPPONENT, Decoder, Floats, analyse, paint

PRICE = 8.0
"""Bits that the square of one quantiser step of error is worth; the theory of fine uniform quantisers says 8.7."""
ROUNDING = 1.3
"""What the price is multiplied by when single symbols are chosen: zeros also make poorer contexts for what follows."""
FIT_STEPS = (0, 0, 0, 0, 60, 120, 250, 500, 1000)
"""Optimiser steps for efforts 1 to 9; no more than there are positions, none if a side is shorter than a filter."""
_OWN_COLOURS_FROM = 2
"""Effort from which colours of the picture's own are tried."""
_WIDEST = max(group.stop - group.start for group in GROUPS)

Part = tuple[int, Symbols, Indices]
"""Group, symbols and scale indices of one pass."""


@dataclass
class Plane:
    """How one plane was coded."""

    decoder: Decoder
    parts: list[Part] = field(default_factory=list)
    bits: float = 0.0
    error: float = 0.0
    """Squared error in squared quantiser steps."""
    difference: tuple[Symbols, Symbols] | None = None
    """Symbols and scale indices of the filters' differences to the start."""
    means: npt.NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    indices: Indices = field(default_factory=lambda: np.zeros(0, np.uint8))

    @property
    def cost(self) -> float:
        """Bits, and the error at its price."""
        return self.bits + PRICE * self.error

    @property
    def groups(self) -> int:
        """Groups to code: those after it hold nothing but zeros."""
        return max([N_MEANS, *(group + 1 for group, symbols, _ in self.parts if symbols.any())])


@dataclass(frozen=True)
class Search:
    """The encoder's view of one picture at one quality index."""

    model: Model
    quality: int
    pixels: npt.NDArray[np.uint8]
    """(H, W) or (H, W, 3), sides multiples of 8."""
    stamp: int

    @cached_property
    def _rounder(self) -> Rounder:
        return Rounder(self.model.tables, np.full(_WIDEST, ROUNDING * PRICE))

    @cached_property
    def _weights(self) -> list[list[Weights]]:
        return self.model.contexts(self.quality)

    def best(self, effort: int) -> bytes:
        """The payload with the best trade of bits for error among those that the effort allows."""
        colours: list[bytes | None] = [None]
        if self.pixels.ndim == 3 and effort >= _OWN_COLOURS_FROM:
            colours.append(own_colours(self.pixels))
        ways = [(own, self.shared(to_planes(self.pixels, matrix_of(own)))) for own in colours]
        own, planes = min(ways, key=lambda way: 8 * len(way[0] or b"") + sum(plane.cost for plane in way[1]))
        height, width = self.pixels.shape[:2]
        steps = min(FIT_STEPS[effort - 1], height * width // STRIDE**2)
        if steps and min(height, width) >= TAPS:
            planes = self._fitted(to_planes(self.pixels, matrix_of(own)), planes, steps)
        return self.payload(own, planes)

    def _known(self, n_planes: int) -> Known:
        height, width = self.pixels.shape[0] // STRIDE, self.pixels.shape[1] // STRIDE
        return Known(height, width, n_planes, self.model.sizes)

    def shared(self, planes: Floats) -> list[Plane]:
        """All planes with the shared start."""
        known = self._known(len(planes))
        found = []
        for number, plane in enumerate(planes):
            latent = analyse(plane, self.model.analysis[number]) / np.float32(step_size(self.quality))
            found.append(self._plane(known, number, latent))
            self._measure(known, number, plane, found[-1])
        return found

    def _plane(self, known: Known, number: int, latent: Floats) -> Plane:
        """One plane of a latent (h, w, CHANNELS) in quantiser steps; ``known`` takes it in."""
        flat = latent.reshape(-1, CHANNELS)
        coded = Plane(self.model.decoder(number))
        coded.means, coded.indices = np.zeros(flat.shape, np.int32), np.zeros(flat.shape, np.uint8)

        def exchange(group: int, each: Pass, means: Means, indices: Indices) -> Symbols:
            own = GROUPS[group]
            wanted = flat[each.places, own] - means.astype(np.float32) / MEAN_ONE
            symbols: Symbols = self._rounder(wanted[None], indices[None])[0]
            coded.parts.append((group, symbols, indices))
            coded.bits += float(self._rounder.bits(symbols, indices).sum())
            coded.means[each.places, own], coded.indices[each.places, own] = means, indices
            return symbols

        walk(known, self._weights, number, N_GROUPS, exchange)
        return coded

    def _measure(self, known: Known, number: int, plane: Floats, coded: Plane) -> None:
        values = known.values[number].reshape(known.height, known.width, CHANNELS)
        painted = paint(values.astype(np.float32) / MEAN_ONE, coded.decoder)
        scaled = plane / np.float32(step_size(self.quality))
        coded.error = float(np.square(painted - scaled, dtype=np.float32).sum(dtype=np.float64))

    def _fitted(self, planes: Floats, start: list[Plane], steps: int) -> list[Plane]:
        """Each plane with filters trained on it, where they pay for their bytes."""
        from nncodec.nets.ccnn_fit import Task, fit

        known = self._known(len(planes))
        shape = len(planes), known.height, known.width, CHANNELS
        step = step_size(self.quality)
        means, indices = np.stack([each.means for each in start]), np.stack([each.indices for each in start])
        task = Task(planes, means.reshape(shape), indices.reshape(shape), step)
        analysis, synthesis = fit(task, self.model.analysis[: len(planes)], [each.decoder for each in start], steps)
        found = []
        for number, plane in enumerate(planes):
            latent = analyse(plane, analysis[number]) / np.float32(step)
            trained = self._plane(known, number, latent)
            self._differ(known, number, trained, synthesis[number])
            self._measure(known, number, plane, trained)
            if trained.difference is None or trained.cost >= start[number].cost:
                trained = self._plane(known, number, analyse(plane, self.model.analysis[number]) / np.float32(step))
                self._measure(known, number, plane, trained)
            found.append(trained)
        return found if sum(each.cost for each in found) < sum(each.cost for each in start) else start

    def _differ(self, known: Known, number: int, coded: Plane, wanted: Floats) -> None:
        """Choose the filters' differences, and count what they cost."""
        base = coded.decoder.filters[:CHANNELS]
        unit, energy = row_steps(known.values[number])
        rows = ((wanted - base) / unit[:, None, None]).reshape(CHANNELS, -1)
        symbols, scales, spent = differences.choose(rows, PRICE * unit**2 * energy, self.model.tables)
        if symbols.any():
            coded.difference, coded.decoder = (symbols, scales), restored(coded.decoder, symbols, unit)
            coded.bits += spent

    def payload(self, own: bytes | None, planes: list[Plane]) -> bytes:
        """The payload of coded planes."""
        writer = Writer(self.model.tables, self.stamp)
        for plane in planes:
            for group, symbols, indices in plane.parts:
                if group < plane.groups:
                    writer.code(symbols, indices)
            if plane.difference:
                differences.exchange(*plane.difference, writer.code)
        checksum, escapes, words = writer.finish()
        groups, differing = tuple(p.groups for p in planes), tuple(p.difference is not None for p in planes)
        return Payload(self.model.number, self.quality, checksum, groups, own, differing, escapes, words).serialize()


def own_colours(pixels: npt.NDArray[np.uint8]) -> bytes | None:
    """The picture's principal axes of colour contrast, as nine signed bytes; None if rounding merges two."""
    step = np.diff(pixels[:, ::2].astype(np.float32), axis=0).reshape(-1, 3)
    _, vectors = np.linalg.eigh(step.T.astype(np.float64) @ step)
    axes = vectors.T[::-1]
    axes *= np.where((axes * OPPONENT).sum(1) < 0, -1, 1)[:, None]
    whole = np.rint(axes * COLOUR_ONE).astype(np.int8)
    return None if np.linalg.matrix_rank(whole) < 3 else whole.tobytes()
