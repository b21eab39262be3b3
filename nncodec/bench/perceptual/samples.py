"""Samples as the measures take them."""

from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]


def rgb8(pixels: Array) -> npt.NDArray[np.uint8]:
    """(H, W, 3) uint8 of gray or RGB, uint8 or uint16."""
    shallow = pixels if pixels.dtype == np.uint8 else ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)
    return np.repeat(shallow[:, :, np.newaxis], 3, axis=2) if shallow.ndim == 2 else shallow


def weighted(pixels: Array, weights: tuple[float, float, float]) -> Floats:
    """A weighted sum of R, G and B, (H, W) float64."""
    plane: Floats = pixels.astype(np.float64) @ np.asarray(weights)
    return plane


def halved(plane: Floats) -> Floats:
    """Means of 2 x 2 samples, (ceil(H / 2), ceil(W / 2)); beyond an odd side the samples are 0.

    So do the authors' programs of HaarPSI and GMSD, with MATLAB's ``conv2(plane, ones(2) / 4, 'same')``.
    """
    rows, cols = plane.shape
    even = np.pad(plane, ((0, rows % 2), (0, cols % 2)))
    return (even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]) / 4
