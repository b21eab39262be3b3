"""The decoded latent of ``learned`` on its grid, the passes over it, and the context features of its values.

Encoder and decoder hold the same arrays at every moment. The contexts (`nncodec.codecs.learned.context`,
`nncodec.codecs.learned.mean_context`) read them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from nncodec.lapped.layout import CHANNELS, GROUPS, N_GROUPS

Positions = npt.NDArray[np.intp]
Channel = tuple[int, slice]
"""A plane and some of its channels."""
Channels = tuple[Channel, ...]

MEAN_ONE = 16
"""Means and values are multiples of 1/16 of a symbol."""
VALUE_LIMIT = 32767
"""Values saturate at plus or minus this."""
SIGNED_UNIT, SIGNED_LIMIT = 4, 127
"""Signed features are values in quarters of a symbol, rounded half to even, saturated."""
N_SIZES = 4096
"""Magnitudes, in 1/16 symbol, that have a size of their own; larger ones share that of the last."""
UNITS = ((0,), (1, 2))
"""Planes that are coded together: brightness, then both colours."""
LATTICES = (((0, 0),), ((1, 1),), ((0, 1), (1, 0)))
"""By pass over a group but the first: row and column at which its lattices of spacing 2 begin."""
N_PASSES = len(LATTICES)


@cache
def size_table() -> npt.NDArray[np.uint8]:
    """Logarithmic sizes, (N_SIZES,), of magnitudes m in 1/16 symbol: 8 log2(1 + m / 8), rounded, in whole numbers."""
    exponents = (((8 + magnitude) ** 16).bit_length() - 1 for magnitude in range(N_SIZES))
    return np.array([(exponent - 47) // 2 for exponent in exponents], np.uint8)


def sizes_of(values: npt.NDArray[np.integer]) -> npt.NDArray[np.uint8]:
    """Logarithmic sizes of values in 1/16 symbol, in their shape."""
    sizes: npt.NDArray[np.uint8] = size_table().take(np.abs(values), mode="clip")
    return sizes


def signed_of(values: npt.NDArray[np.integer]) -> npt.NDArray[np.int8]:
    """Signed features of values in 1/16 symbol, in their shape."""
    quarters = np.rint(values.astype(np.float32) * np.float32(1 / SIGNED_UNIT))
    features: npt.NDArray[np.int8] = quarters.clip(-SIGNED_LIMIT, SIGNED_LIMIT).astype(np.int8)
    return features


@dataclass(frozen=True)
class Lattice:
    """Positions of a grid with even, or odd, rows and columns, in reading order."""

    row: int
    column: int
    height: int
    """Rows of the lattice."""
    width: int
    """Columns of the lattice."""

    def at(self, rows: slice, down: int = 0, right: int = 0) -> tuple[slice, slice]:
        """Indices of some rows of the lattice, moved by -1 to 1, into a grid with a border of 1."""
        top, left = self.row + 1 + down, self.column + 1 + right
        return (
            slice(top + 2 * rows.start, top + 2 * rows.stop - 1, 2),
            slice(left, left + 2 * self.width - 1, 2),
        )

    @property
    def inner(self) -> tuple[slice, slice]:
        """Indices of all its positions into a grid without a border."""
        return slice(self.row, None, 2), slice(self.column, None, 2)


def lattices(height: int, width: int, number: int) -> list[Lattice]:
    """The lattices of pass ``number`` over a grid; those without positions are left out."""
    found = [Lattice(y, x, (height - y + 1) // 2, (width - x + 1) // 2) for y, x in LATTICES[number]]
    return [each for each in found if each.height and each.width]


class Split:
    """Channels on a grid with a border of one position, split by parity of row and column.

    The values of a channel on a lattice then lie side by side, as do those on a lattice beside it. So contexts take
    them in a fraction of the time.

    Args:
        planes, height, width: of the grid without its border.
        kind: of the values, which begin as zeros.
    """

    def __init__(self, planes: int, height: int, width: int, kind: type[np.generic]) -> None:
        self._height, self._width = height, width
        self._parts = np.zeros((2, 2, planes, CHANNELS, (height + 3) // 2, (width + 3) // 2), kind)

    def at(self, channel: Channel, lattice: Lattice, rows: slice, down: int = 0, right: int = 0) -> npt.NDArray[Any]:
        """A view (channels, rows, columns) of some rows of a lattice, moved by -1 to 1."""
        plane, part = channel
        (top, down), (left, right) = divmod(lattice.row + 1 + down, 2), divmod(lattice.column + 1 + right, 2)
        inside = slice(top + rows.start, top + rows.stop), slice(left, left + lattice.width)
        view: npt.NDArray[Any] = self._parts[(down, right, plane, part, *inside)]
        return view

    def clear(self, planes: Sequence[int], first: int) -> None:
        """Make the channels of some planes zero from the ``first`` on."""
        self._parts[:, :, planes[0] : planes[-1] + 1, first:] = 0

    def fill(self, values: npt.NDArray[Any]) -> None:
        """Take in values (planes, height, width, CHANNELS)."""
        for part, places in self._quarters():
            part[...] = np.moveaxis(values[(slice(None), *places)], -1, 1)

    def whole(self) -> npt.NDArray[Any]:
        """The values without the border, (planes, height, width, CHANNELS); a copy."""
        planes = self._parts.shape[2]
        values = np.empty((planes, self._height, self._width, CHANNELS), self._parts.dtype)
        for part, places in self._quarters():
            values[(slice(None), *places)] = np.moveaxis(part, 1, -1)
        return values

    def _quarters(self) -> Iterator[tuple[npt.NDArray[Any], tuple[slice, slice]]]:
        """Views (planes, CHANNELS, rows, columns) of each part without the border, and their places."""
        for y, x in np.ndindex(2, 2):
            tall, wide = (self._height + y) // 2, (self._width + x) // 2
            inside = slice(1 - y, 1 - y + tall), slice(1 - x, 1 - x + wide)
            yield self._parts[(y, x, slice(None), slice(None), *inside)], (slice(1 - y, None, 2), slice(1 - x, None, 2))


class DecodedLatent:
    """Values coded so far, with a border of one position of zeros on each side.

    Args:
        height, width: positions of the latent.
        planes: 1 for gray, 3 for colour.
    """

    means: npt.NDArray[np.int16]
    """Group 0, (planes, height, width), in 1/16 symbol."""
    values: Split
    """The other groups, int16 in 1/16 symbol."""
    signed: Split
    """Signed features of these, int8."""
    sizes: Split
    """Their logarithmic sizes, uint8."""

    def __init__(self, height: int, width: int, planes: int) -> None:
        self.height, self.width = height, width
        self.means = np.zeros((planes, height, width), np.int16)
        kinds = np.int16, np.int8, np.uint8
        self.values, self.signed, self.sizes = (Split(planes, height, width, kind) for kind in kinds)
        self._bordered: dict[int, npt.NDArray[np.int32]] = {}

    @classmethod
    def of(cls, values: npt.NDArray[np.int16]) -> "DecodedLatent":
        """The latent with these values, (planes, height, width, CHANNELS)."""
        planes, height, width, _ = values.shape
        known = cls(height, width, planes)
        known.means[...] = values[..., 0]
        known.values.fill(values)
        known.signed.fill(signed_of(values))
        known.sizes.fill(sizes_of(values))
        return known

    def put(self, channels: Channels, lattice: Lattice, values: npt.NDArray[np.integer]) -> None:
        """Take in values (n, channels), in 1/16 symbol, of a lattice."""
        kept = np.ascontiguousarray(values.clip(-VALUE_LIMIT, VALUE_LIMIT).T).reshape(-1, lattice.height, lattice.width)
        rows, first = slice(0, lattice.height), 0
        for channel in channels:
            own = kept[first : first + width_of((channel,))]
            for split, new in ((self.values, own), (self.signed, signed_of(own)), (self.sizes, sizes_of(own))):
                split.at(channel, lattice, rows)[...] = new
            first += len(own)

    def put_means(self, planes: Sequence[int], y: Positions, x: Positions, values: npt.NDArray[np.integer]) -> None:
        """Take in values (n, planes) of group 0, in 1/16 symbol, at positions (n,)."""
        self._bordered.clear()
        for plane, own in zip(planes, values.T, strict=True):
            self.means[plane, y, x] = own.clip(-VALUE_LIMIT, VALUE_LIMIT)

    def clear(self, planes: Sequence[int], group: int) -> None:
        """Make all values zero of a group and those after it, as where they are not coded."""
        if group == 0:
            self._bordered.clear()
            self.means[planes[0] : planes[-1] + 1] = 0
        if group < N_GROUPS:
            for split in (self.values, self.signed, self.sizes):
                split.clear(planes, GROUPS[group].start)

    def bordered_means(self, plane: int) -> npt.NDArray[np.int32]:
        """Group 0 of a plane, (height + 2, width + 2), beyond the border that of the nearest position."""
        if plane not in self._bordered:
            self._bordered[plane] = np.pad(self.means[plane], 1, "edge").astype(np.int32)
        return self._bordered[plane]

    def latent(self) -> npt.NDArray[np.int16]:
        """Values without the border, (planes, height, width, CHANNELS); a copy."""
        values: npt.NDArray[np.int16] = self.values.whole()
        values[..., 0] = self.means
        return values

    def finish(self) -> npt.NDArray[np.int16]:
        """What `latent` returns, when no context will be read any more: features give up their memory first."""
        self.signed = self.sizes = Split(0, 0, 0, np.int8)
        return self.latent()


def width_of(channels: Channels) -> int:
    """How many channels these are together."""
    return sum(part.stop - part.start for _, part in channels)
