"""Targets for a latent that allow for the synthesis network: the best value at each place, given all the others.

The transposed convolution alone is nearly orthonormal: a value's target is what the analysis gives. With the network
behind it, the squared error of the picture is another function of the values. Around the coded values it is taken for a
quadratic one whose curvature is that of the orthonormal synthesis; its minimum is then one step of gradient descent
away. The encoder chooses symbols for such targets, and targets for such symbols, in turn. The decoded picture comes
closer to the source, at no cost to the decoder.
"""

from collections.abc import Callable

import numpy as np

from nncodec.codecs.learned.change import Change
from nncodec.codecs.learned.change_fit import Moments
from nncodec.codecs.learned.grid import MEAN_ONE
from nncodec.codecs.learned.model import LearnedModel
from nncodec.lapped.decoder import Values
from nncodec.lapped.layout import MAX_QUALITY_INDEX, step_size
from nncodec.lapped.transform import OPPONENT, Floats, analyse, synthesise
from nncodec.nets.resnet import UNIT, packed
from nncodec.nets.resnet_gradient import Flags, GradientNet, Trace
from nncodec.nets.tiles import Region, bordered, tile_by_tile
from nncodec.threads import in_parallel, products_alone

_SIDE = 512
"""Most samples along the side of a tile."""


class Refiner:
    """The synthesis of one model at one quality index as a differentiable function, for one picture.

    Args:
        model: the weights.
        quality: index, 0 to MAX_QUALITY_INDEX.
        planes: (P, 8 h, 8 w) in levels: the picture in these colours.
        matrix: (3, 3) the colours.
    """

    def __init__(self, model: LearnedModel, quality: int, planes: Floats, matrix: Floats) -> None:
        self._arrays, self._level = model.arrays, quality / MAX_QUALITY_INDEX
        self.take(None)
        self._filters, self._step, self._planes = model.synthesis, np.float32(step_size(quality)), planes
        turn = OPPONENT @ matrix.T  # (3, 3), from the picture's colours to the shared ones
        self._turn, self._back = turn.astype(np.float32), np.linalg.inv(turn).astype(np.float32)

    def take(self, change: Change | None) -> None:
        """Use the network with this change from now on."""
        arrays = self._arrays if change is None else change.applied(self._arrays, self._level)
        self._net = GradientNet(arrays, 0, self._level)

    def error(self, values: Values) -> float:
        """The squared error, in squared quantiser steps, of values (P, h, w, CHANNELS) in 1/16 symbol.

        That is of the planes, before they are rounded to samples.
        """
        plain, errors = self._synthesised(values), []

        def measure(region: Region) -> None:
            errors.append(np.square(self._seen(plain, region)[1]).sum(dtype=np.float64))

        self._by_tiles(measure)
        return float(sum(errors)) / float(self._step) ** 2

    def targets(self, values: Values) -> tuple[float, Floats]:
        """The error as `error` gives it, and targets (P, h, w, CHANNELS) in quantiser steps.

        The targets are the coded values after one step of gradient descent.
        """
        plain, errors = self._synthesised(values), []
        pulled, out = np.empty(plain.shape, np.float32), np.empty(values.shape, np.float32)

        def pull(region: Region) -> None:
            pulled[(slice(None), *region)], error = self._pulled(plain, region)
            errors.append(error)

        def analyse_plane(number: int) -> None:
            # The filters are even or odd: mirroring at the borders is the transpose of that in the synthesis.
            out[number] = analyse(pulled[number], self._filters[number])

        self._by_tiles(pull)
        with products_alone():
            in_parallel(analyse_plane, range(len(out)))
        out *= -1 / self._step
        out += values * np.float32(1 / MEAN_ONE)
        return float(sum(errors)) / float(self._step) ** 2, out

    def moments(self, values: Values) -> Moments:
        """Sums of what the last layer of the network reads, and of what its outputs lack, in quantiser steps."""
        plain, found = self._synthesised(values), dict[tuple[int, int], Moments]()

        def gather(region: Region) -> None:
            trace, error = self._seen(plain, region)
            lacking = error @ self._turn.T if len(plain) == 3 else error
            lacking = packed(lacking * (-1 / self._step), self._net.out)  # (h, w, outputs)
            read = trace.last.plain()
            x = np.pad(read, [(0, 0), (0, 0), (0, 1)], constant_values=1).reshape(-1, read.shape[-1] + 1)
            found[region[0].start, region[1].start] = Moments(x.T @ x, x.T @ lacking.reshape(len(x), -1))

        self._by_tiles(gather)
        return Moments.sum(found[place] for place in sorted(found))

    def _synthesised(self, values: Values) -> Floats:
        """The planes (P, 8 h, 8 w) that the transposed convolution makes, in levels."""
        plain = np.empty(self._planes.shape, np.float32)

        def synthesise_plane(number: int) -> None:
            plain[number] = synthesise(values[number], self._filters[number], float(self._step) / MEAN_ONE)

        with products_alone():
            in_parallel(synthesise_plane, range(len(values)))
        return plain

    def _by_tiles(self, work: Callable[[Region], None]) -> None:
        height, width = self._planes.shape[1:]
        tile_by_tile((height, width), _part(height), _part(width), work)

    def _seen(self, plain: Floats, region: Region) -> tuple[Trace, Floats]:
        """The network's trace on a region with a halo around it, and the error (h, w, P) of the region in levels."""
        halo, colour = self._net.halo, len(plain) == 3
        tall, wide = (slice(side.start - halo, side.stop + halo) for side in region)
        seen = bordered(np.moveaxis(plain, 0, -1), (tall, wide))  # (rows, columns, P)
        given = seen @ self._turn.T if colour else np.pad(seen, [(0, 0), (0, 0), (0, 2)])
        trace = self._net.trace(given, (-tall.start, -wide.start))
        added = trace.correction * (self._step / np.float32(UNIT))
        added = added @ self._back.T if colour else added[..., :1]
        target = np.moveaxis(self._planes[:, region[0], region[1]], 0, -1)
        error: Floats = (seen[halo:-halo, halo:-halo] + added - target).astype(np.float32, copy=False)
        return trace, error

    def _pulled(self, plain: Floats, region: Region) -> tuple[Floats, float]:
        """Half the gradient of the squared error by the planes of `_synthesised`, (P, h, w), and the error of a region.

        Errors count within the picture and a halo around the region; they depend on samples in another halo.
        """
        halo, sizes, colour = self._net.halo, plain.shape[1:], len(plain) == 3
        rows, columns = (
            slice(max(0, side.start - halo), min(size, side.stop + halo))
            for side, size in zip(region, sizes, strict=True)
        )
        trace, error = self._seen(plain, (rows, columns))
        tall, wide = ((side.start == 0, side.stop == size) for side, size in zip((rows, columns), sizes, strict=True))
        back = error @ self._back if colour else np.pad(error, [(0, 0), (0, 0), (0, 2)])
        through = self._net.gradient(trace, back * (self._step / np.float32(UNIT)), tall, wide)
        through = (through @ self._turn if colour else through[..., :1]).astype(np.float32, copy=False)
        own = error[_within(region, (rows, columns))]
        # The samples beyond a border repeat those at it, so their gradients belong to these.
        through = _folded(_folded(through, tall, halo).swapaxes(0, 1), wide, halo).swapaxes(0, 1)
        kept = _kept(rows, tall, halo), _kept(columns, wide, halo)
        pulled = np.moveaxis(own + through[_within(region, kept)], -1, 0)
        return pulled, float(np.square(own).sum(dtype=np.float64))


def _folded(gradient: Floats, flags: Flags, halo: int) -> Floats:
    """A gradient whose first axis reaches a halo beyond borders, with what lies there added to the rows at them."""
    first, last = flags
    if first:
        gradient[halo] += gradient[:halo].sum(0)
        gradient = gradient[halo:]
    if last:
        gradient[-halo - 1] += gradient[-halo:].sum(0)
        gradient = gradient[:-halo]
    return gradient


def _kept(side: slice, flags: Flags, halo: int) -> slice:
    """The range of a gradient from errors of a range: as long at borders, a halo less at other sides."""
    first, last = (0 if flag else halo for flag in flags)
    return slice(side.start + first, side.stop - last)


def _within(region: Region, outer: Region) -> Region:
    """A region, counted from the start of the one around it."""
    rows, columns = (
        slice(side.start - around.start, side.stop - around.start) for side, around in zip(region, outer, strict=True)
    )
    return rows, columns


def _part(side: int) -> int:
    """The size of nearly equal parts of a side, of whole blocks of 16 samples."""
    count = -(-side // _SIDE)
    return -(-side // (16 * count)) * 16
