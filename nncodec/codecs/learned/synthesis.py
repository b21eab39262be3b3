"""The synthesis of the learned codec: a transposed convolution of the latent, then a network that corrects the planes.

The transposed convolution alone shows ringing, blur and blotches of colour where symbols became zero. The synthesis
network, residual blocks of dense convolutions on packed samples (`nncodec.nets.resnet`), adds what it has learned to
expect there. It runs in NumPy, tile by tile; each tile has a halo as wide as the network's receptive field, so that the
picture does not depend on the tiles.
"""

import numpy as np
import numpy.typing as npt

from nncodec.codecs.learned.change import Change
from nncodec.codecs.learned.grid import MEAN_ONE
from nncodec.codecs.learned.model import LearnedModel
from nncodec.lapped.decoder import Values
from nncodec.lapped.layout import MAX_QUALITY_INDEX, STRIDE, step_size
from nncodec.lapped.model import from_planes
from nncodec.lapped.transform import OPPONENT, Floats, synthesise
from nncodec.nets.resnet import UNIT
from nncodec.nets.tiles import Region, bordered, equal_tiles, tile_by_tile

_AREA = 3 << 16
"""The most pixels of a tile: some 40 MB for a thread to work in, and a halo that costs a fifth."""


class Synthesizer:
    """The synthesis with one model at one quality index.

    Args:
        model: the weights; those of the network are named ``net.``.
        quality: index, 0 to MAX_QUALITY_INDEX.
        matrix: (3, 3), one row for each plane.
        device: as in `nncodec.nets.device.net_on`.
        change: the picture's own change of the network, if there is one.
    """

    def __init__(
        self, model: LearnedModel, quality: int, matrix: Floats, device: str = "cpu", change: Change | None = None
    ) -> None:
        self._step, self._level = np.float32(step_size(quality)), quality / MAX_QUALITY_INDEX
        self._net, self._matrix, self._filters = model.changed_net(change, self._level, device), matrix, model.synthesis

    def pixels(self, values: Values, width: int, height: int) -> npt.NDArray[np.uint8]:
        """Values (1 or 3, h, w, CHANNELS) in 1/16 symbol to pixels (height, width) or (height, width, 3)."""
        shape = (height, width) if len(values) == 1 else (height, width, 3)
        out = np.empty(shape, np.uint8)

        def finish(region: Region) -> None:
            planes = self._corrected(values, region)
            rows, columns = (slice(0, side.stop - side.start) for side in region)
            out[region] = from_planes([plane[rows, columns] for plane in planes], self._matrix)

        tile_by_tile(shape, *equal_tiles(shape, _AREA, self._net.halo), finish)
        return out

    def _corrected(self, values: Values, region: Region) -> list[Floats]:
        """Planes of a region in levels, corrected by the network; whole positions, which may be more than the region.

        The network knows the shared colours alone: planes in other colours are turned into these and back.
        """
        planes = self._synthesised(values, region)  # (P, rows + 2 halo, columns + 2 halo)
        turn = OPPONENT @ self._matrix.T  # (3, 3), from the picture's colours to the shared ones
        seen = np.zeros((*planes.shape[1:], 3), np.float32)
        seen[..., : len(planes)] = np.moveaxis(planes, 0, -1)
        if len(planes) == 3:
            seen = seen @ turn.T
        added = self._net.correction(seen, 0, self._level) * (self._step / np.float32(UNIT))  # (rows, columns, 3)
        if len(planes) == 3:
            added = added @ np.linalg.inv(turn).T.astype(np.float32)
        halo = slice(self._net.halo, -self._net.halo)
        return [plane[halo, halo] + added[..., number] for number, plane in enumerate(planes)]

    def _synthesised(self, values: Values, region: Region) -> Floats:
        """Planes (P, rows + 2 halo, columns + 2 halo) in levels; beyond the picture its border is repeated."""
        needed, positions = zip(*map(self._spans, region, values.shape[1:3]), strict=True)
        planes = [
            bordered(synthesise(plane, filters, 1 / MEAN_ONE, positions), needed)
            for plane, filters in zip(values, self._filters, strict=False)  # gray: the filters of plane 0
        ]
        return np.stack(planes) * self._step

    def _spans(self, side: slice, size: int) -> Region:
        """Samples that the network needs along one axis, and the positions of the latent to synthesise for them.

        The samples are made up to whole positions. They are counted from the first one synthesised, and those beyond
        the picture are negative or past the end.

        Args:
            side: samples of the region along the axis, of ``STRIDE * size``.
            size: positions of the latent along the axis.
        """
        halo = self._net.halo
        start, stop = side.start - halo, -(-side.stop // STRIDE) * STRIDE + halo
        positions = slice(max(start, 0) // STRIDE, min(-(-stop // STRIDE), size))
        first = STRIDE * positions.start
        return slice(start - first, stop - first), positions
