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


def wanted(
    latent: npt.NDArray[np.float32], step: int, gain: npt.NDArray[np.float32], means: Means
) -> npt.NDArray[np.float32]:
    """What a step would code if symbols were real numbers, (H, W, C): its latents times gain (C,), less the means."""
    values = step_part(latent, step)
    values *= gain
    for row, mean in zip(values, means, strict=True):
        row -= mean.astype(np.float32) / np.float32(MEAN_ONE)
    return values


def _put(latent: npt.NDArray[np.float32], step: int, values: Means, unit: npt.NDArray[np.float32]) -> None:
    """Inverse of `step_part`, in place, for values in units of 1 / unit (C,)."""
    width = latent.shape[2] // STEPS
    for group in range(STEPS):
        place, channels = position(step, group), slice(group * width, (group + 1) * width)
        part = values[:, :, channels].astype(np.float32)
        np.divide(part, unit[channels], out=latent[place // 2 :: 2, place % 2 :: 2, channels])


def _crc(symbols: Symbols, start: int) -> int:
    return zlib.crc32(np.ascontiguousarray(symbols, "<i4").data, start)


def walk(prior: Prior, height: int, width: int, exchange: Exchange, stamp: int = 0) -> Walked:
    """Exchange all symbols of a picture of height x width hyper-latent positions; ``stamp`` starts the checksum."""
    indices = prior.hyper_indices(height, width)
    hyper = exchange(HYPER, np.zeros(indices.shape, np.int32), indices)
    checksum = _crc(hyper, stamp)
    features, n = prior.features(hyper), prior.channels
    latent = np.empty((4 * height, 4 * width, n), np.float32)
    known = features.new_empty((2 * height, 2 * width, (STEPS - 1) * n))
    unit = (MEAN_ONE / (1 << GAIN_BITS)) * prior.gain.astype(np.float32)
    for step in range(STEPS):
        means, indices = prior.step(step, features, known[:, :, : step * n])
        symbols = exchange(step, means, indices)
        checksum = _crc(symbols, checksum)
        values = MEAN_ONE * symbols
        values += means
        del means, indices, symbols  # each as large as a third of the picture
        _put(latent, step, values, unit)
        if step < STEPS - 1:
            known[:, :, step * n : (step + 1) * n] = prior.seen(values)
    return Walked(latent, checksum & 0xFFFF)
