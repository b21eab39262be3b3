"""The lapped transform of the recurrent codec: orthonormal, as specified, and better than blocks."""

import numpy as np
import pytest

from nncodec.codecs.recurrent import transform
from tests import pictures


@pytest.mark.parametrize("size", [(1, 1), (16, 33), (50, 7), (64, 64)], ids=str)
@pytest.mark.parametrize("channels", [1, 3])
def test_the_transform_is_orthonormal_to_the_borders(size, channels):
    pixels = pictures.photograph(*size, channels)
    planes = transform.mirrored(transform.to_planes(pixels))
    found = transform.analyse(planes)
    inside = planes[:, 8:-8, 8:-8]
    back = transform.synthesise(found)
    assert np.abs(back - inside).max() < 1e-3
    assert np.square(found).sum() == pytest.approx(np.square(inside).sum(), rel=1e-4)
    assert np.array_equal(transform.from_planes(back)[: size[0], : size[1]], pixels)


def test_the_transform_is_the_matrix_of_the_format():
    """Built by hand after docs/format/recurrent.md, with its inverse as the transpose."""

    def dct(size, shift):
        at, frequency = np.arange(size) + 0.5, np.arange(size)[:, None] + shift
        rows = np.cos(np.pi * at * frequency / size)
        return rows / np.sqrt(np.square(rows).sum(1, keepdims=True))

    one, turned = np.eye(8), np.fliplr(np.eye(8))
    mix = np.block([[one, turned], [turned, -one]]) / np.sqrt(2)
    middle = np.block([[one, 0 * one], [0 * one, turned @ dct(8, 0).T @ dct(8, 0.5) @ turned]])
    across = mix @ middle @ mix
    wide = np.hstack([np.zeros((16, 8)), dct(16, 0), np.zeros((16, 8))])
    basis = wide @ np.block([[across, np.zeros((16, 16))], [np.zeros((16, 16)), across]])
    coefficients = np.zeros((256, 2, 3), np.float32)
    coefficients[16 * 5 + 9, 1, 0] = 1  # in row 1, column 0: vertical frequency 5, horizontal 9
    plane = np.zeros((48, 64))
    plane[16:, :32] = np.outer(basis[5], basis[9])
    plane[:, 8:16] += plane[:, 7::-1]
    plane[32:40] += plane[47:39:-1]
    assert np.abs(transform.synthesise(coefficients)[0] - plane[8:40, 8:56]).max() < 1e-6


def test_the_transform_compacts_more_than_a_block_transform():
    """Coding gain for a first-order process of correlation 0.95; the DCT of 16 has 9.46 dB as published."""
    rows = transform.basis().astype(np.float64)
    correlation = 0.95 ** np.abs(np.subtract.outer(np.arange(32), np.arange(32)))
    variances = np.einsum("un,nm,um->u", rows, correlation, rows)
    assert -10 * np.log10(variances).mean() > 9.7
