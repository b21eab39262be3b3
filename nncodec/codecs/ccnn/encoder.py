"""The encoder of the ccnn codec: candidate codings of one picture, of which it keeps the best."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nncodec.codecs.ccnn.decoder import changed, filter_steps
from nncodec.codecs.ccnn.differences import choose, code_differences
from nncodec.entropy.coder import Indices, Symbols
from nncodec.lapped.bitstream import Writer
from nncodec.lapped.encoder import PRICE, CodedPlane, LatentEncoder
from nncodec.lapped.latent import MEAN_ONE, DecodedLatent, Means
from nncodec.lapped.layout import CHANNELS, GROUPS, STRIDE, TAPS, Pass
from nncodec.lapped.model import matrix_of, own_colours, to_planes
from nncodec.lapped.transform import Floats, analyse, synthesise
from nncodec.nets import weights

FIT_STEPS = (0, 0, 0, 0, 60, 120, 250, 500, 1000)
"""Optimiser steps for efforts 1 to 9; no more than there are positions, none if a side is shorter than a filter."""
_OWN_COLOURS_FROM = 2
"""Effort from which colours of the picture's own are tried."""


@dataclass(kw_only=True)
class FilteredPlane(CodedPlane):
    """One coded plane with the filters that reconstruct it."""

    filters: Floats
    """(CHANNELS, TAPS, TAPS) of the synthesis, as the decoder will have them."""
    means: npt.NDArray[np.int32]
    """(n, CHANNELS) in 1/16 symbol, in the order of coding."""
    indices: Indices
    """(n, CHANNELS) scale indices, in the order of coding."""
    difference: tuple[Symbols, Symbols] | None = None
    """Symbols and scale indices of the filters' differences to the shared ones; None if there are none."""
    difference_bits: float = 0.0
    """Bits of these differences."""
    error: float = 0.0
    """Squared error in squared quantiser steps."""

    def take(self, group: int, each: Pass, symbols: Symbols, means: Means, indices: Indices) -> None:
        """See the base class; also keep means and scale indices, for the filters to be fitted with."""
        super().take(group, each, symbols, means, indices)
        self.means[each.at, GROUPS[group]], self.indices[each.at, GROUPS[group]] = means, indices

    @property
    def bits(self) -> float:
        """Bits of the symbols and of the differences."""
        return super().bits + self.difference_bits

    @property
    def cost(self) -> float:
        """Bits, and the error at its price."""
        return self.bits + PRICE * self.error


@dataclass(frozen=True)
class Encoder:
    """The encoder's view of one picture at one quality index."""

    coder: LatentEncoder

    def best(self, effort: int) -> bytes:
        """The payload with the best trade of bits for error among those that the effort allows."""
        pixels = self.coder.pixels
        colours: list[bytes | None] = [None]
        if pixels.ndim == 3 and effort >= _OWN_COLOURS_FROM:
            colours.append(own_colours(pixels))
        candidates = [(own, self.shared(to_planes(pixels, matrix_of(own)))) for own in colours]
        own, planes = min(
            candidates, key=lambda candidate: 8 * len(candidate[0] or b"") + sum(plane.cost for plane in candidate[1])
        )
        height, width = pixels.shape[:2]
        steps = min(FIT_STEPS[effort - 1], height * width // STRIDE**2)
        if steps and min(height, width) >= TAPS:
            planes = self._fitted(to_planes(pixels, matrix_of(own)), planes, steps)
        return self.payload(own, planes)

    def payload(self, own: bytes | None, planes: list[FilteredPlane]) -> bytes:
        """The payload of coded planes and the differences of their filters, under colours of their own or shared."""

        def write_differences(plane: int, writer: Writer) -> bool:
            difference = planes[plane].difference
            if difference is not None:
                code_differences(*difference, writer.code)
            return difference is not None

        return self.coder.payload(own, planes, write_differences)

    def shared(self, planes: Floats) -> list[FilteredPlane]:
        """Code planes (P, H, W), in levels, with the shared filters."""
        known = self.coder.known(len(planes))
        return [self._shared(known, number, plane) for number, plane in enumerate(planes)]

    def _empty(self, number: int) -> FilteredPlane:
        """A plane of which nothing is coded yet, with the shared filters."""
        n = self.coder.pixels.shape[0] * self.coder.pixels.shape[1] // STRIDE**2
        means, indices = np.zeros((n, CHANNELS), np.int32), np.zeros((n, CHANNELS), np.uint8)
        return FilteredPlane(filters=self.coder.model.synthesis[number], means=means, indices=indices)

    def _shared(self, known: DecodedLatent, number: int, plane: Floats) -> FilteredPlane:
        coded = self._empty(number)
        self.coder.code(known, number, self.coder.latent(plane, number), coded)
        self._measure(known, number, plane, coded)
        return coded

    def _measure(self, known: DecodedLatent, number: int, plane: Floats, coded: FilteredPlane) -> None:
        """Set the error of a coded plane."""
        values = known.in_grid(known.values[number]).reshape(known.height, known.width, CHANNELS)
        error = synthesise(values, coded.filters, 1 / MEAN_ONE) - plane / self.coder.step
        coded.error = float(np.square(error, dtype=np.float32).sum(dtype=np.float64))

    def _fitted(self, planes: Floats, start: list[FilteredPlane], steps: int) -> list[FilteredPlane]:
        """Each plane with filters trained on it, where they pay for their bytes."""
        weights.require("torch", "codec ccnn from effort 5 on", "use -e 4, or pip install torch")
        from nncodec.codecs.ccnn.fit_torch import Task, fit

        coder, known = self.coder, self.coder.known(len(planes))
        shape = known.height, known.width, CHANNELS
        means = np.stack([known.in_grid(each.means).reshape(shape) for each in start])
        indices = np.stack([known.in_grid(each.indices).reshape(shape) for each in start])
        task = Task(planes, means, indices, float(coder.step))
        analysis, synthesis = fit(task, coder.model.arrays, steps)
        found = []
        for number, plane in enumerate(planes):
            trained = self._empty(number)
            coder.code(known, number, analyse(plane, analysis[number]) / coder.step, trained)
            self._differ(known, number, trained, synthesis[number])
            self._measure(known, number, plane, trained)
            if trained.difference is None or trained.cost >= start[number].cost:
                trained = self._shared(known, number, plane)
            found.append(trained)
        return found if sum(each.cost for each in found) < sum(each.cost for each in start) else start

    def _differ(self, known: DecodedLatent, number: int, coded: FilteredPlane, wanted: Floats) -> None:
        """Choose the filters' differences, and count their bits."""
        steps, energies = filter_steps(known.values[number])
        rows = ((wanted - coded.filters) / steps[:, None, None]).reshape(CHANNELS, -1)
        symbols, scales, bits = choose(rows, PRICE * steps**2 * energies, self.coder.model.tables)
        if symbols.any():
            coded.difference, coded.difference_bits = (symbols, scales), bits
            coded.filters = changed(coded.filters, symbols, steps)
