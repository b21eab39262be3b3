"""Batches of coded regions as tensors: random crops, and their colour transform."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from nncodec.nets.resnet import LEVELS
from nncodec.nets.resnet_torch import BLOCK
from nncodec.nets.ycbcr import TO_YCC
from nncodec.training.data import Bytes
from nncodec.training.regions import Regions

BORDER = 8
"""Pixels at the border of a crop that the loss leaves out: beyond it the network sees zeros, in use it sees pixels."""
FLOOR = 4.0
"""Squared error, in squared levels, that is added to a crop's own before it divides the loss."""
_TO_YCC = torch.from_numpy(TO_YCC)


@dataclass(frozen=True)
class Batch:
    """B crops, aligned with the codecs' blocks."""

    seen: Bytes
    """(B, side, side, 3) uint8, as decoded."""
    original: Bytes
    """(B, side, side, 3) uint8; larger by the factor by which the regions' originals are larger."""
    codec: Tensor
    """(B,) int64: index into the codec ranges."""
    level: Tensor
    """(B,) float32: level of damage over LEVELS, 0 to 1."""
    index: npt.NDArray[np.int64]
    """(B,): the regions that the crops were cut from."""


def random_batch(regions: Regions, batch: int, side: int, rng: np.random.Generator) -> Batch:
    """Draw ``batch`` random crops of side ``side``, in pixels of the decoded regions, flipped at random."""
    chosen = rng.integers(len(regions.codec), size=batch)
    places = (regions.seen.shape[1] - side) // BLOCK + 1
    scale = regions.original.shape[1] // regions.seen.shape[1]
    # Two arrays (B, side, side, 3) and (B, scale * side, scale * side, 3), filled crop by crop.
    pair = [np.empty((batch, side * times, side * times, 3), np.uint8) for times in (1, scale)]
    for row, index in enumerate(chosen):
        top, left = rng.integers(0, places, 2) * BLOCK
        flipped = tuple(axis for axis in (0, 1) if rng.random() < 0.5)
        for crop, whole, times in zip(pair, (regions.seen, regions.original), (1, scale), strict=True):
            rows, columns = (slice(start * times, (start + side) * times) for start in (top, left))
            crop[row] = np.flip(whole[index, rows, columns], flipped)
    level = torch.from_numpy(regions.level[chosen] / np.float32(LEVELS))
    return Batch(pair[0], pair[1], torch.from_numpy(regions.codec[chosen]), level, chosen)


def to_ycc(pixels: Bytes) -> Tensor:
    """(B, H, W, 3) uint8 RGB to Y, Cb, Cr (B, 3, H, W), float32: Y in levels less 128, Cb and Cr about 0."""
    planes = torch.from_numpy(pixels).float() @ _TO_YCC.t()
    planes[..., 0] -= 128
    return planes.movedim(-1, 1)


def without_colour(ycc: Tensor, gray: Tensor) -> Tensor:
    """Y, Cb and Cr, (B, 3, H, W), with Cb and Cr of the pictures in ``gray``, (B,) bool, set to 0."""
    return torch.cat([ycc[:, :1], ycc[:, 1:] * ~gray[:, None, None, None]], 1)


def inner(crops: Tensor) -> Tensor:
    """Crops (B, C, H, W) without their border."""
    return crops[..., BORDER:-BORDER, BORDER:-BORDER]


def error(difference: Tensor) -> Tensor:
    """(B,): mean squared error in RGB of a difference of Y, Cb and Cr, (B, 3, H, W), without the border."""
    return to_rgb(inner(difference)).square().mean((1, 2, 3))


def to_rgb(difference: Tensor) -> Tensor:
    """A difference of Y, Cb and Cr, (B, 3, H, W), as one of R, G and B."""
    return torch.einsum("rc,bchw->brhw", torch.linalg.inv(_TO_YCC), difference)
