"""The restorer `luma`: one network shared by all pictures; the file names codec, level of damage and strengths."""

from functools import lru_cache

import numpy as np

from nncodec.errors import CorruptFile
from nncodec.image import Pixels
from nncodec.nets import weights
from nncodec.nets.device import Net, net_on
from nncodec.nets.tiles import Region, equal_tiles, tile_by_tile
from nncodec.nets.ycbcr import FULL
from nncodec.restorers import Task
from nncodec.restorers.luma.bitstream import pack, unpack
from nncodec.restorers.luma.correction import corrections
from nncodec.restorers.luma.encoder import best_condition
from nncodec.threads import products_alone

_NAME = "luma"
_AREA = 3 << 16
"""Most pixels of a tile; it bounds the memory of a thread."""


class Luma:
    """Correction of luma and chroma of 8-bit pictures."""

    id = 2
    name = _NAME

    def fit(self, task: Task) -> bytes | None:
        """The parameters that serve a sample of the picture best; None if the weights do not know its codec."""
        if task.seen.dtype != np.uint8:
            return None
        model = weights.selected(_NAME)
        families = np.flatnonzero(weights.arrays_of(model, _NAME)["codecs"] == task.codec).tolist()
        if not families:
            return None
        with products_alone():
            return pack(model, best_condition(_network("cpu", model), task, families))

    def apply(self, seen: Pixels, parameters: bytes, device: str) -> Pixels:
        """Add the correction to (H, W) or (H, W, 3) uint8 pixels.

        Raises CorruptFile for impossible parameters or uint16 pixels, UnsupportedFile if weights or device are missing.
        """
        model, condition = unpack(parameters)
        if seen.dtype != np.uint8:
            raise CorruptFile(f"restorer {_NAME} for samples of more than 8 bits")
        net = _network(device, model)
        if condition.family >= net.families or (seen.ndim == 2 and condition.chroma):
            strengths = f"{condition.luma} and {condition.chroma}"
            raise CorruptFile(f"restorer {_NAME}: condition of family {condition.family}, strengths {strengths}")
        out = np.empty_like(seen)

        def restore(region: Region) -> None:
            luma, chroma = corrections(net, seen, region, condition)
            added = luma * np.float32(condition.luma / FULL)
            if seen.ndim == 3:
                added = added[:, :, None] + chroma * np.float32(condition.chroma / FULL)
            out[region] = np.clip(np.rint(seen[region] + added), 0, 255)

        tile_by_tile(seen.shape, *equal_tiles(seen.shape, _AREA, net.halo), restore)
        return out


@lru_cache(weights.KEPT)
def _network(device: str, model: weights.Model) -> Net:
    return net_on(device, weights.arrays_of(model, _NAME))


RESTORER = Luma()
