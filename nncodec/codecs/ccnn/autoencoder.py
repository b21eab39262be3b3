"""The autoencoder in floating point, for the encoder alone: both convolutions, and the filters it begins with.

A picture is held as blocks (rows, columns, samples) of one stride each, a filter of m x m strides as as many pieces: a
convolution is then m x m matrix products. All in float32, in quantiser steps.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nncodec.codecs.ccnn.layout import COSINE_BITS, LEAK_ONE, Shape, cosines
from nncodec.codecs.ccnn.synthesis import COLOURS

Floats = npt.NDArray[np.float32]

MIDDLE = 128.0


@dataclass(frozen=True)
class Blocks:
    """A picture in blocks."""

    inner: Floats
    """(rows, columns, stride * stride * planes)."""
    padded: Floats
    """The same, mirrored at the borders by as many blocks as filters reach beyond."""

    @classmethod
    def of(cls, pixels: npt.NDArray[np.uint8], stride: int, overlap: int, step: float) -> "Blocks":
        """Blocks of pixels (H, W) or (H, W, 3), in steps, about middle gray, colours turned."""
        levels: Floats = (pixels.astype(np.float32) - np.float32(MIDDLE)) / np.float32(step)
        turned: Floats = levels[..., None] if pixels.ndim == 2 else levels @ (COLOURS / 4096).astype(np.float32)
        height, width, _ = turned.shape
        turned = np.pad(turned, ((0, -height % stride), (0, -width % stride), (0, 0)), mode="symmetric")
        margin = (overlap - 1) * stride
        wide = np.pad(turned, ((margin, margin), (margin, margin), (0, 0)), mode="symmetric")
        return cls(_split(turned, stride), _split(wide, stride))


def _split(planes: Floats, stride: int) -> Floats:
    height, width, count = planes.shape
    blocks = planes.reshape(height // stride, stride, width // stride, stride, count).transpose(0, 2, 1, 3, 4)
    return np.ascontiguousarray(blocks).reshape(height // stride, width // stride, -1)


def analyse(blocks: Floats, pieces: Floats) -> Floats:
    """The convolution: blocks (h + m - 1, w + m - 1, n), pieces (m, m, n, channels) to a latent (h, w, channels)."""
    m = len(pieces)
    rows, columns = blocks.shape[0] - m + 1, blocks.shape[1] - m + 1
    found = np.zeros((rows * columns, pieces.shape[-1]), np.float32)
    for i in range(m):
        for j in range(m):
            found += blocks[i : i + rows, j : j + columns].reshape(rows * columns, -1) @ pieces[i, j]
    return found.reshape(rows, columns, -1)


def synthesise(latent: Floats, pieces: Floats) -> Floats:
    """The transposed convolution: a latent (h + m - 1, w + m - 1, channels) to blocks (h, w, n).

    ``pieces`` are (m, m, channels, n). What lies outside of the picture is left out.
    """
    return analyse(latent, pieces[::-1, ::-1])


def adjoint(blocks: Floats, pieces: Floats) -> Floats:
    """The adjoint of `synthesise`: blocks (h, w, n) to a latent (h + m - 1, w + m - 1, channels)."""
    return analyse(surrounded(blocks, len(pieces)), np.swapaxes(pieces, 2, 3))


def surrounded(blocks: Floats, overlap: int) -> Floats:
    """Blocks with zeros around, as far as filters reach."""
    return np.pad(blocks, ((overlap - 1, overlap - 1), (overlap - 1, overlap - 1), (0, 0)))


def correlate(latent: Floats, around: Floats, overlap: int) -> Floats:
    """Sums of products of a latent (h, w, channels) with the blocks of each piece, (m, m, channels, n).

    ``around`` are blocks (h + m - 1, w + m - 1, n).
    """
    rows, columns, channels = latent.shape
    flat = latent.reshape(-1, channels).T
    return np.array(
        [
            [flat @ around[i : i + rows, j : j + columns].reshape(rows * columns, -1) for j in range(overlap)]
            for i in range(overlap)
        ]
    )


def activated(latent: Floats, leak: int) -> Floats:
    """The leaky ReLU; ``leak`` is its slope below zero, in sixteenths."""
    return latent if leak == LEAK_ONE else np.where(latent < 0, np.float32(leak / LEAK_ONE), np.float32(1)) * latent


# --- filters ----------------------------------------------------------------------------------------------------------


def to_frequencies(pieces: Floats, stride: int) -> Floats:
    """Pieces (m, m, channels, n) to the cosine transform of whole filters, (planes, channels, taps, taps)."""
    m, _, channels, _ = pieces.shape
    rows = _rows(m * stride)
    split = pieces.reshape(m, m, channels, stride, stride, -1).transpose(5, 2, 0, 3, 1, 4)
    filters = split.reshape(-1, channels, m * stride, m * stride)
    return np.asarray(rows @ filters @ rows.T)


def from_frequencies(weights: Floats, stride: int) -> Floats:
    """The inverse of `to_frequencies`."""
    planes, channels, taps, _ = weights.shape
    m, rows = taps // stride, _rows(taps)
    split = (rows.T @ weights @ rows).reshape(planes, channels, m, stride, m, stride).transpose(2, 4, 1, 3, 5, 0)
    return np.ascontiguousarray(split, np.float32).reshape(m, m, channels, -1)


def _rows(taps: int) -> Floats:
    return (cosines(taps) / (1 << COSINE_BITS)).astype(np.float32)


def start(shape: Shape, planes: int) -> Floats:
    """The filters that training begins with, by frequency (planes, planes * stride^2, taps, taps).

    A lapped transform (Malvar 1990), or one of blocks where strides are odd or filters do not overlap, for each plane,
    by ascending frequency; the brightness comes first, the opponents after it by turns.
    """
    stride, taps = shape.stride, shape.taps
    basis = np.zeros((stride, taps))
    known = _rows(stride).astype(np.float64) if shape.overlap == 1 or stride % 2 else _lapped(stride)
    first = (taps - known.shape[1]) // (2 * stride) * stride
    basis[:, first : first + known.shape[1]] = known
    across = basis @ _rows(taps).T.astype(np.float64)  # (frequency, cosine)
    order = np.add.outer(np.arange(stride) ** 2, np.arange(stride) ** 2).reshape(-1).argsort(kind="stable")
    filters = np.einsum("ay,bx->abyx", across, across).reshape(-1, taps, taps)[order]
    found = np.zeros((planes, planes, stride * stride, taps, taps), np.float32)
    for plane in range(planes):
        found[plane, plane] = filters
    turns = np.swapaxes(found[:, 1:], 1, 2).reshape(planes, -1, taps, taps)
    return np.concatenate([found[:, 0], turns], 1)


def chance(shape: Shape, planes: int) -> Floats:
    """Random filters of a shape, by frequency (planes, channels, taps, taps); the same ones each time."""
    drawn = np.random.default_rng(0).standard_normal((planes, shape.channels, shape.taps, shape.taps))
    return np.asarray(drawn / (shape.taps * planes**0.5), np.float32)


def _lapped(stride: int) -> npt.NDArray[np.float64]:
    """Rows of the lapped orthogonal transform (frequency, 2 * stride) of even strides, for a correlation of 0.95."""
    rows = _rows(stride).astype(np.float64)
    even, odd, turn = rows[0::2].T, rows[1::2].T, np.eye(stride)[::-1]
    pairs = np.block([[even - odd, even - odd], [turn @ (even - odd), turn @ (odd - even)]]) / 2
    covariance = 0.95 ** np.abs(np.subtract.outer(np.arange(2 * stride), np.arange(2 * stride)))
    found = []
    for part in np.split(pairs, 2, axis=1):
        values, vectors = np.linalg.eigh(part.T @ covariance @ part)
        found += list(zip(-values, (part @ vectors).T, strict=True))
    return np.array([row for _, row in sorted(found, key=lambda pair: float(pair[0]))])
