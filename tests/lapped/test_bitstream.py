"""The documents of the lapped latent suffice: a second decoder reads the same symbols and the same picture."""

from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from nncodec.codec import Frame
from nncodec.codecs.ccnn import CODEC as CCNN
from nncodec.codecs.ccnn.encoder import Encoder
from nncodec.container import parse
from nncodec.lapped.encoder import LatentEncoder
from nncodec.lapped.layout import CHANNELS, TAPS
from nncodec.lapped.model import matrix_of, to_planes
from nncodec.nets import weights
from tests import pictures
from tests.lapped import second_decoder, tiny_lapped

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


def check(codec, payload: bytes, number: int, pixels: np.ndarray) -> None:
    """Both decoders agree, and the second finds the checksum of the file."""
    frame = Frame(pixels.shape[1], pixels.shape[0], 1 if pixels.ndim == 2 else 3)
    arrays = tiny_lapped.model(number).arrays
    checksum, found = second_decoder.decoded(payload, arrays, frame.width, frame.height, frame.channels)
    assert checksum == int.from_bytes(payload[2:4], "little")
    seen = codec.decode(payload, frame, "cpu")
    assert seen.shape == found.shape
    assert np.abs(seen - found.clip(0, 255)).max() < 0.51
    assert 0 < found.std() < 1000  # or the comparison would show nothing


def test_ccnn_with_filters_of_its_own(tiny):
    pixels = pictures.stripes(16, 24)
    coder = LatentEncoder.of(tiny_lapped.model(tiny_lapped.CCNN), 120, pixels)
    encoder = Encoder(coder)
    planes = encoder.shared(to_planes(pixels, matrix_of(None)))
    rng = np.random.default_rng(0)
    scales = rng.integers(0, 30, CHANNELS).astype(np.int32)
    planes[0].difference = np.rint(rng.laplace(0, 1, (CHANNELS, TAPS**2))).astype(np.int32), scales
    check(CCNN, encoder.payload(None, planes), tiny_lapped.CCNN, pixels)


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_golden_files(path):
    """With the weights that ship, to the pixels that were kept."""
    found = parse(path.read_bytes())
    width, height, planes = found.header.width, found.header.height, 3 if found.header.colour else 1
    arrays = weights.load(found.payload[0], "ccnn")
    checksum, pixels = second_decoder.decoded(found.payload, arrays, width, height, planes)
    assert checksum == int.from_bytes(found.payload[2:4], "little")
    with PIL.Image.open(path.with_suffix(".png")) as expected:
        assert np.abs(pixels.clip(0, 255) - np.asarray(expected)).max() < 0.51


def test_there_are_golden_files():
    assert GOLDEN
