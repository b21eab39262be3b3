"""The documents of the lapped latent suffice: a second decoder reads the same symbols and the same picture."""

from pathlib import Path

import numpy as np
import pytest

from nncodec.codec import Frame
from nncodec.codecs.ccnn import CODEC as CCNN
from nncodec.codecs.ccnn.encoder import Encoder
from nncodec.lapped.encoder import LatentEncoder
from nncodec.lapped.layout import CHANNELS, TAPS
from nncodec.lapped.model import matrix_of, to_planes
from tests import pictures
from tests.lapped import second_decoder, tiny_lapped
from tests.lapped.agreement import check_golden, check_payload

GOLDEN = sorted((Path(__file__).parents[1] / "golden" / "ccnn").glob("*-[cd]*.nnc"))
"""Files with filters that differ."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("weights")


@pytest.fixture
def tiny(folder):
    """Both codecs have tiny weights."""
    with tiny_lapped.installed(folder):
        yield


def test_ccnn_with_filters_of_its_own(tiny):
    pixels = pictures.stripes(16, 24)
    coder = LatentEncoder.of(tiny_lapped.model(tiny_lapped.CCNN), 120, pixels)
    encoder = Encoder(coder)
    planes = encoder.shared(to_planes(pixels, matrix_of(None)))
    rng = np.random.default_rng(0)
    scales = rng.integers(0, 30, CHANNELS).astype(np.int32)
    planes[0].difference = np.rint(rng.laplace(0, 1, (CHANNELS, TAPS**2))).astype(np.int32), scales
    payload = encoder.payload(None, planes)
    frame = Frame(pixels.shape[1], pixels.shape[0], 1)
    check_payload(second_decoder.decoded, CCNN, payload, tiny_lapped.CCNN, frame)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_golden_files(path):
    check_golden(second_decoder.decoded, CCNN, path)


def test_there_are_golden_files():
    assert GOLDEN
