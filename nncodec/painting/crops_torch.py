"""What the losses of the painting recipe compare: crops as the networks are given them and as they are judged."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from nncodec.image.scaling import upscale
from nncodec.nets.resnet import UNIT
from nncodec.training.batches import Batch, to_rgb, to_ycc, without_colour

_PART = 72
"""Side of the parts of crops whose features are compared."""


def noise_planes(*shape: int) -> Tensor:
    """Noise of the distribution that decoders make: uniform, of mean 0 and variance 1."""
    return (torch.rand(*shape) - 0.5) * 12**0.5


def crops_of(batch: Batch, gray: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Y, Cb and Cr of the small pictures, of the same up-scaled, and of the originals; some without colour."""
    height, width = batch.original.shape[1:3]
    halvings = (height // batch.seen.shape[1]).bit_length() - 1
    large = np.stack([upscale(each, height, width, halvings) for each in batch.seen])
    small, plain, original = (without_colour(to_ycc(pixels), gray) for pixels in (batch.seen, large, batch.original))
    return small, plain, original


def rgb_of(ycc: Tensor) -> Tensor:
    """Y less 128, Cb and Cr, (B, 3, H, W), to R, G and B in levels."""
    return to_rgb(ycc) + 128


def parts_of(*pictures: Tensor) -> Iterator[Tensor]:
    """The same square part of several batches (B, 3, H, W), anywhere: AlexNet takes most of a step's time."""
    height, width = pictures[0].shape[2:]
    side = min(_PART, height, width)
    top, left = (int(torch.randint(size - side + 1, ())) for size in (height, width))
    return (each[..., top : top + side, left : left + side] for each in pictures)


def beside(rgb: Tensor, condition: Tensor) -> Tensor:
    """What the discriminator is given, (B, 6, H, W) in units of 64 levels."""
    return torch.cat([rgb - 128, condition - 128], 1) / UNIT
