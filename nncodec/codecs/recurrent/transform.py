"""The lapped orthogonal transform of the recurrent codec, blocks of 16 x 16, in NumPy: pixels to coefficients and back.

Basis functions have 32 x 32 samples and overlap those of neighbouring blocks, so that no borders of blocks show.
Colours are transformed into one brightness and two opponents before.
"""

from functools import cache

import numpy as np
import numpy.typing as npt

from nncodec.lapped import model as lapped_model
from nncodec.lapped.transform import OPPONENT, lapped_rows

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]

SIDE = 16
"""Samples from one position of the coefficients' grid to the next."""
PER_PLANE = SIDE * SIDE
"""Coefficients of a plane at a position, in order of vertical frequency, then horizontal."""
PLANES = 3
CHANNELS = PLANES * PER_PLANE
EDGE = SIDE // 2
"""Samples by which basis functions extend beyond their block, on each side."""


@cache
def basis() -> Floats:
    """The transform in one dimension, (SIDE, 2 SIDE), one basis function per row."""
    rows: Floats = lapped_rows(SIDE).astype(np.float32)
    return rows


def to_planes(pixels: Bytes) -> Floats:
    """Transform pixels (H, W) or (H, W, 3) to planes (1 or 3, H, W): brightness and opponents; 0 is middle gray."""
    return lapped_model.to_planes(pixels, OPPONENT)


def from_planes(planes: Floats) -> Bytes:
    """Inverse of `to_planes`, rounded and limited to 8 bits."""
    return lapped_model.from_planes(list(planes), OPPONENT)


def mirrored(planes: Floats) -> Floats:
    """Extend planes (P, H, W) for `analyse`: to whole blocks by repeating the border, then by 8 mirrored samples."""
    _, height, width = planes.shape
    whole = np.pad(planes, ((0, 0), (0, -height % SIDE), (0, -width % SIDE)), mode="edge")
    return np.pad(whole, ((0, 0), (EDGE, EDGE), (EDGE, EDGE)), mode="symmetric")


def analyse(planes: Floats) -> Floats:
    """Transform planes (P, 16 h + 16, 16 w + 16) to coefficients (P * 256, h, w)."""
    count, height, width = planes.shape
    found = np.empty((count, SIDE, SIDE, height // SIDE - 1, width // SIDE - 1), np.float32)
    for plane, out in zip(planes, found, strict=True):  # one at a time: less memory
        both = _forward(_forward(plane).transpose(1, 2, 0))  # (w, u, h, v): v is the vertical frequency
        out[:] = both.transpose(3, 1, 2, 0)
    return found.reshape(count * PER_PLANE, *found.shape[3:])


def synthesise(coefficients: Floats) -> Floats:
    """Inverse of `analyse` with `mirrored`: coefficients (P * 256, h, w) to planes (P, 16 h, 16 w).

    The transform with mirrored borders is an orthogonal matrix, so that its inverse is its transpose: samples
    beyond a border are added to those as far inside.
    """
    _, height, width = coefficients.shape
    shaped = coefficients.reshape(-1, SIDE, SIDE, height, width)
    found = np.empty((len(shaped), SIDE * height, SIDE * width), np.float32)
    for plane, out in zip(shaped, found, strict=True):
        rows = _backward(plane.transpose(2, 0, 3, 1))  # (h, v, W)
        out[:] = _backward(rows.transpose(2, 0, 1)).T
    return found


def _forward(signal: Floats) -> Floats:
    """Analyse samples (..., 16 n + 16) to coefficients (..., n, SIDE)."""
    windows = np.lib.stride_tricks.sliding_window_view(signal, 2 * SIDE, axis=-1)[..., ::SIDE, :]  # (..., n, 2 SIDE)
    product: Floats = windows @ basis().T
    return product


def _backward(coefficients: Floats) -> Floats:
    """Synthesise coefficients (..., n, SIDE) to samples (..., 16 n)."""
    halves = (coefficients @ basis()).reshape(*coefficients.shape[:-1], 2, SIDE)  # (..., n, 2, SIDE)
    *before, count, _, _ = halves.shape
    # Each block's second half overlaps the next block's first: (..., n + 1, SIDE) half-overlapping sums.
    whole = np.zeros((*before, count + 1, SIDE), np.float32)
    whole[..., :-1, :] += halves[..., 0, :]
    whole[..., 1:, :] += halves[..., 1, :]
    flat = whole.reshape(*before, -1)
    inside: Floats = flat[..., EDGE:-EDGE].copy()
    # Beyond the borders, samples are folded back.
    inside[..., :EDGE] += flat[..., :EDGE][..., ::-1]
    inside[..., -EDGE:] += flat[..., -EDGE:][..., ::-1]
    return inside
