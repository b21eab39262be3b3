"""Kernels in whole numbers of few bits, with a step for each output channel."""

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nncodec.nets.gptq import Doubles, compensated
from nncodec.nets.quantised import STEP
from nncodec.nets.resnet_torch import ArtifactNet
from nncodec.nets.weights import Arrays
from nncodec.training.slim.importance import inputs_seen

_SPREAD = 3
"""Of the places of a layer one in so many is looked at."""
_DAMPING = 1e-2
"""Share of the mean of the diagonal of the moments that is added to it: few patches leave directions unseen."""
_SHARES = np.arange(1.0, 0.4, -0.05)
"""Steps that are tried, as shares of the one by which the largest weight is the largest number."""


def rounded(nets: Mapping[str, ArtifactNet], loss: Callable[[int], Tensor], batches: int, bits: int) -> Arrays:
    """The kernels of networks as int8 with steps, by the names that ship.

    Args:
        nets: the networks, by the start of the names of their arrays.
        loss: runs all of them on a batch, given its number.
        batches: that are run to see what each layer is given.
        bits: of a number, 2 to 8.
    """
    layers = {
        f"{part}.{name}": layer
        for part, net in nets.items()
        for name, layer in net.named_modules()
        if isinstance(layer, nn.Conv2d)
    }
    moments = {name: torch.zeros(2 * (layer.weight[0].numel(),)) for name, layer in layers.items()}

    def see(name: str) -> Callable[[Tensor], object]:
        side = layers[name].kernel_size[0]
        return lambda x: moments[name].add_(_patches(x, side))

    with torch.no_grad(), inputs_seen([(layer, see(name)) for name, layer in layers.items()]):
        for number in range(batches):
            loss(number)
    arrays: Arrays = {}
    for name, layer in layers.items():
        numbers, step = in_bits(layer.weight.detach().numpy(), moments[name].double().numpy(), bits)
        arrays |= {f"{name}.weight": numbers, f"{name}.weight{STEP}": step}
    return arrays


def in_bits(
    kernel: npt.NDArray[np.float32], moments: Doubles, bits: int
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """A kernel as numbers of ``bits`` bits, in its shape, and a step for each of its first axis.

    Args:
        kernel: (O, ...)
        moments: (n, n), second moments of what the n numbers of an output are multiplied with.
        bits: 2 to 8; one number less than they have is used, as many below zero as above.
    """
    rows, most = kernel.reshape(len(kernel), -1), 2 ** (bits - 1) - 1
    step = _steps(rows, np.diag(moments), most)

    def nearest(values: Doubles, _: float) -> Doubles:
        found: Doubles = np.clip(np.rint(values / step), -most, most) * step
        return found

    damped = moments + _DAMPING * np.trace(moments) / len(moments) * np.eye(len(moments))
    numbers = np.rint(compensated(rows, damped, nearest) / step[:, None])
    return numbers.astype(np.int8).reshape(kernel.shape), step


def _steps(rows: npt.NDArray[np.float32], sensitivity: Doubles, most: int) -> npt.NDArray[np.float32]:
    """The steps (k,) for rows (k, n) of which simple rounding, limited to ``most``, loses least."""
    whole = np.maximum(np.abs(rows).max(1), 1e-12) / most
    steps = (_SHARES[:, None] * whole).astype(np.float32)  # (tries, k)
    wide = steps[:, :, None]
    errors = np.square(np.clip(np.rint(rows / wide), -most, most) * wide - rows) @ sensitivity
    best: npt.NDArray[np.float32] = steps[errors.argmin(0), np.arange(len(rows))]
    return best


def _patches(x: Tensor, side: int) -> Tensor:
    """Second moments (C * side^2, C * side^2) of what a kernel of this side sees of (B, C, h, w)."""
    seen = F.unfold(x.detach().float(), side, padding=side // 2)[..., ::_SPREAD].movedim(1, 0).flatten(1)
    return seen @ seen.t() / seen.shape[1]
