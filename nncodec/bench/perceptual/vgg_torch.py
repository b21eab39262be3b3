"""The VGG16 network of shift-tolerant LPIPS: its features; its weights are those of `nncodec.nets.stlpips_torch`."""

from collections.abc import Iterator

import numpy as np
import torch
import torch.nn.functional as F

from nncodec.bench.perceptual import MeasureError
from nncodec.bench.perceptual.samples import Array
from nncodec.errors import UnsupportedFile
from nncodec.nets import stlpips_torch

_CONVOLUTIONS = ((0, 2), (6, 8), (12, 14, 16), (20, 22, 24), (28, 30, 32))
"""Numbers of the convolutions of each slice; the outputs of the slices are relu1_2, 2_2, 3_3, 4_3 and 5_3."""
_FILTERS = (None, 5, 11, 19, 27)
"""Number of the smoothing filter at the beginning of each slice."""
_TILE = 1024
"""Longest side that is put through the network at once: the whole process then takes some 2 GiB."""


def weights() -> stlpips_torch.Weights:
    """Arrays of the network by name. Raises MeasureError if the package or its file is missing or is another."""
    try:
        return stlpips_torch.weights("vgg")
    except UnsupportedFile as error:
        raise MeasureError(str(error), error.hint) from error


def tiles(*pictures: Array) -> Iterator[tuple[Array, ...]]:
    """The same parts of pictures of one shape (H, W, 3), of like sizes that do not exceed a tile."""
    height, width = pictures[0].shape[:2]
    for rows in np.array_split(np.arange(height), -(-height // _TILE)):
        for cols in np.array_split(np.arange(width), -(-width // _TILE)):
            yield tuple(picture[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1] for picture in pictures)


def features(pixels: Array) -> list[torch.Tensor]:
    """Outputs of the five slices for a picture (H, W, 3) uint8, each (1, C, h, w) of unit length over the channels.

    Max-pooling has stride 1 and is followed by a smoothing filter of stride 2 over a border of two reflected samples
    (Ghildyal, Liu: "Shift-tolerant perceptual similarity metric", ECCV 2022, section 4): of n samples n // 2 + 1 are
    left.
    """
    found = weights()
    x = torch.from_numpy(pixels.astype(np.float32) / 127.5 - 1).permute(2, 0, 1)[None]
    x = (x - found["scaling_layer.shift"]) / found["scaling_layer.scale"]
    outputs = []
    for number, (convolutions, smoothing) in enumerate(zip(_CONVOLUTIONS, _FILTERS, strict=True), 1):
        name = f"net.slice{number}"
        if smoothing is not None:
            x = F.pad(F.max_pool2d(x, kernel_size=2, stride=1), (2, 2, 2, 2), mode="reflect")
            x = F.conv2d(x, found[f"{name}.{smoothing}.filt"], stride=2, groups=x.shape[1])
        for place in convolutions:
            x = F.relu(F.conv2d(x, found[f"{name}.{place}.weight"], found[f"{name}.{place}.bias"], padding=1))
        outputs.append(x / (x.square().sum(dim=1, keepdim=True).sqrt() + 1e-10))
    return outputs
