"""The correction of a region of a picture by the network of `luma`, at full strength."""

import numpy as np
import numpy.typing as npt

from nncodec.image import Pixels
from nncodec.nets.device import Net
from nncodec.nets.tiles import Region
from nncodec.nets.ycbcr import chroma_to_rgb, with_halo
from nncodec.restorers.luma.bitstream import RestorerCondition

Floats = npt.NDArray[np.float32]

BLOCK = 8
"""Regions start at multiples of this: the network knows where in a block of 8 x 8 samples it is."""


def corrections(net: Net, seen: Pixels, region: Region, condition: RestorerCondition) -> tuple[Floats, Floats]:
    """The corrections of luma and of chroma for a region of h x w pixels, in levels of 0..255.

    Returns:
        Luma (h, w), the same for R, G and B; chroma (h, w, 3), of R, G and B, or (h, w, 0) for gray.
    """
    rows, columns = region
    height, width = rows.stop - rows.start, columns.stop - columns.start
    ycc = with_halo(seen, region, net.halo, BLOCK)
    added = net.correction(ycc, condition.family, condition.relative_level)[:height, :width]
    return added[:, :, 0], chroma_to_rgb(added) if seen.ndim == 3 else added[:, :, :0]
