"""What the encoders of the lapped latent share: the latent of a picture, and the symbols that were chosen for it."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from nncodec.entropy.coder import Indices, Symbols
from nncodec.lapped.bitstream import Writer, stamp
from nncodec.lapped.layout import N_GROUPS, STRIDE, step_size
from nncodec.lapped.model import LappedModel
from nncodec.lapped.transform import Floats, analyse
from nncodec.threads import products_alone

if TYPE_CHECKING:
    from typing_extensions import Self

Part = tuple[int, npt.NDArray[np.integer], Indices]
"""Group, symbols and scale indices of one step of coding."""
Model = TypeVar("Model", bound=LappedModel)


@dataclass
class CodedSymbols:
    """The symbols of planes that are coded together, with their bits."""

    parts: list[Part] = field(default_factory=list)
    spent: list[float] = field(default_factory=lambda: [0.0] * N_GROUPS)
    """Bits of the symbols of each group."""

    def keep(self, group: int, symbols: Symbols, indices: Indices) -> None:
        """Append the symbols and scale indices of one step."""
        self.parts.append((group, _small(symbols), indices))

    @property
    def groups(self) -> int:
        """Number of groups to code: all later ones hold nothing but zeros."""
        return max([1, *(group + 1 for group, symbols, _ in self.parts if symbols.any())])

    @property
    def bits(self) -> float:
        """Bits of the symbols of the groups to code."""
        return sum(self.spent[: self.groups])

    def to_code(self) -> list[Part]:
        """The parts of the groups to code, in order."""
        groups = self.groups
        return [part for part in self.parts if part[0] < groups]

    def write(self, writer: Writer) -> None:
        """Write the symbols of the groups to code."""
        for _, symbols, indices in self.to_code():
            writer.code(symbols.astype(np.int32), indices)


def _small(symbols: Symbols) -> npt.NDArray[np.integer]:
    """The same symbols as int16 if they fit: there is one for every sample of the picture."""
    small = symbols.astype(np.int16)
    return small if np.array_equal(small, symbols) else symbols


@dataclass(frozen=True)
class AnalysedPicture(Generic[Model]):
    """A picture, with one set of weights at one quality index.

    Attributes:
        model: the weights.
        quality: index, 0 to MAX_QUALITY_INDEX.
        pixels: (H, W) or (H, W, 3), sides multiples of 8.
        stamp: where the checksum of the symbols starts; see `nncodec.lapped.bitstream.stamp`.
    """

    model: Model
    quality: int
    pixels: npt.NDArray[np.uint8]
    stamp: int

    @classmethod
    def of(cls, model: Model, quality: int, pixels: npt.NDArray[np.uint8]) -> "Self":
        """The picture with pixels (H, W) or (H, W, 3) of any size, which are padded by repetition."""
        start = stamp(pixels.shape[1], pixels.shape[0], 1 if pixels.ndim == 2 else 3, quality)
        return cls(model, quality, _padded(pixels), start)

    @cached_property
    def step(self) -> np.float32:
        """Quantiser step in levels."""
        return np.float32(step_size(self.quality))

    def latent(self, plane: Floats, number: int) -> Floats:
        """Analyse a plane (H, W), in levels, with the shared filters: (h, w, CHANNELS) in quantiser steps."""
        with products_alone():
            latent = analyse(plane, self.model.analysis[number])
        latent /= self.step
        return latent


def _padded(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Pixels (H, W) or (H, W, 3) whose last row and column are repeated up to multiples of 8."""
    edges = [(0, -pixels.shape[0] % STRIDE), (0, -pixels.shape[1] % STRIDE), (0, 0)][: pixels.ndim]
    return np.pad(pixels, edges, mode="edge") if any(map(any, edges)) else pixels
