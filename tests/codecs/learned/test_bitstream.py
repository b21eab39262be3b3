"""The format page suffices: a second decoder reads the same symbols and reconstructs the same picture."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nncodec.codec import Frame
from nncodec.codecs.learned import CODEC
from nncodec.codecs.learned.change import Change, ChangeHead, shape_of
from nncodec.codecs.learned.latent_encoder import PRICE_FACTOR, LatentEncoder
from nncodec.codecs.learned.payload import LearnedPayload
from nncodec.errors import CorruptFile
from nncodec.lapped.model import matrix_of, own_colours, to_planes
from tests import pictures
from tests.codecs.learned import second_decoder
from tests.lapped import tiny_lapped
from tests.lapped.agreement import check_golden, check_payload

GOLDEN = sorted((Path(__file__).parents[2] / "golden" / "learned").glob("*-[acd]*.nnc"))
"""Files that adapt, and with colours of their own."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("weights")


@pytest.fixture
def tiny(folder):
    """The codec has tiny weights."""
    with tiny_lapped.installed(folder):
        yield


@pytest.mark.parametrize(
    ("shape", "quality", "own"),
    [
        ((19, 37, 3), 83, True),
        ((20, 9, 3), 130, False),
        ((5, 5), 0, False),
        ((9, 140), 199, False),
        ((140, 11), 90, False),
        ((1, 1, 3), 60, False),
    ],
    ids=str,
)
def test_a_second_decoder_agrees(tiny, shape, quality, own):
    pixels = pictures.photograph(*shape[:2], 3 if len(shape) == 3 else 1)
    coder = LatentEncoder.of(tiny_lapped.model(tiny_lapped.LEARNED), quality, pixels)
    candidate = tiny_lapped.plain_candidate(coder, own_colours(pixels) if own else None)
    frame = Frame(shape[1], shape[0], 1 if len(shape) == 2 else 3)
    payload = coder.payload(candidate.own, candidate.units)
    check_payload(second_decoder.decoded, CODEC, payload, tiny_lapped.LEARNED, frame)


@pytest.mark.parametrize(
    ("shape", "quality", "own"), [((19, 37, 3), 83, True), ((40, 70), 120, False), ((5, 5, 3), 190, False)], ids=str
)
def test_a_second_decoder_agrees_on_what_adapts(tiny, shape, quality, own):
    pixels, planes = pictures.photograph(*shape[:2], 3 if len(shape) == 3 else 1), 3 if len(shape) == 3 else 1
    model = tiny_lapped.model(tiny_lapped.LEARNED)
    coder = LatentEncoder.of(model, quality, pixels)
    colours = own_colours(pixels) if own else None
    latent = [coder.latent(plane, at) for at, plane in enumerate(to_planes(coder.pixels, matrix_of(colours)))]
    units, _ = coder.code(latent, PRICE_FACTOR, adaptive=True)
    rng, outputs = np.random.default_rng(0), shape_of(model.arrays, planes)
    change = Change(ChangeHead(7, (12, 3, 40)[:planes]), np.rint(rng.laplace(0, 1, outputs)).astype(np.int32))
    frame = Frame(shape[1], shape[0], planes)
    payload = coder.payload(colours, units, adaptive=True, change=change)
    check_payload(second_decoder.decoded, CODEC, payload, tiny_lapped.LEARNED, frame)


def test_there_are_golden_files():
    assert GOLDEN


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_a_second_decoder_reads_golden_files(path):
    check_golden(second_decoder.decoded, CODEC, path)


@given(st.binary(max_size=40), st.sampled_from([1, 2]))
def test_payloads_have_one_spelling(data, units):
    """Whatever parse accepts, serialize writes back byte for byte."""
    try:
        found = LearnedPayload.parse(data, units, "learned")
    except CorruptFile:
        return
    assert found.serialize() == data


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "0 bytes"),
        (bytes([32, 0, 0, 0, 1, 1, 0, 0]), "model number 32"),
        (bytes([1, 201, 0, 0, 1, 1, 0, 0]), "quality index 201"),
        (bytes([1, 0, 0, 0, 0, 1, 0, 0]), "groups"),
        (bytes([1, 0, 0, 0, 1, 16, 0, 0]), "groups"),
        (bytes([1, 0, 0, 0, 1, 1, 8, 0]), "flags"),
        (bytes([1, 0, 0, 0, 1, 1, 4, 9, 0, 0]), "cut short"),
        (bytes([1, 0, 0, 0, 1, 1, 4, 25, 0, 0, 0, 0]), "change"),
        (bytes([1, 0, 0, 0, 1, 1, 4, 24, 0, 64, 0, 0]), "change"),
        (bytes([1, 0, 0, 0, 1, 1, 1, *[0] * 9, 0]), "determinant"),
        (bytes([1, 0, 0, 0, 1, 1, 0, 9]), "escapes"),
    ],
)
def test_impossible_payloads_are_refused(data, message):
    with pytest.raises(CorruptFile, match=message):
        LearnedPayload.parse(data, 2, "learned")


def test_gray_has_no_colours_of_its_own():
    with pytest.raises(CorruptFile, match="flags"):
        LearnedPayload.parse(bytes([1, 0, 0, 0, 1, 1, *[0] * 9, 0]), 1, "learned")
