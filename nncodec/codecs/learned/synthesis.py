"""The last stage of the learned codec: a lapped latent painted, then polished by residual blocks, tile by tile.

The transposed convolution alone shows ringing, blur and blotches of colour where symbols became zero. A network of
dense convolutions on packed samples (`nncodec.nets.resnet`) adds what it has learned to expect there. It runs in NumPy;
a tile is painted with a halo as wide as the network sees, so that the picture does not depend on the tiles.
"""

import numpy as np
import numpy.typing as npt

from nncodec.lapped.decoder import Values
from nncodec.lapped.latent import MEAN_ONE
from nncodec.lapped.layout import MAX_QUALITY_INDEX, STRIDE, step_size
from nncodec.lapped.model import Model, from_planes
from nncodec.lapped.transform import OPPONENT, Floats, paint
from nncodec.nets.resnet import UNIT
from nncodec.nets.tiles import Region, bordered, equal_tiles, tile_by_tile

_AREA = 3 << 16
"""The most pixels of a tile: some 40 MB for a thread to work in, and a halo that costs a fifth."""


class Synthesizer:
    """One model at one quality index, ready to paint.

    Args:
        model: the weights; those of the network are named ``net.``.
        quality: index, 0 to MAX_QUALITY_INDEX.
        matrix: (3, 3), one row for each plane.
        device: as `nncodec.nets.device.net_on` has it.
    """

    def __init__(self, model: Model, quality: int, matrix: Floats, device: str = "cpu") -> None:
        self._net, self._matrix = model.net_on(device), matrix
        self._decoders = [model.decoder(plane) for plane in range(len(matrix))]
        self._step, self._level = np.float32(step_size(quality)), quality / MAX_QUALITY_INDEX

    def pixels(self, values: Values, width: int, height: int) -> npt.NDArray[np.uint8]:
        """Values (1 or 3, h, w, CHANNELS) in 1/16 symbol to pixels (height, width) or (height, width, 3)."""
        shape = (height, width) if len(values) == 1 else (height, width, 3)
        out = np.empty(shape, np.uint8)

        def finish(region: Region) -> None:
            planes = self._polished(values, region)
            rows, columns = (slice(0, side.stop - side.start) for side in region)
            out[region] = from_planes([plane[rows, columns] for plane in planes], self._matrix)

        tile_by_tile(shape, *equal_tiles(shape, _AREA, self._net.halo), finish)
        return out

    def _polished(self, values: Values, region: Region) -> list[Floats]:
        """Planes of a region, made up to whole positions."""
        planes = self._painted(values, region)
        turn = OPPONENT @ self._matrix.T
        seen = np.zeros((*planes.shape[1:], 3), np.float32)
        seen[..., : len(planes)] = np.moveaxis(planes, 0, -1)
        if len(planes) == 3:
            seen = seen @ turn.T
        added = self._net.correction(seen, 0, self._level) * (self._step / np.float32(UNIT))
        if len(planes) == 3:
            added = added @ np.linalg.inv(turn).T.astype(np.float32)
        halo = slice(self._net.halo, -self._net.halo)
        return [plane[halo, halo] + added[..., number] for number, plane in enumerate(planes)]

    def _painted(self, values: Values, region: Region) -> Floats:
        """Planes (P, rows + 2 halo, columns + 2 halo) in levels; beyond the picture its border is repeated."""
        needed, painted = zip(*map(self._four_neighbours, region, values.shape[1:3]), strict=True)
        planes = [
            bordered(paint(plane, decoder, 1 / MEAN_ONE, painted), needed)
            for plane, decoder in zip(values, self._decoders, strict=False)
        ]
        return np.stack(planes) * self._step

    def _four_neighbours(self, side: slice, size: int) -> Region:
        """For samples ``side`` of ``STRIDE * size``: what the network needs, and positions to paint for it.

        What it needs is made up to whole positions, counted from the first sample that is painted, and may lie beyond.
        """
        halo = self._net.halo
        start, stop = side.start - halo, -(-side.stop // STRIDE) * STRIDE + halo
        painted = slice(max(start, 0) // STRIDE, min(-(-stop // STRIDE), size))
        first = STRIDE * painted.start
        return slice(start - first, stop - first), painted
