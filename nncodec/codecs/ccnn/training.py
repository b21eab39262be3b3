"""Training of the autoencoder on the one picture: both convolutions, by gradient, on random regions.

The loss is the file's: bits of the latent, bits of the weights, and the squared error at its price. The gradient passes
rounding by.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from nncodec import progress
from nncodec.codecs.ccnn.autoencoder import (
    Blocks,
    Floats,
    activated,
    adjoint,
    analyse,
    correlate,
    from_frequencies,
    surrounded,
    synthesise,
    to_frequencies,
)
from nncodec.codecs.ccnn.layout import LEAK_ONE

PRICE = 8.0
"""Bits that a squared error of one square step is worth."""
REGION = 16
"""Blocks along the side of a region."""
_MEMORY = (0.9, 0.98)
_SPREAD = 0.08
"""Added to the expected magnitude of a value, in steps."""
_LN2 = float(np.log(2))


class _Descent:
    """Adam (Kingma & Ba 2015), by default with one second moment for each channel rather than for each weight.

    Adam proper moves all weights of a filter alike, important or not, and each that moves costs bits. Filters that
    begin by chance are found sooner so.
    """

    def __init__(self, weights: Floats, axis: int, proper: bool) -> None:
        self._axes = () if proper else tuple(other for other in range(4) if other != axis)
        self._mean, self._square, self._steps = np.zeros_like(weights), np.zeros(()), 0

    def step(self, weights: Floats, gradient: Floats, rate: float) -> Floats:
        """Move the weights along the gradient; return what a gradient of one moves them by, to be broadcast."""
        self._steps += 1
        self._mean += np.float32(1 - _MEMORY[0]) * (gradient - self._mean)
        square = np.square(gradient).mean(self._axes, keepdims=True)
        self._square = self._square + (1 - _MEMORY[1]) * (square - self._square)
        bias = [1 - memory**self._steps for memory in _MEMORY]
        pace = (rate / (np.sqrt(self._square / bias[1]) + 1e-9)).astype(np.float32)
        weights -= pace * self._mean / np.float32(bias[0])
        return np.asarray(pace)


@dataclass
class Network:
    """The weights under training, in quantiser steps."""

    analysis: Floats
    """Pieces (m, m, n, channels)."""
    weights: Floats
    """Of the synthesis by frequency, (planes, channels, taps, taps)."""
    stride: int
    leak: int
    by_chance: bool = False
    """Whether the weights began by chance."""

    @classmethod
    def of(cls, weights: Floats, stride: int, leak: int, by_chance: bool = False) -> "Network":
        """The network whose synthesis has these weights, and whose analysis is its mirror image."""
        pieces = from_frequencies(weights, stride)
        return cls(np.ascontiguousarray(np.swapaxes(pieces, 2, 3)), weights.copy(), stride, leak, by_chance)

    def latent(self, blocks: Blocks) -> Floats:
        """The latent of a picture, not rounded."""
        return analyse(blocks.padded, self.analysis)

    def keep(self, channels: npt.NDArray[np.intp]) -> "Network":
        """The network with these channels alone."""
        analysis = np.ascontiguousarray(self.analysis[..., channels])
        return replace(self, analysis=analysis, weights=self.weights[:, channels])


def expected(magnitudes: Floats) -> Floats:
    """Expected magnitudes of a latent (h, w, channels), from those around each value and of its channel."""
    wide = np.pad(magnitudes, ((1, 1), (1, 1), (0, 0)), mode="edge")
    down = wide[:-2] + wide[1:-1] + wide[2:]
    around = (down[:, :-2] + down[:, 1:-1] + down[:, 2:]) * np.float32(1 / 9)
    found: Floats = np.float32(0.75) * around + np.float32(0.25) * magnitudes.mean((0, 1)) + np.float32(_SPREAD)
    return found


def rounded(latent: Floats, spread: Floats) -> Floats:
    """Symbols for a latent: rounded, a little towards zero where bits are dear."""
    symbols: Floats = np.rint(latent - np.sign(latent) * np.minimum(np.float32(0.3), np.float32(0.09) / spread))
    return symbols


def train(network: Network, blocks: Blocks, steps: int, rate: float) -> None:
    """Train a network on a picture for some steps. The same steps for the same picture on one machine."""
    rows, columns, _ = blocks.inner.shape
    high, wide = min(REGION, rows), min(REGION, columns)
    share = high * wide / (rows * columns)
    rng = np.random.default_rng(0)
    descents = [_Descent(each, axis, network.by_chance) for each, axis in ((network.analysis, 3), (network.weights, 1))]
    energies = np.ones(network.weights.shape[1])
    m = len(network.analysis)
    for step in progress.rounds("training on the picture", steps):
        y, x = rng.integers(rows - high + 1), rng.integers(columns - wide + 1)
        region = blocks.padded[y : y + high + 2 * m - 2, x : x + wide + 2 * m - 2]
        symbols, by_analysis, by_synthesis = _gradients(network, region)
        now = min(1.0, 2 * (1 - step / steps)) * rate
        descents[0].step(network.analysis, by_analysis, now)
        pace = descents[1].step(network.weights, by_synthesis, now)
        energy = np.square(symbols, dtype=np.float64).sum((0, 1)) / share
        energies += (1 if step == 0 else 0.02) * (energy - energies)
        _shrink(network.weights, pace * np.float32(share), energies)


def _gradients(network: Network, region: Floats) -> tuple[Floats, Floats, Floats]:
    """Symbols of a region (with its surroundings), and the gradients of the loss by analysis and by weights."""
    m = len(network.analysis)
    pieces = from_frequencies(network.weights, network.stride)
    latent = analyse(region, network.analysis)
    spread = expected(np.abs(latent))
    symbols = rounded(latent, spread)
    shown = activated(symbols, network.leak)
    end = len(region) - m + 1, region.shape[1] - m + 1
    errors = np.float32(2 * PRICE) * (synthesise(shown, pieces) - region[m - 1 : end[0], m - 1 : end[1]])
    by_latent = adjoint(errors, pieces)
    if network.leak != LEAK_ONE:
        by_latent *= np.where(symbols < 0, np.float32(network.leak / LEAK_ONE), np.float32(1))
    by_latent += np.clip(latent * 4, -1, 1) / (spread * np.float32(_LN2))
    by_synthesis = to_frequencies(correlate(shown, surrounded(errors, m), m), network.stride)
    return symbols, np.swapaxes(correlate(by_latent, region, m), 2, 3), by_synthesis


def _shrink(weights: Floats, pace: Floats, energies: npt.NDArray[np.float64]) -> None:
    """A proximal step for the bits of the weights: log2(1 + 2 |w|), w in steps of one over the root of the energy."""
    root = np.sqrt(np.maximum(energies, 1)).astype(np.float32)[None, :, None, None]
    magnitudes = np.abs(weights)
    less = pace * 4 * root / (np.float32(_LN2) * (1 + 2 * magnitudes * root))
    weights[...] = np.sign(weights) * np.maximum(magnitudes - less, 0)
