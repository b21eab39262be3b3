"""The encoder of the ccnn codec: a network begun, trained on the picture, and put into the file."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nncodec import progress
from nncodec.codecs.ccnn.autoencoder import Blocks, Floats, chance, start
from nncodec.codecs.ccnn.bitstream import write
from nncodec.codecs.ccnn.layout import LEAK_ONE, MAX_TAPS, STEP_BITS, Shape
from nncodec.codecs.ccnn.quantising import quantise
from nncodec.codecs.ccnn.training import PRICE, Network, train

STEPS = (0, 60, 150, 300, 600, 1200, 2500, 6000, 16000)
"""Steps of training for efforts 1 to 9; no more than there are blocks."""
ROUNDS = (1, 1, 2, 2, 3, 3, 3, 4, 4)
"""Rounds of `quantise` for efforts 1 to 9."""
_COARSEST, _OCTAVES = 160.0, 7.5
_FIRST_COST, _CHANNEL_COST = 8.0, 200.0
"""Bits that a value other than zero costs, and a channel, when channels are chosen."""


@dataclass(frozen=True)
class Plan:
    """Settings of an encode. The defaults are those of the codec; others are for experiments."""

    step: float
    """Quantiser step in levels."""
    steps: int
    """Of training."""
    rounds: int
    stride: int = 8
    overlap: int = 2
    leak: int = LEAK_ONE
    channels: int | None = None
    """How many begin by chance; None begins with a lapped transform, and takes those that pay."""
    rate: float | None = None
    """Learning rate; None is less where steps are fine, as values are larger then."""

    @classmethod
    def of(cls, quality: float, effort: int) -> "Plan":
        """The plan of a quality of 0 to 100 and an effort of 1 to 9."""
        return cls(_COARSEST * 2.0 ** (-_OCTAVES * quality / 100), STEPS[effort - 1], ROUNDS[effort - 1])

    def begun(self, blocks: Blocks, planes: int) -> Network:
        """The network before training."""
        if self.channels is not None:
            shape = Shape(self.stride, self.overlap, min(self.channels, planes * self.stride**2))
            return Network.of(chance(shape, planes), self.stride, self.leak, by_chance=True)
        network = Network.of(start(Shape(self.stride, self.overlap, 0), planes), self.stride, self.leak)
        return network.keep(worthwhile(network.latent(blocks), MAX_TAPS // (self.stride * self.overlap) ** 2))


def encode(pixels: npt.NDArray[np.uint8], plan: Plan) -> bytes:
    """The payload of pixels (H, W) or (H, W, 3)."""
    planes = 1 if pixels.ndim == 2 else 3
    field = max(1, round(plan.step * (1 << STEP_BITS)))
    blocks = Blocks.of(pixels, plan.stride, plan.overlap, field / (1 << STEP_BITS))
    network = plan.begun(blocks, planes)
    steps = plan.steps if network.by_chance else min(plan.steps, blocks.inner.shape[0] * blocks.inner.shape[1])
    train(network, blocks, steps, plan.rate or 6e-4 * min(1.0, plan.step / 60) ** 0.7)
    progress.stage("quantising")
    values, weights = quantise(network, blocks, plan.rounds)
    used = values.any((1, 2))
    values, weights = values[used], weights[:, used]
    shape = Shape(plan.stride, plan.overlap, len(values))
    return write(values, weights, shape, (pixels.shape[1], pixels.shape[0]), field, plan.leak)


def worthwhile(latent: Floats, most: int) -> npt.NDArray[np.intp]:
    """The channels of a latent (h, w, channels) that save more than they cost, one to ``most``, in their order."""
    gains = np.maximum(PRICE * np.square(latent, dtype=np.float64) - _FIRST_COST, 0).sum((0, 1)) - _CHANNEL_COST
    best = np.argsort(-gains, kind="stable")[:most]
    return np.sort(best[: max(1, int((gains[best] > 0).sum()))])
