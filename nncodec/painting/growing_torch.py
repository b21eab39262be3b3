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
    values: Mapping[str, npt.NDArray[Any]],
    families: Sequence[int],
    width: int,
    blocks: int,
    noise: int = 0,
    out: int | None = None,
) -> ArtifactNet:
    """Make a network of more channels and blocks, and with noise, that computes the same at first.

    After Chen et al. 2016, "Net2Net". New channels begin at random; nothing that was there reads them yet.

    Args:
        values: parameters of the smaller network.
        families: for each family of the new network the one of the smaller network that it begins as.
        width: channels, no fewer than there are.
        blocks: residual blocks, no fewer than there are.
        noise: planes of noise, no fewer than there are.
        out: side of the square of samples that a position makes, a multiple of what it was: one sample becomes a square
            of equal ones; as it was if None.

    Raises EncodeError if one of them is fewer.
    """
    shape = Shape.of(values)
    if shape.width > width or shape.blocks > blocks or shape.noise > noise:
        given = f"{shape.width} channels, {shape.blocks} blocks, {shape.noise} planes of noise"
        raise EncodeError(f"the given network, of {given}, is larger than the new one", "--width and --blocks set it")
    net = ArtifactNet(len(families), shape.stride, width, blocks, out or shape.out, noise)
    values = _finer(values, shape.out, net.out // shape.out)
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            old = torch.from_numpy(np.asarray(values[name])) if name in values else None
            _start(name, parameter, old, shape.width, list(families))
    return net


def _finer(values: Mapping[str, npt.NDArray[Any]], out: int, times: int) -> dict[str, npt.NDArray[Any]]:
    """The parameters with each of the ``out`` x ``out`` samples that a position makes as ``times`` x ``times``."""
    samples = np.arange(3 * out**2).reshape(3, out, out).repeat(times, 1).repeat(times, 2).ravel()
    finer = {name: values[name][samples] for name in ("leave.weight", "leave.bias")}
    return {**values, **finer, "gain.values": values["gain.values"][:, :, samples]}


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
