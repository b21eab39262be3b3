"""Muon (Jordan et al. 2024): momentum whose update matrix is made orthogonal before it is applied."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

COEFFICIENTS = (
    (4.0848, -6.8946, 2.9270),
    (3.9505, -6.3029, 2.6377),
    (3.7418, -5.5913, 2.3037),
    (2.8769, -3.1427, 1.2046),
    (2.8366, -3.0525, 1.2012),
)
"""One odd quintic per iteration; together they bring singular values from 0.01..1 to about 1 (Newton-Schulz)."""


def orthogonal(matrix: Tensor) -> Tensor:
    """The nearest semi-orthogonal matrix, approximately; shape (m, n) is kept.

    The iteration runs on the smaller Gram matrix alone: all iterates are polynomials in it times the input.
    """
    flip = matrix.shape[0] > matrix.shape[1]
    wide = matrix.t() if flip else matrix
    wide = wide / (wide.norm() + 1e-12)
    gram = wide @ wide.t()
    left = torch.eye(gram.shape[0], dtype=gram.dtype, device=gram.device)
    for a, b, c in COEFFICIENTS:
        step = c * (gram @ gram) + b * gram
        step.diagonal().add_(a)
        left = step @ left
        gram = step @ gram @ step
    result: Tensor = left @ wide
    return result.t() if flip else result


class Muon(torch.optim.Optimizer):
    """Muon for convolution kernels (out, in, k, k), taken as (out, in * k * k) matrices.

    Updates are scaled to the size of Adam's, so that one learning rate serves both (Liu et al. 2025).
    """

    def __init__(self, parameters: Iterable[Tensor], lr: float, momentum: float = 0.95) -> None:
        super().__init__(parameters, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Apply one update."""
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                state = self.state[parameter]
                if not state:
                    state["momentum"] = torch.zeros_like(parameter)
                momentum = state["momentum"]
                momentum.lerp_(parameter.grad, 1 - group["momentum"])
                update = parameter.grad.lerp(momentum, group["momentum"]).flatten(1)
                size = 0.2 * max(update.shape) ** 0.5
                parameter.add_(orthogonal(update).view_as(parameter), alpha=-group["lr"] * size)


def optimisers(model: nn.Module, rate: float) -> list[torch.optim.Optimizer]:
    """Muon for the kernels of the blocks, Adam for all else."""
    inner = [p for name, p in model.named_parameters() if "blocks" in name and p.ndim == 4]
    rest = [p for name, p in model.named_parameters() if not ("blocks" in name and p.ndim == 4)]
    adam = torch.optim.Adam(rest, rate, betas=(0.9, 0.98), eps=1e-10)
    return [adam, Muon(inner, rate)] if inner else [adam]
