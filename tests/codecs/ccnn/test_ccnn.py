"""The ccnn codec: differences of filters, training on the picture, weights that ship. The latent: test_lapped.py."""

from pathlib import Path

import numpy as np
import pytest

from nncodec.codec import Frame, Options
from nncodec.codecs.ccnn import CODEC, differences
from nncodec.codecs.ccnn.decoder import decode, filter_steps
from nncodec.codecs.ccnn.encoder import Encoder
from nncodec.container import parse
from nncodec.entropy.tables import logistic_tables
from nncodec.errors import CorruptFile
from nncodec.image.metrics import psnr
from nncodec.lapped.bitstream import Payload, Reader, Writer
from nncodec.lapped.encoder import PRICE, LatentEncoder
from nncodec.lapped.layout import CHANNELS, step_size
from tests import pictures
from tests.lapped import tiny_lapped

ROOT = Path(__file__).resolve().parents[3]
GOLDEN = sorted((ROOT / "tests" / "golden" / "ccnn").glob("*.nnc"))
TINY = tiny_lapped.model(tiny_lapped.CCNN)


def coded(pixels: np.ndarray, effort: int = 1) -> Payload:
    """A payload with the tiny model."""
    data = Encoder(LatentEncoder.of(TINY, 120, pixels)).best(effort)
    return Payload.parse(data, 1 if pixels.ndim == 2 else 3, "ccnn")


def cost(size: int, seen: np.ndarray, pixels: np.ndarray) -> float:
    """Bits and error, at the codec's price, at quality index 120."""
    error = np.square(seen.astype(float) - pixels).sum() * (3 if pixels.ndim == 2 else 1)
    return 8 * size + PRICE * error / step_size(120) ** 2


# --- differences of filters -----------------------------------------------------------------------------------------


def test_differences_come_back_and_cost_what_was_estimated():
    rng, tables = np.random.default_rng(0), logistic_tables()
    wanted = rng.normal(0, 1, (CHANNELS, 256)) * rng.uniform(0, 4, (CHANNELS, 1))
    symbols, scales, bits = differences.choose(wanted, np.full(CHANNELS, 8.0), tables)
    writer = Writer(tables, 7)
    differences.code_differences(symbols, scales, writer.code)
    checksum, escapes, words = writer.finish()
    assert 8 * (len(words) + len(escapes)) == pytest.approx(bits, rel=0.02)
    reader = Reader(tables, 7, checksum, escapes, words)
    nothing = np.zeros_like(symbols)
    assert np.array_equal(differences.code_differences(nothing, nothing[:, 0], reader.code), symbols)
    reader.finish()
    assert np.abs(symbols - wanted).max() < 1.01


def test_a_scale_outside_the_tables_is_refused():
    with pytest.raises(CorruptFile, match="scale"):
        differences.code_differences(
            np.zeros((2, 3), np.int32), np.array([3, 70], np.int32), lambda symbols, _: symbols
        )


def test_steps_of_filters_follow_the_energy_of_the_values():
    values = np.zeros((10, CHANNELS), np.int16)
    values[:, 1], values[:4, 2] = 16, 64  # energies 10 and 64, in symbols
    steps, energy = filter_steps(values)
    assert steps[:3].tolist() == [1.0, 0.25, 0.125]
    assert energy[:3].tolist() == [0, 10, 64]


def test_training_on_a_texture_pays_and_its_filters_travel():
    pixels = pictures.stripes(192, 192)
    plain, trained = coded(pixels), coded(pixels, effort=5)
    assert not any(plain.differing)
    assert all(trained.differing)
    costs = [cost(len(each.serialize()), decode(each, TINY, 192, 192, 1), pixels) for each in (plain, trained)]
    assert costs[1] < 0.99 * costs[0]


def test_where_training_does_not_pay_the_start_ships_alone():
    pixels = pictures.noise(16, 16)
    assert coded(pixels, effort=5) == coded(pixels, effort=4)


# --- the weights that ship ------------------------------------------------------------------------------------------


def test_more_effort_is_never_a_worse_trade():
    pixels, costs = pictures.photograph(32, 48), []
    for effort in (1, 2, 5):
        payload = CODEC.encode(pixels, Options(60, effort))
        costs.append(cost(len(payload), CODEC.decode(payload, Frame(48, 32, 3), "cpu"), pixels))
    slack = 64  # bits of the range coder's end, and pixels that saturate
    assert all(later <= earlier + slack for earlier, later in zip(costs, costs[1:], strict=False))


def test_real_weights_beat_the_untrained_start():
    pixels = pictures.photograph(96, 128)
    payload = CODEC.encode(pixels, Options(60, 1))
    found = CODEC.decode(payload, Frame(128, 96, 3), "cpu")
    assert psnr(pixels, found) > 33
    assert len(payload) < 0.97 * len(coded(pixels).serialize())


def test_a_golden_file_holds_filters_of_its_own():
    found = next(path for path in GOLDEN if "differing" in path.name)
    payload = parse(found.read_bytes()).payload
    assert Payload.parse(payload, 1, "ccnn").differing == (True,)
