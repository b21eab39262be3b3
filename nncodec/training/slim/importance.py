"""What of a residual network matters to its loss, measured on batches."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from nncodec.nets.resnet_torch import ArtifactNet, ResidualBlock

Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Importance:
    """Sums over batches, for a network of width W; their scale has no meaning."""

    trunk: Doubles
    """(W, W) second moments of what blocks and last layer are given."""
    slope: Doubles
    """(W, W) second moments of the loss's derivatives by it."""
    hidden: list[Doubles]
    """(W, W) for each block: second moments of what its second convolution is given."""
    effect: list[Doubles]
    """(W,) for each block: squares of what the loss would lose, to first order, without a channel in a crop.

    After Molchanov et al., "Importance Estimation for Neural Network Pruning" (2019).
    """


def measured(nets: Sequence[ArtifactNet], loss: Callable[[int], Tensor], batches: int) -> list[Importance]:
    """Measure the importance for each of some networks on batches 0 to ``batches`` - 1.

    Args:
        nets: all run in every batch.
        loss: the loss of a batch, given its number: the sum of what each network has for its own.
        batches: how many.
    """
    sums = [_Sums(net) for net in nets]
    with inputs_seen([layer for each in sums for layer in each.layers()]):
        for number in range(batches):
            loss(number).backward()  # type: ignore[no-untyped-call]
            for net in nets:
                net.zero_grad(set_to_none=True)
    return [each.importance() for each in sums]


class _Sums:
    """What is summed up over batches for one network."""

    def __init__(self, net: ArtifactNet) -> None:
        width, blocks = net.enter.out_channels, len(net.blocks)
        square = (width, width)
        self._net = net
        self._trunk, self._slope = torch.zeros(square), torch.zeros(square)
        self._hidden, self._effect = torch.zeros(blocks, *square), torch.zeros(blocks, width)

    def layers(self) -> Iterator[tuple[nn.Module, Callable[[Tensor], object]]]:
        """The layers to look at, and what is done with their inputs."""
        yield self._net.leave, self._in_trunk
        for at, block in enumerate(self._net.blocks):
            assert isinstance(block, ResidualBlock)
            yield block, self._in_trunk
            yield block.outer, partial(self._in_block, at)

    def _in_trunk(self, x: Tensor) -> None:
        self._trunk.add_(_moments(x))
        with_gradient(x, lambda gradient: self._slope.add_(_moments(gradient)))

    def _in_block(self, at: int, x: Tensor) -> None:
        self._hidden[at] += _moments(x)
        kept = x.detach()
        with_gradient(x, lambda gradient: self._effect[at].add_(_effect(kept, gradient)))

    def importance(self) -> Importance:
        """The sums as they are."""
        trunk, slope, hidden, effect = (
            each.double().numpy() for each in (self._trunk, self._slope, self._hidden, self._effect)
        )
        return Importance(trunk, slope, list(hidden), list(effect))


def joint(each: Sequence[Importance]) -> Importance:
    """The importance for networks of one shape that must stay alike, each of the same weight."""
    return Importance(
        _mean([one.trunk / np.trace(one.trunk) for one in each]),
        _mean([one.slope / np.trace(one.slope) for one in each]),
        [_mean([of / np.trace(of) for of in block]) for block in zip(*(one.hidden for one in each), strict=True)],
        [
            _mean([of / np.sum(one.effect) for of, one in zip(block, each, strict=True)])
            for block in zip(*(one.effect for one in each), strict=True)
        ],
    )


def _mean(values: Sequence[Doubles]) -> Doubles:
    mean: Doubles = np.mean(values, 0)
    return mean


def with_gradient(x: Tensor, see: Callable[[Tensor], object]) -> None:
    """Call a function with the loss's derivatives by a value, when they are known."""

    def hook(gradient: Tensor) -> None:
        see(gradient)

    x.register_hook(hook)  # type: ignore[no-untyped-call]


@contextmanager
def inputs_seen(layers: Sequence[tuple[nn.Module, Callable[[Tensor], object]]]) -> Iterator[None]:
    """Call a function with the input of its layer, each time that a layer runs within the block."""

    def seen(see: Callable[[Tensor], object]) -> Callable[[nn.Module, tuple[Any, ...]], None]:
        def hook(_: nn.Module, given: tuple[Any, ...]) -> None:
            with torch.autocast("cpu", enabled=False):  # what is measured keeps all digits
                see(given[0])

        return hook

    handles = [layer.register_forward_pre_hook(seen(see)) for layer, see in layers]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


@torch.no_grad()
def _moments(x: Tensor) -> Tensor:
    """Second moments (W, W) of the channels of (B, W, h, w)."""
    rows = x.detach().float().movedim(1, 0).flatten(1)
    return rows @ rows.t() / rows.shape[1]


@torch.no_grad()
def _effect(x: Tensor, gradient: Tensor) -> Tensor:
    """(W,): squares of the sums over a crop of value and derivative, summed over the crops of (B, W, h, w)."""
    return (x.float() * gradient.float()).sum((2, 3)).square().sum(0)
