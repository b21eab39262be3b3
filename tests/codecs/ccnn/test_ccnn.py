"""The ccnn codec: a second decoder, exact pixels, payloads that no encoder writes, and training that pays."""

import struct
from pathlib import Path

import numpy as np
import PIL.Image
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nncodec import progress
from nncodec.codec import Frame, Options
from nncodec.codecs import by_name
from nncodec.codecs.ccnn import CODEC, autoencoder, bitstream, layout, synthesis
from nncodec.codecs.ccnn.encoder import Plan, encode
from nncodec.codecs.ccnn.layout import Shape
from nncodec.container import parse
from nncodec.entropy.tables import TOTAL
from nncodec.errors import CorruptFile, EncodeError
from nncodec.image.metrics import psnr
from tests import pictures
from tests.codecs.ccnn import second_decoder

GOLDEN = sorted((Path(__file__).parents[2] / "golden" / "ccnn").glob("*.nnc"))
PICTURE, FRAME = pictures.photograph(33, 40), Frame(40, 33, 3)


@pytest.fixture(scope="module")
def payload() -> bytes:
    return CODEC.encode(PICTURE, Options(40, effort=1))


# --- the format -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", [path for path in GOLDEN if path.stem[:6] not in ("rgb-20", "rgb-90")], ids=lambda path: path.stem
)
def test_a_second_decoder_finds_the_same_pixels(path):
    """Written from the document, in numbers of any length: not one sample may differ."""
    found = parse(path.read_bytes())
    planes = 3 if found.header.colour else 1
    checksum, pixels = second_decoder.decoded(found.payload, found.header.width, found.header.height, planes)
    assert checksum == int.from_bytes(found.payload[5:7], "little")
    with PIL.Image.open(path.with_suffix(".png")) as expected:
        assert np.array_equal(pixels.squeeze(), np.asarray(expected).squeeze())


def test_there_are_golden_files_of_both_kinds():
    leaks = [parse(path.read_bytes()).payload[2] for path in GOLDEN]
    assert {leak < 16 for leak in leaks} == {True, False}


def test_tables_are_distributions_of_their_mean():
    for expected, row in zip(layout.EXPECTED[:56], layout.tables().frequencies, strict=False):
        half = len(row) // 2 - 1
        mean = float((np.abs(np.arange(-half, half + 1)) * row[:-1]).sum()) / TOTAL
        assert mean == pytest.approx(float(expected) / 4096, rel=0.01, abs=1e-4)


@pytest.mark.parametrize("taps", sorted({stride * overlap for stride in layout.STRIDES for overlap in layout.OVERLAPS}))
def test_no_cosine_is_near_a_tie(taps):
    """So that every machine rounds it alike."""
    k = np.arange(taps)
    exact = 2**14 * np.sqrt(2 / taps) * np.cos(np.pi * (2 * k[None] + 1) * k[1:, None] / (2 * taps))
    assert np.abs(np.abs(exact - np.floor(exact)) - 0.5).min() > 1e-7
    assert np.array_equal(layout.cosines(taps)[1:], np.rint(exact))


def test_the_decoder_is_the_trained_network():
    """In floating point the same latent and weights give the same levels but for rounding."""
    rng = np.random.default_rng(0)
    shape = Shape(8, 2, 5)
    values = rng.integers(-9, 10, (5, 4, 6)).astype(np.int16)
    weights = rng.integers(-40, 41, (3, 5, 16, 16))
    powers = synthesis.exponents(values)
    exact = synthesis.filters(weights, powers, 3 << 7)
    pieces = autoencoder.from_frequencies((weights / 2.0 ** powers[None, :, None, None]).astype(np.float32), 8)
    blocks = autoencoder.synthesise(values.transpose(1, 2, 0).astype(np.float32), pieces) * 3
    planes = blocks.reshape(3, 5, 8, 8, 3).transpose(0, 2, 1, 3, 4).reshape(24, 40, 3)
    wanted = planes @ (synthesis.COLOURS / 4096).T + 128
    seen = synthesis.synthesise(values, synthesis.in_colour(exact), shape, 16, (40, 24))
    assert np.abs(seen - wanted.clip(0, 255)).max() < 0.6


# --- payloads that no encoder writes --------------------------------------------------------------------------------


@given(st.binary(max_size=60), st.sampled_from([1, 3]))
def test_a_payload_has_one_spelling(data, planes):
    try:
        parsed = bitstream.Payload.parse(data, planes)
    except CorruptFile:
        return
    assert parsed.serialize() == data


@pytest.mark.parametrize(
    ("place", "value"), [(0, 3), (0, 17), (1, 0), (1, 7), (2, 0), (2, 17), (7, 193)], ids=str
)  # fmt: skip
def test_impossible_headers_are_refused(payload, place, value):
    wrong = payload[:place] + (bytes([value]) if value < 128 else bytes([value & 127 | 128, 1])) + payload[place + 1 :]
    with pytest.raises(CorruptFile):
        CODEC.decode(wrong, FRAME, "cpu")


def test_more_weights_than_the_limit_are_refused_before_they_are_read():
    head = struct.pack("<BBBHH", 16, 6, 16, 100, 0)
    with pytest.raises(CorruptFile, match="96 x 96"):
        CODEC.decode(head + b"\x0f\0", Frame(1, 1, 3), "cpu")
    assert Shape(16, 6, 14).problem(3) is None


def test_a_huge_frame_is_refused_before_anything_is_allocated(payload):
    with pytest.raises(CorruptFile, match="too few|cannot hold"):
        CODEC.decode(payload, Frame(65535, 65535, 3), "cpu")


def test_no_changed_byte_gives_a_picture(payload):
    """By the structure, or the checksum of the symbols. The file's own checksum covers leak and step."""
    for place in (0, 1, *range(5, len(payload), max(1, len(payload) // 25))):
        damaged = bytearray(payload)
        damaged[place] ^= 1 << place % 8
        with pytest.raises(CorruptFile):
            CODEC.decode(bytes(damaged), FRAME, "cpu")


@settings(max_examples=15)
@given(st.binary(max_size=80), st.integers(0, 192))
def test_only_our_errors(tail, channels):
    head = struct.pack("<BBBHH", 8, 2, 16, 500, 0)
    try:
        seen = CODEC.decode(head + bytes([channels & 127]) + tail, Frame(20, 10, 3), "cpu")
    except CorruptFile:
        return
    assert seen.shape == (10, 20, 3)


def test_deep_samples_are_refused():
    with pytest.raises(EncodeError, match="8 bits"):
        CODEC.encode(pictures.deep(8, 8), Options())
    with pytest.raises(CorruptFile, match="16 bits"):
        CODEC.decode(b"", Frame(4, 4, 1, 16), "cpu")


# --- training -------------------------------------------------------------------------------------------------------


def cost(data: bytes, pixels: np.ndarray, step: float) -> float:
    """Bits, and the squared error at the price of the codec."""
    frame = Frame(pixels.shape[1], pixels.shape[0], 1 if pixels.ndim == 2 else 3)
    error = np.square(CODEC.decode(data, frame, "cpu").astype(float) - pixels).sum()
    return 8 * len(data) + 8 * error / step**2


def test_training_pays():
    """On slanted stripes, which no lapped cosine fits."""
    pixels = pictures.stripes(128, 128)
    costs = [cost(encode(pixels, Plan(20.0, steps, 2)), pixels, 20.0) for steps in (0, 120)]
    assert costs[1] < 0.97 * costs[0]


@pytest.mark.parametrize("channels", [1, 3])
def test_the_published_form_learns_from_nothing(channels):
    """All weights begin by chance, and the leaky ReLU bends; more training makes fewer bits and less error of it."""
    pixels = pictures.photograph(64, 96, channels)
    frame, step = Frame(96, 64, channels), Plan.of(20, 1).step
    costs = []
    for effort in (1, 5):
        data = by_name("ccnn:plain").encode(pixels, Options(20, effort))
        assert bitstream.Payload.parse(data, channels).leak < layout.LEAK_ONE
        assert np.square(CODEC.decode(data, frame, "cpu").astype(float) - pixels).mean() < pixels.var() / 4
        costs.append(cost(data, pixels, step))
    assert costs[1] < 0.9 * costs[0]


def test_filters_of_the_published_form_are_as_large_as_its_name_says():
    pixels = pictures.photograph(64, 64)
    for form in CODEC.forms:
        taps = bitstream.Payload.parse(by_name(f"ccnn:{form}").encode(pixels, Options(5, 1)), 3).shape.taps
        assert form in ("plain", f"plain/{taps}")
        assert (form == "plain") == (taps == 16)


def test_a_form_that_there_is_not_is_an_error():
    with pytest.raises(EncodeError, match="no form 'plane'"):
        by_name("ccnn:plane")
    with pytest.raises(EncodeError, match="builds on no other"):
        by_name("jpeg:plain")


def test_the_transforms_are_adjoint():
    rng = np.random.default_rng(0)
    pieces = rng.normal(size=(3, 3, 4, 64)).astype(np.float32)
    latent, blocks = (rng.normal(size=shape).astype(np.float32) for shape in ((6, 7, 4), (4, 5, 64)))
    one = (autoencoder.synthesise(latent, pieces) * blocks).sum()
    other = (latent * autoencoder.adjoint(blocks, pieces)).sum()
    assert one == pytest.approx(other, rel=1e-4)
    weights = autoencoder.to_frequencies(pieces, 8)
    assert np.allclose(autoencoder.from_frequencies(weights, 8), pieces, atol=0.01)


@pytest.mark.parametrize(("stride", "overlap"), [(4, 1), (5, 2), (8, 2), (8, 3)])
def test_the_start_is_orthonormal(stride, overlap):
    """What it analyses comes back, away from the borders."""
    pixels = pictures.photograph(stride * 8, stride * 9)
    blocks = autoencoder.Blocks.of(pixels, stride, overlap, 1.0)
    pieces = autoencoder.from_frequencies(autoencoder.start(Shape(stride, overlap, 0), 3), stride)
    latent = autoencoder.analyse(blocks.padded, np.swapaxes(pieces, 2, 3))
    assert latent.shape[2] == 3 * stride**2
    again = autoencoder.synthesise(latent, pieces)
    assert np.abs(again - blocks.inner)[1:-1, 1:-1].max() < 0.1


def test_progress_is_reported_and_a_listener_may_stop_it():
    told = []

    def listen(what: str, done: int, rounds: int) -> None:
        told.append((what, done, rounds))
        if done == 3:
            raise KeyboardInterrupt

    with progress.listening(listen), pytest.raises(KeyboardInterrupt):
        CODEC.encode(pictures.photograph(64, 64), Options(40, effort=3))
    assert told[-1] == ("training on the picture", 3, 64)


def test_more_effort_costs_less():
    pixels = pictures.stripes(96, 128)
    plans = [Plan.of(30, effort) for effort in (1, 5)]
    costs = [cost(encode(pixels, plan), pixels, plan.step) for plan in plans]
    assert costs[1] < costs[0]
    assert (
        psnr(pixels, CODEC.decode(encode(pixels, plans[0]), Frame(128, 96, 3 if pixels.ndim == 3 else 1), "cpu")) > 25
    )
