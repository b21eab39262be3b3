"""The lapped transforms in NumPy: a strided convolution, and a transposed one whose filters overlap."""

import numpy as np
import numpy.typing as npt

from nncodec.lapped.layout import CHANNELS, PARITY, STRIDE, TAPS

Floats = npt.NDArray[np.float32]
Region = tuple[slice, slice]

_AXES = np.array([[1, 1, 1], [1, 0, -1], [-1, 2, -1]])
OPPONENT: Floats = (_AXES / np.sqrt([[3], [2], [6]])).astype(np.float32)
"""(3, 3) orthonormal: R, G, B to a brightness and two opponent colours."""
EDGE = (TAPS - STRIDE) // 2
"""Pixels by which a filter reaches over each side of its 8 x 8 block."""
_ROWS = 16
"""Rows of latent positions that are transformed at once."""


def lapped_rows(stride: int) -> npt.NDArray[np.float64]:
    """(stride, 2 * stride): the lapped orthogonal transform of Malvar (1990) in one direction, in its fast form.

    A DCT of blocks of ``stride`` samples between rotations across the borders of blocks; orthonormal. By rising
    frequency.
    """
    half = stride // 2
    flip = np.eye(half)[::-1]
    rotation = flip @ _dct(half).T @ _dct(half, fourth=True) @ flip
    mix = np.block([[np.eye(half), flip], [flip, -np.eye(half)]]) / np.sqrt(2)
    nothing = np.zeros((half, half))
    across = mix @ np.block([[np.eye(half), nothing], [nothing, rotation]]) @ mix
    middle = np.hstack([np.zeros((stride, half)), _dct(stride), np.zeros((stride, half))])
    rows: npt.NDArray[np.float64] = middle @ np.kron(np.eye(2), across)
    return rows


def _dct(size: int, fourth: bool = False) -> npt.NDArray[np.float64]:
    """The orthonormal DCT of type II, or of type IV, one basis vector per row."""
    at, frequency = np.arange(size) + 0.5, np.arange(size)[:, None] + 0.5 * fourth
    rows: npt.NDArray[np.float64] = np.sqrt(2 / size) * np.cos(np.pi * at * frequency / size)
    rows[0] /= 1 if fourth else np.sqrt(2)
    return rows


def mirrored(size: int, count: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Symmetric extension: for places -count to size + count - 1 the place inside, and whether it is mirrored there.

    The mirrors are half a place beyond the outermost places.
    """
    at = np.arange(-count, size + count) % (2 * size)
    turned = at >= size
    return np.where(turned, 2 * size - 1 - at, at), turned


def analyse(plane: Floats, filters: Floats) -> Floats:
    """Analyse a plane (8 h, 8 w), mirrored at its borders, by a strided convolution: a latent (h, w, CHANNELS).

    ``filters`` is (CHANNELS, TAPS, TAPS).
    """
    height, width = plane.shape[0] // STRIDE, plane.shape[1] // STRIDE
    rows, columns = mirrored(STRIDE * height, EDGE)[0], mirrored(STRIDE * width, EDGE)[0]
    matrix = filters.reshape(CHANNELS, -1).T  # (TAPS * TAPS, CHANNELS)
    out = np.empty((height, width, CHANNELS), np.float32)
    for top in range(0, height, _ROWS):
        count = min(_ROWS, height - top)
        part = plane[rows[STRIDE * top : STRIDE * (top + count) + 2 * EDGE]][:, columns]
        # (count, w, TAPS, TAPS)
        windows = np.lib.stride_tricks.sliding_window_view(part, (TAPS, TAPS))[::STRIDE, ::STRIDE]
        out[top : top + count] = (windows.reshape(-1, TAPS * TAPS) @ matrix).reshape(count, width, CHANNELS)
    return out


def synthesise(
    values: npt.NDArray[np.number], filters: Floats, unit: float = 1.0, region: Region | None = None
) -> Floats:
    """Reconstruct a plane, in quantiser steps, by a transposed convolution of stride 8.

    Args:
        values: (h, w, CHANNELS), the latent of the whole plane.
        filters: (CHANNELS, TAPS, TAPS)
        unit: quantiser steps that a value of 1 stands for.
        region: rows and columns of the positions to reconstruct; None for all.

    Returns:
        (8 * rows, 8 * columns) float32
    """
    tall, wide = region or (slice(0, values.shape[0]), slice(0, values.shape[1]))
    height, width = tall.stop - tall.start, wide.stop - wide.start
    rows, above = (part[tall.start : tall.stop + 2] for part in mirrored(values.shape[0], 1))
    columns, left = (part[wide.start : wide.stop + 2] for part in mirrored(values.shape[1], 1))
    upside = np.where(above[:, None], PARITY[:, 0], 1)  # (height + 2, CHANNELS)
    sideways = np.where(left[:, None], PARITY[:, 1], 1) * unit  # (width + 2, CHANNELS)
    # each filter is four blocks of 8 x 8: (4, CHANNELS, 64)
    quarters = filters.reshape(CHANNELS, 2, STRIDE, 2, STRIDE).transpose(1, 3, 0, 2, 4).reshape(4, CHANNELS, -1)
    out = np.zeros((height + 1, STRIDE, width + 1, STRIDE), np.float32)
    for top in range(0, height + 2, _ROWS):
        count = min(_ROWS, height + 2 - top)
        part = values[rows[top : top + count]][:, columns].astype(np.float32)  # (count, width + 2, CHANNELS)
        part *= (upside[top : top + count, None] * sideways).astype(np.float32)
        features = part.reshape(-1, CHANNELS)
        for i in (0, 1):  # the row of blocks above a position's centre, and that below
            first, last = max(top + i - 1, 0), min(top + i - 1 + count, height + 1)
            for j in (0, 1):
                blocks = (features @ quarters[2 * i + j]).reshape(count, width + 2, STRIDE, STRIDE).swapaxes(1, 2)
                out[first:last] += blocks[first - top - i + 1 : last - top - i + 1, :, 1 - j : width + 2 - j]
    whole = out.reshape(STRIDE * (height + 1), STRIDE * (width + 1))
    return whole[EDGE:-EDGE, EDGE:-EDGE]
