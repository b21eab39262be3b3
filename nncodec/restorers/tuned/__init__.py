"""The restorer `tuned`: a network of 378 weights that is trained on the one picture and travels in its file.

Training begins at weights shared by all pictures of a codec, and the file holds the quantised difference to them.
"""

import numpy as np

from nncodec.errors import CorruptFile
from nncodec.image import Pixels
from nncodec.nets import weights
from nncodec.nets.tiles import Region, tile_by_tile
from nncodec.restorers import Task
from nncodec.restorers.tuned.bitstream import NAME, coded_fits, coded_start, decoded, start_weights, starts_for
from nncodec.restorers.tuned.fit import Fitter, LumaRegions
from nncodec.restorers.tuned.network import correction, luma_with_halo
from nncodec.threads import products_alone

_STAGES = (100, 300, 300, 600, 1200, 2400)
"""Optimiser steps of the stages; effort 4 runs the first, 5 the first two, 9 all. Efforts below 4 choose a start."""
_FIRST_FITTING_EFFORT = 4
_SMALLEST_FIT, _MAX_PRICE = 50, 0.05
"""Bytes of a small fit, and the share of the squared error they may have to save: no fit for smaller files."""
_TILE_ROWS, _TILE_COLUMNS = 64, 384
"""Tiles keep the network's planes in a core's cache, and even a small picture has one for every core."""


class Tuned:
    """Correction of the luma of 8-bit pictures; the same number is added to R, G and B."""

    id = 1
    name = NAME

    def fit(self, task: Task) -> bytes | None:
        """Parameters for one picture; None if its codec has no start, or its luma on a sample has no error."""
        if task.seen.dtype != np.uint8:
            return None
        with products_alone():  # the matrices are small, and threads would wait for each other
            return self._fit(task)

    def _fit(self, task: Task) -> bytes | None:
        model = weights.selected(NAME)
        starts = starts_for(model, task.codec)
        fitter = Fitter(task.seen, task.original)
        sample = fitter.sample()
        if not starts or sample.error_before() == 0:
            return None
        start = min(starts, key=lambda index: sample.error_after(start_weights(model, index)))
        candidates = [coded_start(model, start)]
        stages = _STAGES[: max(0, task.effort - _FIRST_FITTING_EFFORT + 1)]
        if stages and task.price(_SMALLEST_FIT) < _MAX_PRICE:
            bit_price = (task.price(1) - task.price(0)) / 8
            for fit in fitter.fits(start_weights(model, start), stages):
                candidates += coded_fits(model, start, fit, bit_price)
        return min(candidates, key=lambda parameters: _cost(parameters, sample, task))

    def apply(self, seen: Pixels, parameters: bytes, device: str) -> Pixels:
        """Add the correction to (H, W) or (H, W, 3) uint8 pixels, by NumPy whatever the device.

        Raises CorruptFile for impossible parameters or uint16 pixels, UnsupportedFile if the model is missing.
        """
        network = decoded(parameters)
        if seen.dtype != np.uint8:
            raise CorruptFile("a tuned restorer for samples of more than 8 bits")
        out = np.empty_like(seen)

        def restore(region: Region) -> None:
            added = np.rint(correction(network, luma_with_halo(seen, *region)))
            levels = np.clip(added, -255, 255, out=added).astype(np.int16)  # (h, w)
            better = seen[region].astype(np.int16)  # (h, w) or (h, w, 3)
            for plane in [better] if better.ndim == 2 else np.moveaxis(better, 2, 0):
                plane += levels  # a plane at a time: far faster than broadcasting over the last axis
            out[region] = np.clip(better, 0, 255, out=better)

        tile_by_tile(seen.shape, _TILE_ROWS, _TILE_COLUMNS, restore)
        return out


def _cost(parameters: bytes, sample: LumaRegions, task: Task) -> float:
    """Relative squared error of the luma of a sample, plus the price of the bytes."""
    return sample.error_after(decoded(parameters)) / sample.error_before() + task.price(len(parameters))


RESTORER = Tuned()
