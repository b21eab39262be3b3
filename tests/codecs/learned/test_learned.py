"""The learned codec: synthesis by tiles and as trained, effort, weights that ship. The latent: test_lapped.py."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch, an extra of the package, is not installed")

from nncodec.codec import Frame, Options
from nncodec.codecs.learned import CODEC, recipe, synthesis
from nncodec.codecs.learned.latent_encoder import LatentEncoder
from nncodec.codecs.learned.model import LearnedModel
from nncodec.codecs.learned.payload import LearnedPayload
from nncodec.codecs.learned.synthesis import Synthesizer
from nncodec.container import parse
from nncodec.image.metrics import psnr
from nncodec.lapped import recipe as transforms
from nncodec.lapped.layout import CHANNELS, PLANES, STRIDE, TAPS, step_size
from nncodec.lapped.model import from_planes
from nncodec.lapped.rdoq import PRICE
from nncodec.lapped.transform import OPPONENT
from nncodec.nets import weights
from nncodec.nets.quantised import restored
from nncodec.nets.resnet import UNIT
from tests import pictures
from tests.lapped import tiny_lapped

ROOT = Path(__file__).resolve().parents[3]
GOLDEN = sorted((ROOT / "tests" / "golden" / "learned").glob("*.nnc"))
TINY = tiny_lapped.model(tiny_lapped.LEARNED)


def lively_values(planes: int, rows: int, columns: int) -> np.ndarray:
    """Values in 1/16 symbol, (planes, rows, columns, CHANNELS)."""
    rng = np.random.default_rng(0)
    return np.rint(rng.laplace(0, 24, (planes, rows, columns, CHANNELS))).astype(np.int16)


# --- synthesis ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def trained() -> tuple[recipe.LearnedNet, LearnedModel]:
    """A network as it is trained, and the same weights as they ship; both exactly these."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = recipe.LearnedNet(4, 8, 1)
        for parameter in (*model.net.parameters(), model.transform.synthesis):
            parameter.data += 0.05 * torch.randn_like(parameter)
    arrays = transforms.filters(model.transform) | recipe.network(model.net)
    shape = PLANES * CHANNELS, 1, TAPS, TAPS
    as_shipped = {
        "analysis": shape,
        "synthesis": shape,
    }
    with torch.no_grad():
        for name, size in as_shipped.items():
            getattr(model.transform, name).copy_(torch.from_numpy(arrays[name].astype(np.float32).reshape(size)))
    model.net.load_state_dict({name: torch.from_numpy(value) for name, value in restored(arrays, "net").items()})
    return model, LearnedModel(1, arrays)


@pytest.mark.parametrize("quality", [0, 77, 200])
def test_numpy_synthesises_what_was_trained(trained, quality):
    """But for the border, where training sees zeros and a picture its own samples again."""
    model, shipped = trained
    at = torch.tensor([float(quality)])
    planes = transforms.to_input(pictures.photograph(96, 120)[None])
    with torch.no_grad():
        symbols = torch.round(model.transform.latent(planes) / transforms.steps(at))  # (1, PLANES * CHANNELS, 12, 15)
        values = 16 * symbols.numpy().reshape(PLANES, CHANNELS, 12, 15).transpose(0, 2, 3, 1)
        decoded, step = model.decoded(symbols, at)
        added = model.net(decoded / UNIT, torch.zeros(1, dtype=torch.long), at / 200) * step
        expected = (decoded + added)[0].numpy()
        assert float((model.corrected(decoded, step, at) - decoded - added).abs().max()) < 0.05 * float(
            added.abs().max()
        )
    assert float(added.abs().max()) > step_size(quality) / 4
    assert float(step) == pytest.approx(step_size(quality))
    seen = Synthesizer(shipped, quality, OPPONENT).pixels(values.astype(np.int16), 120, 96)
    wanted = from_planes(list(expected), OPPONENT)
    inner = np.s_[12:-12, 12:-12]
    assert np.abs(seen[inner].astype(int) - wanted[inner]).max() <= 1
    assert (seen[inner] != wanted[inner]).mean() < 0.01
    assert wanted[inner].std() > 10


@pytest.mark.parametrize("planes", [1, 3])
def test_tiles_do_not_show(planes, monkeypatch):
    """The smallest tiles give the same picture, whatever is cut off at its end."""
    synthesizer, values = Synthesizer(TINY, 120, OPPONENT), lively_values(planes, 9, 13)
    whole = synthesizer.pixels(values, 101, 66)
    monkeypatch.setattr(synthesis, "equal_tiles", lambda *_: (16, 8))
    tiled = synthesizer.pixels(values, 101, 66)
    assert whole.shape == ((66, 101) if planes == 1 else (66, 101, 3))
    assert np.abs(whole.astype(int) - tiled).max() <= 1
    assert (whole != tiled).mean() < 0.01


@pytest.mark.parametrize("threads", [1, 3])
def test_threads_do_not_show(threads, monkeypatch):
    synthesizer, values = Synthesizer(TINY, 120, OPPONENT), lively_values(3, 9, 9)
    monkeypatch.setattr(synthesis, "equal_tiles", lambda *_: (24, 72))
    whole = synthesizer.pixels(values, 72, 72)
    monkeypatch.setenv("OMP_NUM_THREADS", str(threads))
    assert np.array_equal(synthesizer.pixels(values, 72, 72), whole)


def test_a_value_reaches_as_far_as_the_network_sees():
    """And no farther; the margin of the tiles rests on it."""
    synthesizer, values = Synthesizer(TINY, 60, OPPONENT), lively_values(3, 12, 3)
    changed = values.copy()
    changed[:, 6] += 200
    lines = np.flatnonzero((synthesizer.pixels(values, 24, 96) != synthesizer.pixels(changed, 24, 96)).any((1, 2)))
    reach = tiny_lapped.STRIDE * (2 * tiny_lapped.BLOCKS + 1) + 2 * STRIDE
    assert 6 * STRIDE - reach <= lines.min() < 6 * STRIDE - 8
    assert 7 * STRIDE + 8 <= lines.max() < 7 * STRIDE + reach


# --- the weights that ship ------------------------------------------------------------------------------------------


def test_a_golden_file_holds_colours_of_its_own():
    found = next(path for path in GOLDEN if "colours" in path.name)
    assert LearnedPayload.parse(parse(found.read_bytes()).payload, 2, "learned").colours


def test_more_effort_never_trades_worse():
    """Bits plus the price of the squared error, measured on the payload and the decoded picture."""
    pixels, costs = pictures.photograph(32, 48), []
    for effort in (1, 2, 3, 5):
        payload = CODEC.encode(pixels, Options(40, effort))
        error = np.square(CODEC.decode(payload, Frame(48, 32, 3), "cpu").astype(float) - pixels).sum()
        costs.append(8 * len(payload) + PRICE * error / step_size(80) ** 2)
    slack = 64  # bits of the range coder's end
    assert all(later <= earlier + slack for earlier, later in pairwise(costs))


@pytest.mark.parametrize("quality", [0, 40])
def test_as_many_bits_are_written_as_were_expected(quality, shipped):
    """Groups that are not coded cost nothing."""
    coder = LatentEncoder.of(shipped, quality, pictures.photograph(96, 80, seed=1))
    units = tiny_lapped.plain_candidate(coder).units
    assert min(unit.groups for unit in units) < 6
    words = LearnedPayload.parse(coder.payload(None, units), 2, "learned").words
    assert 8 * len(words) == pytest.approx(sum(unit.bits for unit in units), abs=64)


@pytest.fixture(scope="module")
def shipped() -> LearnedModel:
    number = weights.newest("learned")
    return LearnedModel(number, weights.load(number, "learned"))


def test_the_network_gains_on_the_transposed_convolution_alone(shipped):
    """By PSNR, at a quality where there is something to correct."""
    pixels = pictures.photograph(96, 128)
    candidate = tiny_lapped.plain_candidate(LatentEncoder.of(shipped, 60, pixels))
    corrected = Synthesizer(shipped, 60, OPPONENT).pixels(candidate.values, 128, 96)
    without = {name: array * 0 if name.startswith("net.leave") else array for name, array in shipped.arrays.items()}
    plain = Synthesizer(LearnedModel(0, without), 60, OPPONENT).pixels(candidate.values, 128, 96)
    assert psnr(pixels, corrected) > psnr(pixels, plain) + 0.1


def test_what_overflows_saturates(shipped):
    """The largest values, at the largest step: no warning, and samples that saturate."""
    values = np.where(np.random.default_rng(0).random((3, 2, 2, CHANNELS)) < 0.5, -32767, 32767).astype(np.int16)
    seen = Synthesizer(shipped, 0, OPPONENT).pixels(values, 16, 16)
    assert set(np.unique(seen)) >= {0, 255}


@pytest.mark.parametrize("level", [0, 255])
def test_black_and_white_come_out_nearly(level):
    pixels = np.full((40, 50, 3), level, np.uint8)
    seen = CODEC.decode(CODEC.encode(pixels, Options(60, effort=1)), Frame(50, 40, 3), "cpu")
    assert np.abs(seen.astype(int) - pixels).max() <= 2
