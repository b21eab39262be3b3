"""A larger network that computes what a smaller one does, to go on training from."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from nncodec.errors import EncodeError
from nncodec.nets.resnet import Shape
from nncodec.nets.resnet_torch import ArtifactNet


def grown(
    values: Mapping[str, npt.NDArray[Any]], families: Sequence[int], width: int, blocks: int, noise: int = 0
) -> ArtifactNet:
    """Make a network of more channels and blocks, and with noise, that computes the same at first.

    After Chen et al. 2016, "Net2Net". New channels begin at random; nothing that was there reads them yet.

    Args:
        values: parameters of the smaller network.
        families: for each family of the new network the one of the smaller network that it begins as.
        width: channels, no fewer than there are.
        blocks: residual blocks, no fewer than there are.
        noise: planes of noise, no fewer than there are.

    Raises EncodeError if one of them is fewer.
    """
    shape = Shape.of(values)
    if shape.width > width or shape.blocks > blocks or shape.noise > noise:
        given = f"{shape.width} channels, {shape.blocks} blocks, {shape.noise} planes of noise"
        raise EncodeError(f"the given network, of {given}, is larger than the new one", "--width and --blocks set it")
    net = ArtifactNet(len(families), shape.stride, width, blocks, shape.out, noise)
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            old = torch.from_numpy(np.asarray(values[name])) if name in values else None
            _start(name, parameter, old, shape.width, list(families))
    return net


def _start(name: str, parameter: Tensor, old: Tensor | None, width: int, families: list[int]) -> None:
    """Set a parameter of the new network from the old one, (W, ...) or (families, ANCHORS, W)."""
    if name.endswith(".values"):
        if old is not None:
            parameter[:, :, : old.shape[2]] = old[families]
    elif old is None:  # a new block: its last layer adds nothing to the old channels
        if ".outer." in name:
            parameter[:width] = 0
    elif parameter.ndim == 4:
        if name != "enter.weight" or parameter.shape[1] > old.shape[1]:
            parameter[: len(old)] = 0  # old channels do not read new ones, nor noise
        parameter[: len(old), : old.shape[1]] = old
    else:
        parameter[: len(old)] = old
