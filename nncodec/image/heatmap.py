"""Heat map of the difference of two pictures. NumPy only."""

from typing import Any

import numpy as np
import numpy.typing as npt

FULL_SCALE = 1 / 8
"""The error, as a share of the peak, from which on the last colour is shown: 32 of 255."""

_STOPS = ((0, 0, 0), (60, 30, 140), (190, 45, 100), (250, 140, 40), (255, 250, 190))
"""Evenly spaced colours (R, G, B). Their lightness only grows, so that the map can also be read in gray."""


def render(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Map the error at every pixel to a colour, (H, W, 3) uint8.

    ``a`` and ``b`` are (H, W) or (H, W, 3), both uint8 or both uint16. The error of a pixel is that of its worst
    channel. The scale is the same for every pair: black where they are equal, then black, violet, red, orange, pale
    yellow along the square root of the error, so that an error of 1 in 255 can be seen; pale yellow from 32 in 255
    (1/8 of the peak) on.

    Raises ValueError if the two differ in shape or type, or are of another type.
    """
    if a.shape != b.shape or a.dtype != b.dtype or a.dtype not in (np.uint8, np.uint16):
        raise ValueError(f"cannot show the difference of {a.shape} {a.dtype} and {b.shape} {b.dtype}")
    error = np.maximum(a, b) - np.minimum(a, b)  # never below zero, so it cannot wrap
    if error.ndim == 3:
        error = error.max(axis=2)
    shown: npt.NDArray[np.uint8] = palette(int(np.iinfo(a.dtype).max))[error]
    return shown


def palette(peak: int) -> npt.NDArray[np.uint8]:
    """Colours of the errors 0 to ``peak``, (peak + 1, 3) uint8."""
    position = np.sqrt(np.minimum(np.arange(peak + 1) / (peak * FULL_SCALE), 1.0))
    stops = np.linspace(0.0, 1.0, len(_STOPS))
    channels = [np.interp(position, stops, channel) for channel in zip(*_STOPS, strict=True)]
    return np.stack(channels, axis=1).round().astype(np.uint8)
