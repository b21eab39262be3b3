"""The one walk over a latent, run by encoder and decoder alike, so that they cannot drift apart."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nncodec.entropy.coder import Symbols
from nncodec.entropy.layout import STEPS, position
from nncodec.entropy.prior import GAIN_BITS, MEAN_ONE, Indices, Means, Prior

Exchange = Callable[[int, Means, Indices], Symbols]
"""Given a step (-1: the hyper-latent), means in 1/16 symbol and scale indices, gives the symbols, in that shape.

An encoder chooses them and writes them; a decoder reads them.
"""

HYPER = -1


@dataclass(frozen=True)
class Walked:
    """What both sides know after the walk."""

    latent: npt.NDArray[np.float32]
    """(2 H, 2 W, latent): the dequantised latent, for the synthesis."""
    checksum: int
    """Low 16 bits of the CRC-32 of the stamp, then all symbols as little-endian int32 in the order of the walk."""


def step_part(latent: npt.NDArray[np.float32], step: int) -> npt.NDArray[np.float32]:
    """The latents (2 H, 2 W, C) that a step codes, as (H, W, C)."""
    groups = np.split(latent, STEPS, axis=2)
    places = [position(step, group) for group in range(STEPS)]
    return np.concatenate([g[p // 2 :: 2, p % 2 :: 2] for g, p in zip(groups, places, strict=True)], axis=2)


def _put(latent: npt.NDArray[np.float32], step: int, part: npt.NDArray[np.float32]) -> None:
    """Inverse of `step_part`, in place."""
    width = latent.shape[2] // STEPS
    for group in range(STEPS):
        place, channels = position(step, group), slice(group * width, (group + 1) * width)
        latent[place // 2 :: 2, place % 2 :: 2, channels] = part[:, :, channels]


def walk(prior: Prior, height: int, width: int, exchange: Exchange, stamp: int = 0) -> Walked:
    """Exchange all symbols of a picture of height x width hyper-latent positions; ``stamp`` starts the checksum."""
    import torch

    indices = prior.hyper_indices(height, width)
    hyper = exchange(HYPER, np.zeros(indices.shape, np.int32), indices)
    checksum = zlib.crc32(hyper.astype("<i4").tobytes(), stamp)
    features = prior.features(hyper)
    latent = np.empty((4 * height, 4 * width, prior.channels), np.float32)
    known = features.new_empty((2 * height, 2 * width, 0))
    steps = (MEAN_ONE / (1 << GAIN_BITS)) * prior.gain.astype(np.float32)
    for step in range(STEPS):
        means, indices = prior.step(step, features, known)
        symbols = exchange(step, means, indices)
        checksum = zlib.crc32(symbols.astype("<i4").tobytes(), checksum)
        values = MEAN_ONE * symbols + means
        _put(latent, step, values.astype(np.float32) / steps)
        if step < STEPS - 1:
            known = torch.cat([known, prior.seen(values)], 2)
    return Walked(latent, checksum & 0xFFFF)
