"""The gradient of a residual network by its input, in NumPy: what an error of its correction means for what it saw.

The same convolutions as in `nncodec.nets.resnet`, with kernels that are turned around and transposed, in reverse order
(Rumelhart, Hinton and Williams 1986). The encoder of ``learned`` needs it in every round of refinement; so it takes no
PyTorch, whose import alone costs as much time as several rounds.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nncodec.entropy.scales import LEAK
from nncodec.nets.resnet import ZERO, ArtifactNet, packed, unpacked
from nncodec.nets.winograd import Tiled, convolved, transformed

Floats = npt.NDArray[np.float32]
Flags = tuple[bool, bool]
"""For rows or columns: whether the first, and the last, are those of the picture."""


@dataclass(frozen=True)
class Trace:
    """A correction, and what is needed to go back from it."""

    correction: Floats
    """(H, W, 3) in levels."""
    positive: list[npt.NDArray[np.bool_]]
    """By block: where the activation was given something positive, (h, w, width)."""
    last: Tiled
    """What the last layer read."""


class GradientNet(ArtifactNet):
    """A network under one condition, with the way back.

    Args:
        arrays: as they ship.
        family: index of the codec.
        level: 0 (most damage) to 1.
        part: which network of several.
    """

    def __init__(self, arrays: dict[str, npt.NDArray[Any]], family: int, level: float, part: str = "net") -> None:
        super().__init__(arrays, part)
        self._family, self._level = family, level
        self.stride, self.out = self._shape.stride, self._shape.out
        self._back = {name: self._turned(name) for name in self._kernels}

    def _turned(self, name: str) -> Floats:
        """The kernel of the way back through a layer, with the gain that it has under this condition."""
        kernel = self._values[name]
        if name.endswith(".inner.weight"):
            gain = self._condition(name.replace("inner.weight", "gain"), self._family, self._level)
            kernel = kernel * (1 + gain)[:, None, None, None]
        return transformed(np.ascontiguousarray(kernel.transpose(1, 0, 2, 3)[:, :, ::-1, ::-1]))

    def trace(self, ycc: Floats, margins: tuple[int, int]) -> Trace:
        """Correct a region, (H + 2 halo, W + 2 halo, 3), and keep what going back takes.

        ``margins`` are samples, above and to the left, from the first one given to the start of a block of 8 x 8.
        """
        positive: list[npt.NDArray[np.bool_]] = []
        places = margins[0] // self.stride, margins[1] // self.stride
        last = self._hidden(ycc, self._family, self._level, places, lambda hidden: positive.append(hidden.plain() > 0))
        return Trace(self._left(last, self._family, self._level), positive, last)

    def gradient(self, trace: Trace, error: Floats, rows: Flags, columns: Flags) -> Floats:
        """Take an error of the correction, (H, W, 3), back to the input, by the derivative at the trace.

        Beyond the borders of the picture there is no error; a side that is not such a border loses a halo, as errors
        beyond it are unknown.

        Returns:
            (H', W', 3): H and W, plus a halo for each side that is a border, less one for each that is not.
        """
        gain = 1 + self._condition("gain", self._family, self._level)
        x = packed(error, self._shape.out) @ (self._values["leave.weight"][:, :, 0, 0] * gain[:, None])  # (h, w, width)
        for number in reversed(range(self._shape.blocks)):
            block = f"blocks.{number}"
            y = self._conv_back(f"{block}.outer", x, rows, columns)
            y *= np.where(_middle(trace.positive[number], y.shape, rows, columns), np.float32(1), np.float32(LEAK))
            y = self._conv_back(f"{block}.inner", y, rows, columns)
            y += _fitted(x, y.shape, rows, columns)
            x = y
        return unpacked(self._conv_back("enter", x, rows, columns), self.stride, 3)

    def _conv_back(self, name: str, x: Floats, rows: Flags, columns: Flags) -> Floats:
        """A layer backwards: (h, w, W) to (h', w', C), a position more at each border, one less at other sides."""
        padded = np.pad(x, [*(tuple(2 * flag for flag in flags) for flags in (rows, columns)), (0, 0)])
        tiled = Tiled.of(padded)
        kernel = self._back[name + ".weight"]
        return convolved(tiled, kernel, ZERO, self._workspace(tiled)).plain()


def _span(size: int, wanted: int, first: bool, last: bool) -> slice:
    """The ``wanted`` places of ``size`` that are left if those surplus are at sides that are no borders."""
    surplus = size - wanted
    start = 0 if first else surplus if last else surplus // 2
    return slice(start, start + wanted)


def _middle(
    values: npt.NDArray[np.bool_], shape: tuple[int, ...], rows: Flags, columns: Flags
) -> npt.NDArray[np.bool_]:
    """The part of values (h, w, C), which reach further at sides that are no borders, that stands for ``shape``."""
    tall, wide = (
        _span(size, want, *flags) for size, want, flags in zip(values.shape, shape, (rows, columns), strict=False)
    )
    return values[tall, wide]


def _fitted(x: Floats, shape: tuple[int, ...], rows: Flags, columns: Flags) -> Floats:
    """What a block adds, (h, w, C), in the ``shape`` of its gradient: zeros beyond borders, less at other sides."""
    edges = [tuple(2 * flag for flag in flags) for flags in (rows, columns)]
    whole = np.pad(x, [*edges, (0, 0)])
    cuts = [tuple(2 * (not flag) for flag in flags) for flags in (rows, columns)]
    tall, wide = (slice(first, size - last) for (first, last), size in zip(cuts, whole.shape, strict=False))
    return whole[tall, wide]
