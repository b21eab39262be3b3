"""The weights of the lapped latent as a value, and the colour transform: shared by encoder and decoder."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from nncodec.entropy.tables import Tables
from nncodec.lapped.transform import OPPONENT, Floats
from nncodec.nets import weights

COLOUR_ONE = 127
"""Coefficients of colours are multiples of 1/127."""
MIDDLE = 128
_GRAY = float(np.sqrt(3))
"""Factor from a gray level to the first plane, where three equal channels have that sum."""


@dataclass(frozen=True)
class LappedModel:
    """One set of weights, by the names of its arrays."""

    number: weights.Model
    arrays: dict[str, npt.NDArray[Any]]

    @cached_property
    def tables(self) -> Tables:
        """The distributions of symbols."""
        return Tables.unpack(self.arrays)

    @cached_property
    def analysis(self) -> Floats:
        """(3, CHANNELS, TAPS, TAPS)"""
        return self.arrays["analysis"].astype(np.float32)

    @cached_property
    def synthesis(self) -> Floats:
        """(3, CHANNELS, TAPS, TAPS)"""
        return self.arrays["synthesis"].astype(np.float32)


def matrix_of(own: bytes | None) -> Floats:
    """The colour matrix, (3, 3) orthonormal up to rounding: a row for each plane, from R, G and B.

    ``own`` is a picture's own matrix as nine signed bytes; None stands for the shared colours.
    """
    if own is None:
        return OPPONENT
    matrix: Floats = np.frombuffer(own, np.int8).reshape(3, 3).astype(np.float32) / np.float32(COLOUR_ONE)
    return matrix


def own_colours(pixels: npt.NDArray[np.uint8]) -> bytes:
    """The principal axes of the colour contrast of pixels (H, W, 3), as nine signed bytes."""
    step = np.diff(pixels[:, ::2].astype(np.float32), axis=0).reshape(-1, 3)
    _, vectors = np.linalg.eigh(step.T.astype(np.float64) @ step)
    axes = vectors.T[::-1]
    axes *= np.where((axes * OPPONENT).sum(1) < 0, -1, 1)[:, None]
    whole: bytes = np.rint(axes * COLOUR_ONE).astype(np.int8).tobytes()
    return whole


def to_plane(pixels: npt.NDArray[np.uint8], matrix: Floats, number: int) -> Floats:
    """One plane (H, W) of pixels (H, W) or (H, W, 3), such that `from_planes` gives the pixels back from all."""
    if pixels.ndim == 2:
        weights = np.array([_GRAY], np.float32)
    else:
        weights = np.linalg.inv(matrix.astype(np.float64))[:, number].astype(np.float32)
    out = np.empty(pixels.shape[:2], np.float32)
    for row, samples in zip(out, pixels, strict=True):
        np.matmul(samples.reshape(len(row), -1).astype(np.float32) - np.float32(MIDDLE), weights, out=row)
    return out


def to_planes(pixels: npt.NDArray[np.uint8], matrix: Floats) -> Floats:
    """All planes, (1 or 3, H, W)."""
    return np.stack([to_plane(pixels, matrix, number) for number in range(1 if pixels.ndim == 2 else 3)])


def from_planes(planes: list[Floats], matrix: Floats) -> npt.NDArray[np.uint8]:
    """Planes (H, W), one or three of them in levels, to pixels (H, W) or (H, W, 3), rounded and saturated."""
    if len(planes) == 1:
        return _saturated(planes[0] / np.float32(_GRAY))
    return np.stack([_saturated(sum(p * w for p, w in zip(planes, row, strict=True))) for row in matrix.T], 2)


def _saturated(levels: Floats) -> npt.NDArray[np.uint8]:
    """Levels less 128 to samples 0 to 255, rounded to the nearest."""
    return np.rint(levels + MIDDLE).clip(0, 255).astype(np.uint8)
