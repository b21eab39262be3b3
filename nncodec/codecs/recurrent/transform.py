"""Pixels to coefficients and back by a lapped orthogonal transform of blocks of 16, orthonormal, in NumPy.

Each basis function is 32 x 32 samples, half of them in neighbouring blocks, so that no borders of blocks show. Colours
are turned into one brightness and two opponents before.
"""

from functools import cache

import numpy as np
import numpy.typing as npt

from nncodec.lapped import model as lapped_model
from nncodec.lapped.transform import OPPONENT, lapped_rows

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]

SIDE = 16
"""Samples from one position to the next."""
PER_PLANE = SIDE * SIDE
"""Coefficients of a plane at a position, in order of vertical frequency, then horizontal."""
PLANES = 3
CHANNELS = PLANES * PER_PLANE
EDGE = SIDE // 2
"""How far the basis functions reach beyond their block."""


@cache
def basis() -> Floats:
    """(SIDE, 2 SIDE): the transform in one direction."""
    rows: Floats = lapped_rows(SIDE).astype(np.float32)
    return rows


def to_planes(pixels: Bytes) -> Floats:
    """Pixels (H, W) or (H, W, 3) to planes (1 or 3, H, W): brightness and opponents, less that of middle gray."""
    return lapped_model.to_planes(pixels, OPPONENT)


def from_planes(planes: Floats) -> Bytes:
    """Inverse of `to_planes`, rounded and cut to 8 bits."""
    return lapped_model.from_planes(list(planes), OPPONENT)


def mirrored(planes: Floats) -> Floats:
    """Planes (P, H, W) extended for `analyse`: to whole blocks by repeating the border, then by a mirror."""
    _, height, width = planes.shape
    whole = np.pad(planes, ((0, 0), (0, -height % SIDE), (0, -width % SIDE)), mode="edge")
    return np.pad(whole, ((0, 0), (EDGE, EDGE), (EDGE, EDGE)), mode="symmetric")


def analyse(planes: Floats) -> Floats:
    """Planes (P, 16 h + 16, 16 w + 16) to coefficients (P * 256, h, w) of the blocks within."""
    count, height, width = planes.shape
    found = np.empty((count, SIDE, SIDE, height // SIDE - 1, width // SIDE - 1), np.float32)
    for plane, out in zip(planes, found, strict=True):  # one at a time: less memory
        both = _forward(_forward(plane).transpose(1, 2, 0))  # (w, u, h, v): v is the vertical frequency
        out[:] = both.transpose(3, 1, 2, 0)
    return found.reshape(count * PER_PLANE, *found.shape[3:])


def synthesise(coefficients: Floats) -> Floats:
    """Inverse of `analyse` with `mirrored`: coefficients (P * 256, h, w) to planes (P, 16 h, 16 w).

    The transform with mirrored borders is an orthogonal matrix, so that its inverse is its transpose: what falls
    beyond a border is folded back.
    """
    _, height, width = coefficients.shape
    shaped = coefficients.reshape(-1, SIDE, SIDE, height, width)
    found = np.empty((len(shaped), SIDE * height, SIDE * width), np.float32)
    for plane, out in zip(shaped, found, strict=True):
        rows = _backward(plane.transpose(2, 0, 3, 1))  # (h, v, W)
        out[:] = _backward(rows.transpose(2, 0, 1)).T
    return found


def _forward(signal: Floats) -> Floats:
    """(..., 16 n + 16) to (..., n, SIDE)."""
    windows = np.lib.stride_tricks.sliding_window_view(signal, 2 * SIDE, axis=-1)[..., ::SIDE, :]
    product: Floats = windows @ basis().T
    return product


def _backward(coefficients: Floats) -> Floats:
    """(..., n, SIDE) to (..., 16 n)."""
    halves = (coefficients @ basis()).reshape(*coefficients.shape[:-1], 2, SIDE)
    *before, count, _, _ = halves.shape
    whole = np.zeros((*before, count + 1, SIDE), np.float32)
    whole[..., :-1, :] += halves[..., 0, :]
    whole[..., 1:, :] += halves[..., 1, :]
    flat = whole.reshape(*before, -1)
    inside: Floats = flat[..., EDGE:-EDGE].copy()
    inside[..., :EDGE] += flat[..., :EDGE][..., ::-1]
    inside[..., -EDGE:] += flat[..., -EDGE:][..., ::-1]
    return inside
