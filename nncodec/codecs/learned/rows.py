"""Some rows of a pass over a group: where contexts find what they read of these positions, and slopes where to go."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nncodec.codecs.learned.grid import Channel, DecodedLatent, Lattice, Split

Whole = npt.NDArray[np.int32]
Tap = tuple[int, int]
"""Rows and columns from a position to a neighbour, -1 to 1 each."""
HERE: Tap = (0, 0)
TAPS: tuple[Tap, ...] = tuple((y, x) for y in (-1, 0, 1) for x in (-1, 0, 1))
RING = tuple(tap for tap in TAPS if tap != HERE)
OWN_TAPS: tuple[tuple[Tap, ...], ...] = ((), ((-1, -1), (-1, 1), (1, -1), (1, 1)), ((-1, 0), (0, -1), (0, 1), (1, 0)))
"""Neighbours of a position that earlier passes over its group have coded, by pass."""


@dataclass(frozen=True)
class Rows:
    """Rows of a lattice in one pass, beside the local means."""

    number: int
    """Of the pass."""
    lattice: Lattice
    part: slice
    """Rows of the lattice."""
    means: tuple[Whole, ...]
    """`DecodedLatent.bordered_means` of the planes whose local means are compared with those around."""

    @classmethod
    def of(
        cls, known: DecodedLatent, planes: tuple[int, ...], number: int, lattice: Lattice, most: int
    ) -> Iterator["Rows"]:
        """All rows of a lattice, in parts of at most ``most`` positions, but of one row at least."""
        means = tuple(known.bordered_means(plane) for plane in planes)
        count = max(1, most // lattice.width)
        for top in range(0, lattice.height, count):
            yield cls(number, lattice, slice(top, min(top + count, lattice.height)), means)

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of positions."""
        return self.part.stop - self.part.start, self.lattice.width

    @property
    def flat(self) -> slice:
        """The positions among all of the lattice, in reading order."""
        return slice(self.part.start * self.lattice.width, self.part.stop * self.lattice.width)

    def at(self, tap: Tap = HERE) -> tuple[slice, slice]:
        """Indices of the positions' neighbours into a grid with a border of 1."""
        return self.lattice.at(self.part, *tap)

    def within(self, split: Split, channel: Channel, tap: Tap = HERE) -> npt.NDArray[Any]:
        """A view (channels, rows, columns) of what a grid holds at the positions' neighbours."""
        return split.at(channel, self.lattice, self.part, *tap)

    def inside(self, known: DecodedLatent, tap: Tap) -> npt.NDArray[np.bool_]:
        """Whether the neighbours are positions of the latent rather than of its border, (1, rows, columns)."""
        y, x = (np.arange(side.start, side.stop, side.step) for side in self.at(tap))
        inside = ((y > 0) & (y <= known.height))[:, None] & ((x > 0) & (x <= known.width))
        return inside[None]

    def differences(self) -> Whole:
        """What group 0 of the eight neighbours has more than that of the position, (8 x planes, rows, columns).

        They are in the order of the neighbours, planes within.
        """
        here = [plane[self.at()] for plane in self.means]
        out = np.empty((len(RING), len(self.means), *self.shape), np.int32)
        for number, tap in enumerate(RING):
            for plane, (whole, own) in enumerate(zip(self.means, here, strict=True)):
                np.subtract(whole[self.at(tap)], own, out=out[number, plane])
        return out.reshape(-1, *self.shape)
