"""Symbols and weights of a trained autoencoder: by turns, each for what the other is, by bits and error."""

import numpy as np
import numpy.typing as npt

from nncodec.codecs.ccnn.autoencoder import (
    Blocks,
    Floats,
    activated,
    adjoint,
    from_frequencies,
    synthesise,
    to_frequencies,
)
from nncodec.codecs.ccnn.layout import LEAK_ONE, MAX_VALUE, Integers
from nncodec.codecs.ccnn.synthesis import exponents
from nncodec.codecs.ccnn.training import PRICE, Network, expected, rounded

_LATENT_ROUNDS, _WEIGHT_ROUNDS = 6, 30
_BLOCKS_AT_ONCE = 8192
_LEAST_NORM = 0.05
_LN2 = float(np.log(2))


def quantise(network: Network, blocks: Blocks, rounds: int) -> tuple[npt.NDArray[np.int16], Integers]:
    """The latent (channels, rows, columns) and weights in whole numbers (planes, channels, taps, taps)."""
    latent = network.latent(blocks)
    symbols = rounded(latent, expected(np.abs(latent)))
    if network.leak != LEAK_ONE:
        symbols = np.where(symbols < 0, np.rint(symbols * np.float32(LEAK_ONE / network.leak)), symbols)
    weights = network.weights
    whole = np.zeros(weights.shape, np.int64)
    for _ in range(rounds):
        symbols = _symbols(symbols, from_frequencies(weights, network.stride), blocks.inner, network.leak)
        scale = (2.0 ** exponents(symbols.transpose(2, 0, 1))).astype(np.float32)[None, :, None, None]
        whole = _weights(weights * scale, scale, activated(symbols, network.leak), blocks.inner, network.stride)
        weights = (whole / scale).astype(np.float32)
    return np.ascontiguousarray(symbols.transpose(2, 0, 1)).astype(np.int16), whole


def _symbols(symbols: Floats, pieces: Floats, blocks: Floats, leak: int) -> Floats:
    """Better symbols (h, w, channels) for these filters: a few steps towards less error, each rounded for its bits."""
    norms = np.maximum(np.square(pieces).sum((0, 1, 3)), np.float32(_LEAST_NORM))
    pace = min(0.7, 1 / _gain(pieces, norms, symbols.shape))
    for _ in range(_LATENT_ROUNDS):
        slopes = np.where(symbols < 0, np.float32(leak / LEAK_ONE), np.float32(1))
        errors = blocks - synthesise(slopes * symbols, pieces)
        wanted = symbols + np.float32(pace) * adjoint(errors, pieces) / (norms * slopes)
        spread = expected(np.abs(symbols)) - np.float32(0.04)
        less = np.minimum(1 / (4 * PRICE * _LN2 * norms * spread), np.float32(0.225))
        symbols = np.sign(wanted) * np.floor(np.abs(wanted) - less + np.float32(0.5)).clip(0, MAX_VALUE)
    return np.asarray(symbols, np.float32)


def _gain(pieces: Floats, norms: Floats, shape: tuple[int, ...]) -> float:
    """The most that one step of `_symbols` can amplify, by power iteration."""
    vector = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    gain = 1.0
    for _ in range(8):
        vector = adjoint(synthesise(vector, pieces), pieces) / norms
        gain = float(np.linalg.norm(vector))
        vector /= np.float32(max(gain, 1e-9))
    return max(gain, 1e-9)


def _weights(start: Floats, scale: Floats, shown: Floats, blocks: Floats, stride: int) -> Integers:
    """Weights in whole numbers for these symbols: least squares with a price on bits, then rounded.

    FISTA (Beck & Teboulle 2009) with thresholds that follow the magnitudes around each weight.

    Args:
        start: (planes, channels, taps, taps), in units of the weights' steps.
        scale: units to one, (1, channels, 1, 1).
        shown: (h, w, channels), what enters the synthesis.
        blocks: (rows, columns, n), what shall leave it.
        stride: of the network.
    """
    m = start.shape[-1] // stride
    samples = blocks.shape[2]
    gram, target = _products(shown, blocks, m)
    units = np.tile(scale.reshape(-1), m * m)
    pace = np.float32(1 / (1.05 * _largest(gram / units / units[:, None])))

    def descent(weights: Floats) -> Floats:
        pieces = from_frequencies(weights / scale, stride).reshape(len(gram), samples)
        return to_frequencies((target - gram @ pieces).reshape(m, m, -1, samples), stride) * (pace / scale)

    found, ahead, momentum = start, start, 1.0
    for _ in range(_WEIGHT_ROUNDS):
        moved = ahead + descent(ahead)
        less = pace * np.minimum(1 / (2 * PRICE * _LN2 * (0.8 * _around(np.abs(found)) + 0.1)), np.float32(0.8))
        last, found = found, np.sign(moved) * np.maximum(np.abs(moved) - less, 0)
        following = (1 + (1 + 4 * momentum**2) ** 0.5) / 2
        ahead = found + np.float32((momentum - 1) / following) * (found - last)
        momentum = following
    return np.asarray(np.sign(found) * np.floor(np.abs(found) + np.float32(0.4))).astype(np.int64)


def _products(shown: Floats, blocks: Floats, overlap: int) -> tuple[Floats, Floats]:
    """Sums over all blocks of products of what enters the synthesis, with itself and with what shall leave it.

    Taken some rows of blocks at a time: the inputs of all blocks would be many times as large as the picture.
    """
    rows, columns, samples = blocks.shape
    inputs = overlap * overlap * shown.shape[2]
    gram, target = np.zeros((inputs, inputs), np.float32), np.zeros((inputs, samples), np.float32)
    high = max(1, _BLOCKS_AT_ONCE // columns)
    for top in range(0, rows, high):
        part = blocks[top : top + high]
        pieces = [
            shown[y : y + len(part), x : x + columns].reshape(len(part) * columns, -1)
            for y in range(top + overlap - 1, top - 1, -1)
            for x in range(overlap - 1, -1, -1)
        ]
        entering = np.concatenate(pieces, 1)
        gram += entering.T @ entering
        target += entering.T @ part.reshape(len(entering), samples)
    return gram, target


def _largest(gram: Floats) -> float:
    """The largest eigenvalue, by power iteration."""
    vector, largest = np.ones(len(gram), np.float32), 1.0
    for _ in range(20):
        vector = gram @ vector
        largest = float(np.linalg.norm(vector))
        vector /= np.float32(max(largest, 1e-9))
    return max(largest, 1e-9)


def _around(magnitudes: Floats) -> Floats:
    """Mean of each magnitude, counted twice, and its four neighbours."""
    wide = np.pad(magnitudes, ((0, 0), (0, 0), (1, 1), (1, 1)))
    sides = wide[..., :-2, 1:-1] + wide[..., 2:, 1:-1] + wide[..., 1:-1, :-2] + wide[..., 1:-1, 2:]
    return np.asarray((sides + 2 * magnitudes) / 6, np.float32)
