"""Fewer channels: what a network does not need is taken away without a trace, and least of what it needs."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch, an extra of the package, is not installed")

from nncodec.nets.resnet_torch import ArtifactNet
from nncodec.training.slim.importance import measured
from nncodec.training.slim.pruning import directions, foretold, pruned, shallower

FAMILIES, STRIDE, BLOCKS = 2, 2, 3
NEEDED, WIDTH = 6, 10


def lively(width: int, blocks: int = BLOCKS) -> ArtifactNet:
    """A network in which no parameter is zero."""
    torch.manual_seed(3)
    net = ArtifactNet(FAMILIES, STRIDE, width, blocks)
    for parameter in net.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    return net


def values_of(net: ArtifactNet) -> dict[str, np.ndarray]:  # type: ignore[type-arg]
    return {name: value.detach().numpy() for name, value in net.named_parameters()}


def batch(number: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(number)
    x = torch.randn(2, 3, 32, 32, generator=generator)
    return x, torch.tensor([0, 1]), torch.rand(2, generator=generator)


def importance_of(net: ArtifactNet):
    """Measured by a loss that wants other results than the network's."""
    return measured([net], lambda number: (net(*batch(number)) - torch.randn(2, 3, 32, 32)).square().mean(), 4)[0]


@torch.no_grad()
def difference(one: ArtifactNet, other: ArtifactNet) -> float:
    """Largest difference of results, as a share of the largest result."""
    first, second = one(*batch(99)), other(*batch(99))
    return float((first - second).abs().max() / first.abs().max())


def wider(net: ArtifactNet) -> ArtifactNet:
    """The same function by more channels: the trunk mixed at random, and channels in blocks that nothing reads."""
    mix = np.linalg.qr(np.random.default_rng(5).normal(size=(WIDTH, WIDTH)))[0][:, :NEEDED].astype(np.float32)
    found = values_of(lively(WIDTH))
    for name, value in values_of(net).items():
        last = name.rpartition("blocks.")[2].partition(".")[2] if name.startswith("blocks.") else name
        if last == "inner.weight":
            found[name][:NEEDED] = np.einsum("oirs,ji->ojrs", value, mix)
        elif last == "outer.weight":
            found[name][:, NEEDED:] = 0
            found[name][:, :NEEDED] = np.tensordot(mix, value, 1)
        elif last in ("enter.weight", "enter.bias", "outer.bias", "place"):
            found[name] = np.tensordot(mix, value, 1)
        elif name == "bias.values":
            found[name] = value @ mix.T
        elif name == "leave.weight":
            found[name] = np.einsum("oirs,ji->ojrs", value, mix)
        elif name.startswith("blocks."):
            found[name][..., :NEEDED] = value
        else:
            found[name] = value
    return ArtifactNet.of(found)


def test_channels_that_are_not_needed_go_without_a_trace() -> None:
    net = lively(NEEDED)
    wide = wider(net)
    assert difference(net, wide) < 1e-4
    thin = ArtifactNet.of(pruned(values_of(wide), importance_of(wide), NEEDED))
    assert thin.enter.out_channels == NEEDED
    assert difference(wide, thin) < 1e-3
    thinner = ArtifactNet.of(pruned(values_of(wide), importance_of(wide), NEEDED - 1))
    assert difference(wide, thinner) > 1e-2


def test_blocks_without_effect_go_first() -> None:
    net = lively(NEEDED)
    for layer in (net.blocks[1].outer.weight, net.blocks[1].outer.bias):
        layer.data.zero_()
    values, importance = shallower(values_of(net), importance_of(net), 2)
    assert len(importance.hidden) == len(importance.effect) == 2
    assert difference(net, ArtifactNet.of(values)) < 1e-6


def test_directions_lose_less_than_any_channels() -> None:
    rng = np.random.default_rng(2)
    mixed, sloped = rng.normal(size=(6, 6)), rng.normal(size=(6, 6))
    moments, slopes = mixed @ mixed.T, sloped @ sloped.T

    def loss(lost: np.ndarray) -> float:  # type: ignore[type-arg]
        return float(np.trace(slopes @ lost @ moments @ lost.T))

    seen, back = directions(moments, slopes, 3)
    assert np.allclose(seen @ back, np.eye(3), atol=1e-6)
    without = [loss(np.eye(6) - np.diag(np.isin(np.arange(6), stay))) for stay in ([0, 1, 2], [1, 3, 5], [2, 4, 5])]
    assert loss(np.eye(6) - back @ seen) < min(without)


def test_no_direction_is_much_larger_than_others() -> None:
    mixed = np.random.default_rng(6).normal(size=(8, 8)) * 10.0 ** -np.arange(8)
    seen, _ = directions(mixed @ mixed.T, np.eye(8), 5)
    sizes = np.diag(seen @ mixed @ mixed.T @ seen.T)
    assert sizes.max() <= 2.01 * sizes.mean()


def test_channels_that_stay_foretell_what_depends_on_them() -> None:
    basis = np.random.default_rng(4).normal(size=(2, 500))
    channels = np.array([[1, 0], [0, 1], [0.5, -2]]) @ basis
    found = foretold(channels @ channels.T, np.array([0, 1]))
    assert np.allclose(found, [[1, 0], [0, 1], [0.5, -2]], atol=1e-4)
