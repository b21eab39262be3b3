"""The discriminator that generators are trained against: it judges patches, and sees the small picture beside them.

After Isola et al. 2017 (patches), Mirza and Osindero 2014 (the condition as an input), Miyato et al. 2018 (spectral
normalisation), Lim and Ye 2017 (hinge loss).
"""

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

_WIDTHS = (48, 96, 192)
"""Channels of the layers that halve the sides."""
_SLOPE = 0.2
_ITERATIONS = 1
"""Power iterations for a spectral norm, in each step."""


class Discriminator(nn.Module):
    """Convolutions from a picture and its condition to a score for each patch of 54 x 54 pixels."""

    def __init__(self, inputs: int = 6) -> None:
        super().__init__()
        widths = (inputs, *_WIDTHS)
        self.down = nn.ModuleList(
            nn.Conv2d(before, after, 4, stride=2, padding=1) for before, after in zip(widths, widths[1:], strict=False)
        )
        self.judge = nn.Conv2d(_WIDTHS[-1], _WIDTHS[-1], 3, padding=1)
        self.score = nn.Conv2d(_WIDTHS[-1], 1, 3, padding=1)
        self._directions: dict[str, Tensor] = {}

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W), sides multiples of 8, to scores (B, 1, H / 8, W / 8), high for what looks real."""
        for number, layer in enumerate(self.down):
            assert isinstance(layer, nn.Conv2d)
            x = F.leaky_relu(F.conv2d(x, self._normal(f"down.{number}", layer), layer.bias, 2, 1), _SLOPE)
        x = F.leaky_relu(F.conv2d(x, self._normal("judge", self.judge), self.judge.bias, 1, 1), _SLOPE)
        y: Tensor = F.conv2d(x, self._normal("score", self.score), self.score.bias, 1, 1)
        return y

    def _normal(self, name: str, layer: nn.Conv2d) -> Tensor:
        """The kernel divided by its largest singular value, which power iteration follows from step to step."""
        matrix = layer.weight.flatten(1)
        with torch.no_grad():
            right = self._directions.get(name, torch.ones(matrix.shape[1]))
            for _ in range(_ITERATIONS):
                left = F.normalize(matrix @ right, dim=0)
                right = F.normalize(left @ matrix, dim=0)
            self._directions[name] = right
        return layer.weight / torch.dot(left, matrix @ right)


def frozen_scores(discriminator: Discriminator, x: Tensor) -> Tensor:
    """Scores whose gradient reaches ``x`` alone, and no parameter of the discriminator."""
    frozen = {name: value.detach() for name, value in discriminator.named_parameters()}
    scores: Tensor = functional_call(discriminator, frozen, (x,))
    return scores


def hinge(real: Tensor, made: Tensor) -> Tensor:
    """The loss of the discriminator for its scores of real pictures and of those that were made."""
    return F.relu(1 - real).mean() + F.relu(1 + made).mean()
