"""What codecs that enlarge a picture share: frames and regions of both sizes, and corrections added to samples."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from nncodec.codec import Frame
from nncodec.image.scaling import halved
from nncodec.nets.tiles import Region
from nncodec.nets.ycbcr import chroma_to_rgb

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


def oddness(frame: Frame) -> int:
    """1 for an odd width, plus 2 for an odd height: what the size of the half-size picture does not tell."""
    return frame.height % 2 << 1 | frame.width % 2


def halved_frame(frame: Frame, times: int = 1) -> Frame:
    """The frame of the picture whose sides are halved a number of times, each time rounded up."""
    return replace(frame, width=halved(frame.width, times), height=halved(frame.height, times))


def doubled(region: Region, full: Bytes, times: int = 1) -> Region:
    """The region of the full-size picture that a region of the picture halved so many times stands for."""
    rows, columns = (
        slice(side.start << times, min(side.stop << times, size))
        for side, size in zip(region, full.shape, strict=False)
    )
    return rows, columns


def luma_and_chroma(added: Floats, like: npt.NDArray[np.generic]) -> tuple[Floats, Floats]:
    """Split a correction of Y, Cb and Cr (h, w, 3) into luma and chroma, shaped for the samples ``like``."""
    cut = added[: like.shape[0], : like.shape[1]]  # without the extension to whole blocks
    luma = cut[:, :, 0]
    return (luma[:, :, None], chroma_to_rgb(cut)) if like.ndim == 3 else (luma, np.zeros_like(luma))


def corrected(pixels: Bytes, added: Floats, luma: float = 1.0, chroma: float = 1.0) -> Bytes:
    """Add a correction of Y, Cb and Cr, times its strengths, to samples, rounded and limited to 8 bits."""
    of_luma, of_chroma = luma_and_chroma(added, pixels)
    result: Bytes = np.clip(
        np.rint(pixels + of_luma * np.float32(luma) + of_chroma * np.float32(chroma)), 0, 255
    ).astype(np.uint8)
    return result
