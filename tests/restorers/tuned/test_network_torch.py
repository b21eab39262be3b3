"""The 378-parameter network in NumPy against the same network written with torch."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch, an extra of the package, is not installed")

from torch.nn import functional as F

from nncodec.restorers.tuned.derivatives import Derivatives
from nncodec.restorers.tuned.network import correction
from tests.restorers.tuned.test_network import parameters, plane


def reference(weights: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """(n, h, w) luma to its correction, layer by layer as the paper draws it, in float64."""
    y = F.relu(F.conv2d((x[:, None] - 128) / 64, weights[:54].view(6, 1, 3, 3)))
    for i in range(3):
        depthwise, pointwise = weights[54 + 90 * i : 144 + 90 * i].split([54, 36])
        y = F.conv2d(y, depthwise.view(6, 1, 3, 3), groups=6)
        y = F.relu(F.conv2d(y, pointwise.view(6, 6, 1, 1)))
    return 8 * F.conv2d(y, weights[324:].view(1, 6, 3, 3))[:, 0]


def test_correction_is_that_of_the_reference() -> None:
    weights, x = parameters(), plane(23, 31)
    expected = reference(torch.from_numpy(weights).double(), torch.from_numpy(x).double()[None])[0].numpy()
    assert correction(weights, x) == pytest.approx(expected, rel=1e-4, abs=1e-3)


def test_gradient_is_that_of_the_reference() -> None:
    weights, x, target = parameters(1), plane(3, 20, 26), plane(3, 10, 16)
    factor = np.array([0.5, 1.0, 2.0], np.float32).reshape(3, 1, 1)
    leaf = torch.from_numpy(weights).double().requires_grad_()
    inputs = torch.from_numpy(x).double()
    error = inputs[:, 5:-5, 5:-5] + reference(leaf, inputs) - torch.from_numpy(target).double()
    expected = (torch.from_numpy(factor) * error**2).sum()
    expected.backward()  # type: ignore[no-untyped-call]
    assert leaf.grad is not None
    derivatives = Derivatives(3, 20, 26)
    for _ in range(2):  # the buffers are used again
        loss, grad = derivatives.gradient(weights, x, target, factor)
        assert loss == pytest.approx(expected.item(), rel=1e-5)
        assert grad == pytest.approx(leaf.grad.numpy(), rel=1e-3, abs=1e-4 * float(leaf.grad.abs().max()))


def test_jacobian_is_that_of_the_reference() -> None:
    weights, x = parameters(4), plane(2, 14, 17)
    inputs = torch.from_numpy(x).double()
    expected = torch.autograd.functional.jacobian(
        lambda leaf: reference(leaf, inputs),
        torch.from_numpy(weights).double(),  # type: ignore[no-untyped-call]
    )
    jacobian = Derivatives(2, 14, 17).jacobian(weights, x)
    assert jacobian.transpose(1, 2, 3, 0) == pytest.approx(
        expected.numpy(), rel=1e-3, abs=1e-4 * float(expected.abs().max())
    )
