"""The gradient of a residual network in NumPy, against automatic differentiation."""

import numpy as np
import pytest
import torch

from nncodec.nets.resnet import UNIT
from nncodec.nets.resnet_gradient import GradientNet
from nncodec.nets.resnet_torch import ArtifactNet
from nncodec.training.export import exported

LEVEL = 0.3


def networks(stride: int, out: int, seed: int) -> tuple[ArtifactNet, GradientNet]:
    """A small network with random parameters, in torch and in NumPy."""
    torch.manual_seed(seed)
    net = ArtifactNet(2, stride, 6, 2, out)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    arrays = exported(dict(net.named_parameters()), "net.")
    shipped = GradientNet(arrays, 1, LEVEL)
    return ArtifactNet.of(shipped._values), shipped


def by_autograd(net: ArtifactNet, ycc: np.ndarray, error: np.ndarray, halo: int) -> np.ndarray:
    """The gradient by ``ycc``, around which zeros are added: whole blocks of them, so that padding reaches nothing."""
    before = 16 - halo % 8
    after = [before + -(before * 2 + side) % 8 for side in ycc.shape[:2]]
    x = torch.from_numpy(np.moveaxis(ycc, -1, 0)[None] / np.float32(UNIT))
    x = torch.nn.functional.pad(x, [before, after[1], before, after[0]]).requires_grad_(True)
    y = net(x, torch.tensor([1]), torch.tensor([LEVEL])) * UNIT
    start = before + halo
    inner = y[0, :, start : start + error.shape[0], start : start + error.shape[1]]
    (gradient,) = torch.autograd.grad((inner * torch.from_numpy(np.moveaxis(error, -1, 0))).sum(), x)
    whole = np.moveaxis(gradient[0].numpy(), 0, -1) / UNIT
    return whole[before : -after[0], before : -after[1]]


@pytest.mark.parametrize("rows", [(True, True), (True, False), (False, False)])
@pytest.mark.parametrize("columns", [(True, True), (False, True)])
@pytest.mark.parametrize("stride", [1, 2])
def test_the_gradient_is_that_of_automatic_differentiation(rows, columns, stride):
    torch_net, net = networks(stride, stride, seed=3)
    halo, rng = net.halo, np.random.default_rng(5)
    shape = 2 * halo + 16, 2 * halo + 24
    ycc = rng.normal(0, 40, (shape[0] + 2 * halo, shape[1] + 2 * halo, 3)).astype(np.float32)
    error = rng.normal(0, 1, (*shape, 3)).astype(np.float32)
    found = net.gradient(net.trace(ycc, (halo, halo)), error, rows, columns)
    expected = by_autograd(torch_net, ycc, error, halo)
    parts = []
    for flags, size in zip((rows, columns), expected.shape, strict=False):
        first, last = (0 if flag else 2 * halo for flag in flags)
        parts.append(slice(first, size - last))
    assert found.shape == expected[parts[0], parts[1]].shape
    assert np.allclose(found, expected[parts[0], parts[1]], atol=2e-4 * np.abs(expected).max())


def test_the_trace_holds_the_correction_itself():
    _, net = networks(2, 2, seed=4)
    ycc = np.random.default_rng(1).normal(0, 40, (32 + 2 * net.halo, 48 + 2 * net.halo, 3)).astype(np.float32)
    assert np.array_equal(net.trace(ycc, (net.halo, net.halo)).correction, net.correction(ycc, 1, LEVEL))
