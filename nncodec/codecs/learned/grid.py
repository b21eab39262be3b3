"""The decoded latent of ``learned`` on its grid, the passes over it, and the context features of its values.

Encoder and decoder hold the same arrays at every moment. The contexts (`nncodec.codecs.learned.context`,
`nncodec.codecs.learned.mean_context`) read them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

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


class DecodedLatent:
    """Values coded so far, with a border of one position of zeros on each side.

    Args:
        height, width: positions of the latent.
        planes: 1 for gray, 3 for colour.
    """

    values: npt.NDArray[np.int16]
    """(planes, height + 2, width + 2, CHANNELS), in 1/16 symbol."""
    signed: npt.NDArray[np.int8]
    """Signed features, in the same shape."""
    sizes: npt.NDArray[np.uint8]
    """Logarithmic sizes, in the same shape."""

    def __init__(self, height: int, width: int, planes: int) -> None:
        self.height, self.width, self.planes = height, width, planes
        shape = planes, height + 2, width + 2, CHANNELS
        self.values = np.zeros(shape, np.int16)
        self.signed = np.zeros(shape, np.int8)
        self.sizes = np.zeros(shape, np.uint8)

    @classmethod
    def of(cls, values: npt.NDArray[np.int16]) -> "DecodedLatent":
        """The latent with these values, (planes, height, width, CHANNELS)."""
        planes, height, width, _ = values.shape
        known = cls(height, width, planes)
        known.latent()[...] = values
        known.signed[:, 1:-1, 1:-1, 1:] = signed_of(values[..., 1:])
        known.sizes[:, 1:-1, 1:-1, 1:] = sizes_of(values[..., 1:])
        return known

    def put(self, channels: Channels, lattice: Lattice, values: npt.NDArray[np.integer]) -> None:
        """Take in values (n, channels), in 1/16 symbol, of a lattice."""
        kept = values.reshape(lattice.height, lattice.width, -1).clip(-VALUE_LIMIT, VALUE_LIMIT)
        whole = lattice.at(slice(0, lattice.height))
        first = 0
        for plane, part in channels:
            own = kept[..., first : first + part.stop - part.start]
            at = (plane, *whole, part)
            self.values[at], self.signed[at], self.sizes[at] = own, signed_of(own), sizes_of(own)
            first += own.shape[-1]

    def put_means(self, planes: Sequence[int], y: Positions, x: Positions, values: npt.NDArray[np.integer]) -> None:
        """Take in values (n, planes) of group 0, in 1/16 symbol, at positions (n,)."""
        for plane, own in zip(planes, values.T, strict=True):
            self.values[plane, y + 1, x + 1, 0] = own.clip(-VALUE_LIMIT, VALUE_LIMIT)

    def clear(self, planes: Sequence[int], group: int) -> None:
        """Make all values zero of a group and those after it, as where they are not coded."""
        if group < N_GROUPS:
            for array in (self.values, self.signed, self.sizes):
                array[planes[0] : planes[-1] + 1, ..., GROUPS[group].start :] = 0

    def bordered_means(self, plane: int) -> npt.NDArray[np.int32]:
        """Group 0 of a plane, (height + 2, width + 2), beyond the border that of the nearest position."""
        return np.pad(self.values[plane, 1:-1, 1:-1, 0], 1, "edge").astype(np.int32)

    def latent(self) -> npt.NDArray[np.int16]:
        """Values without the border, (planes, height, width, CHANNELS); a view."""
        return self.values[:, 1:-1, 1:-1]
