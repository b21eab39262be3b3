"""Colour conversion for the residual networks: RGB regions to Y, Cb and Cr, and corrections back to RGB."""

import numpy as np
import numpy.typing as npt

from nncodec.image import Pixels
from nncodec.nets.tiles import Region, bordered

Floats = npt.NDArray[np.float32]

TO_YCC = np.array([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]], np.float32)
"""(3, 3), rows Y, Cb and Cr as JFIF has them, without offsets."""
_TO_RGB = np.linalg.inv(TO_YCC).astype(np.float32)
FULL = 8
"""The strength at which a correction is added as it is; strengths are in eighths, 0 to 15."""


def with_halo(pixels: Pixels, region: Region, halo: int, block: int) -> Floats:
    """Convert a region, extended to whole blocks and by a halo on all sides; beyond the picture its border is repeated.

    Args:
        pixels: (H, W) or (H, W, 3) uint8.
        region: rows and columns, which start where a block does.
        halo: pixels on each side.
        block: side of the blocks.

    Returns:
        (h + 2 halo, w + 2 halo, 3): Y less 128, Cb and Cr about 0, in levels; Cb and Cr of gray are 0.
    """
    rows, columns = (
        slice(side.start - halo, side.start - (side.start - side.stop) // block * block + halo) for side in region
    )
    cut = bordered(pixels, (rows, columns)).astype(np.float32)
    ycc: Floats = cut @ TO_YCC.T if cut.ndim == 3 else np.stack([cut, *[np.zeros_like(cut)] * 2], -1)
    ycc[..., 0] -= 128
    return ycc


def best_strengths(products: npt.NDArray[np.floating]) -> tuple[int, int]:
    """The strengths of the corrections of luma and chroma with the least squared error, in eighths, 0 to 15.

    ``products`` (3, 3) are the inner products of three vectors: the correction of luma at full strength, that of
    chroma, and the error of the decoded picture.
    """
    wanted = np.linalg.lstsq(products[:2, :2], products[:2, 2], rcond=1e-9)[0]
    luma, chroma = np.clip(np.rint(FULL * wanted), 0, 2 * FULL - 1).astype(int).tolist()
    return luma, chroma


def chroma_to_rgb(ycc: Floats) -> Floats:
    """Convert differences of Cb and Cr, in (H, W, 3) of Y, Cb and Cr, to differences of R, G and B, (H, W, 3)."""
    rgb: Floats = ycc[:, :, 1:] @ _TO_RGB[:, 1:].T
    return rgb
