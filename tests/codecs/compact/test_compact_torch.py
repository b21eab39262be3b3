"""The networks of the codec `compact`: NumPy against torch, tiles, strengths, and their training."""

import json
from dataclasses import replace

import numpy as np
import PIL.Image
import pytest
from click.testing import CliRunner

torch = pytest.importorskip("torch", reason="torch, an extra of the package, is not installed")

from nncodec.cli.verbs.train import command
from nncodec.codec import Options
from nncodec.codecs import by_name
from nncodec.codecs import compact as codec
from nncodec.codecs.compact import networks as compact
from nncodec.codecs.compact import proxy_torch, recipe
from nncodec.codecs.compact.networks import CompactCondition, CompactNetworks
from nncodec.errors import CorruptFile
from nncodec.image.metrics import mse, psnr
from nncodec.image.scaling import downscale, halved, upscale
from nncodec.nets import weights
from nncodec.nets.quantised import restored
from nncodec.nets.resnet import UNIT, ArtifactNet
from nncodec.training import data, regions
from nncodec.training.loop import Guard, Run, Schedule
from nncodec.training.state import Average
from tests import own, pictures
from tests.codecs.compact.test_compact import GRAY, PHOTO, WEBP, frame_of

torch.set_num_threads(1)


TINY = recipe.Hyperparameters(minutes=0.01, width=6, blocks=1, com_width=4)


def seen(pixels: np.ndarray, base: str = "webp", quality: float = 10) -> np.ndarray:
    """The halved picture as a base codec returns it."""
    small = downscale(pixels, 1)
    return by_name(base).decode(by_name(base).encode(small, Options(quality)), frame_of(small), "cpu")


def tiny(lively: bool = True) -> tuple[CompactNetworks, recipe.ComRecNets]:
    """Small networks with random weights, or such as training starts from; in NumPy and in torch."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        pair = recipe.ComRecNets.new(TINY)
        if lively:
            for parameter in pair.parameters():
                parameter.data += 0.05 * torch.randn_like(parameter)
    arrays = recipe.arrays_of(dict(pair.named_parameters()))
    for part in ("com", "rec"):
        values = {name: torch.from_numpy(value) for name, value in restored(arrays, part).items()}
        getattr(pair, part).load_state_dict(values)
    return CompactNetworks(arrays), pair


@pytest.mark.parametrize(("stride", "out"), [(1, 2), (2, 4), (2, 1)])
@pytest.mark.parametrize(("family", "level"), [(0, 0.0), (2, 0.31)])
def test_numpy_does_what_torch_trained(stride, out, family, level):
    torch.manual_seed(0)
    net = recipe.ArtifactNet(3, stride, 8, 2, out)
    for parameter in net.parameters():
        parameter.data += 0.05 * torch.randn_like(parameter)
    arrays = recipe.arrays_of({f"rec.{name}": value for name, value in net.named_parameters()})
    net.load_state_dict({name: torch.from_numpy(value) for name, value in restored(arrays, "rec").items()})
    ours = ArtifactNet(arrays, "rec")
    margin = -ours.halo % 16
    cut = ours.halo + margin
    x = np.random.default_rng(1).normal(0, 40, (48 + 2 * cut, 32 + 2 * cut, 3)).astype(np.float32)
    with torch.no_grad():
        wide = net(torch.from_numpy(x).movedim(-1, 0)[None] / UNIT, torch.tensor([family]), torch.tensor([level]))
    expected = wide[0].movedim(0, -1).numpy() * UNIT
    inner = slice(cut * out // stride, -(cut * out // stride))
    got = ours.correction(x[margin : len(x) - margin, margin : x.shape[1] - margin], family, level)
    assert np.abs(expected).max() > 5
    assert got.shape == (48 * out // stride, 32 * out // stride, 3)
    assert np.allclose(got, expected[inner, inner], atol=2e-3)


@pytest.mark.parametrize("pixels", [PHOTO, GRAY], ids=["colour", "gray"])
def test_untrained_networks_only_scale(pixels):
    networks, _ = tiny(lively=False)
    small = networks.compact(pixels, CompactCondition(WEBP, 7))
    assert np.array_equal(small, downscale(pixels, 1))
    assert np.array_equal(
        networks.restore(small, *pixels.shape[:2], CompactCondition(WEBP, 7)), upscale(small, 75, 101, 1)
    )


@pytest.mark.parametrize("shape", [(200, 330, 3), (61, 75), (1, 1, 3), (1, 1), (3, 300, 3)], ids=str)
def test_tiles_do_not_show(shape, monkeypatch):
    networks, _ = tiny()
    pixels = pictures.photograph(*shape[:2], 3 if len(shape) == 3 else 1)
    condition = CompactCondition(WEBP, 13, 12, 5)
    small = networks.compact(pixels, condition)
    whole = networks.restore(small, *shape[:2], condition)
    assert small.shape == (halved(shape[0], 1), halved(shape[1], 1), *shape[2:])
    assert whole.shape == shape
    assert (whole != upscale(small, *shape[:2], 1)).any()
    monkeypatch.setattr(compact, "equal_tiles", lambda *_: (16, 16))
    for other, one in (
        (networks.compact(pixels, condition), small),
        (networks.restore(small, *shape[:2], condition), whole),
    ):
        assert np.abs(other.astype(int) - one).max() <= 1
        assert (other != one).mean() < 0.01


def test_strengths_scale_luma_and_chroma():
    networks, _ = tiny()
    small = seen(PHOTO)
    plain = upscale(small, 75, 101, 1)
    assert np.array_equal(networks.restore(small, 75, 101, CompactCondition(WEBP, 5, 0, 0)), plain)
    moved = networks.restore(small, 75, 101, CompactCondition(WEBP, 5, 8, 0)).astype(int) - plain
    inside = ((plain > 60) & (plain < 195)).all(2) & (np.abs(moved).max(2) < 50)
    assert np.abs(moved[inside]).max() > 1
    assert np.ptp(moved[inside], axis=1).max() == 0  # the same for R, G and B
    half = networks.restore(small, 75, 101, CompactCondition(WEBP, 5, 4, 0)).astype(int) - plain
    assert np.abs(2 * half - moved)[inside].max() <= 2


@pytest.mark.parametrize("pixels", [PHOTO, GRAY], ids=["colour", "gray"])
def test_strengths_are_those_of_least_error(pixels):
    networks, _ = tiny()
    small = seen(pixels)
    clean = networks.restore(small, 75, 101, CompactCondition(WEBP, 5, 6, 3 if pixels.ndim == 3 else 0))
    wanted = (0.75 * clean + 0.25 * pixels).round().astype(np.uint8)
    found = networks.fit_strengths(small, wanted, CompactCondition(WEBP, 5))
    errors = {}
    for luma in range(found.luma - 1, found.luma + 2):
        for chroma in range(max(0, found.chroma - 1), found.chroma + 2):
            moved = networks.restore(small, 75, 101, CompactCondition(WEBP, 5, luma, chroma))
            errors[luma, chroma] = mse(wanted, moved)
    assert (found.luma, found.chroma) == min(errors, key=errors.__getitem__)
    assert found.chroma > 0 or pixels.ndim == 2


def test_levels_follow_quality_and_stay_in_range():
    networks, _ = tiny()
    levels = [networks.condition(WEBP, quality).level for quality in range(101)]
    assert levels == sorted(levels)
    assert (levels[0], levels[-1]) == (0, compact.LEVELS)
    by = next(each for each in recipe.RANGES if each.codec.name == "webp")
    for level in range(compact.LEVELS + 1):
        assert networks.condition(WEBP, by.quality(level)).level == level


def test_up_scaling_in_torch_is_that_of_the_format():
    small = pictures.noise(24, 40)
    found = proxy_torch.upscale(torch.from_numpy(small).float().movedim(-1, 0)).movedim(0, -1).clamp(0, 255)
    assert np.abs(found.numpy() - upscale(small, 48, 80, 1)).max() <= 0.501


def test_the_dct_is_that_of_scipy():
    from scipy.fft import dctn

    planes = np.random.default_rng(0).normal(0, 40, (2, 3, 16, 24)).astype(np.float32)
    found = proxy_torch.block_dct(torch.from_numpy(planes)).numpy()
    block = dctn(planes[1, 2, 8:16, 16:24], norm="ortho")
    assert np.allclose(found[1, 2, 8:16, 16:24], block, atol=1e-3)


def test_the_proxy_rounds_and_counts():
    planes = torch.from_numpy(np.random.default_rng(0).normal(0, 40, (2, 3, 16, 24)).astype(np.float32))
    steps = torch.tensor([[1.0, 8.0, 30.0], [500.0, 0.01, 2.0]])
    found, bits = proxy_torch.proxy(planes, steps)
    whole = proxy_torch.block_dct(found) / steps[:, :, None, None]
    assert torch.allclose(whole, whole.round(), atol=0.02)
    assert found[1, 0].abs().max() == 0
    assert torch.allclose(found[1, 1], planes[1, 1], atol=0.05)
    assert proxy_torch.proxy(planes, 2 * steps)[1].lt(bits).all()


def test_steps_are_found_again():
    planes = torch.from_numpy(np.random.default_rng(0).normal(0, 60, (2, 3, 32, 32)).astype(np.float32))
    steps = torch.tensor([[4.0, 8.0, 32.0], [64.0, 16.0, 2.0]])
    assert torch.equal(proxy_torch.matching_steps(planes, proxy_torch.proxy(planes, steps)[0]), steps)


@pytest.fixture
def few(tmp_path, monkeypatch):
    """A folder of four pictures to train on, and as little validation as will do."""
    for number in range(4):
        PIL.Image.fromarray(pictures.photograph(192, 200, seed=number)).save(tmp_path / f"{number}.png")
    monkeypatch.setattr(data, "VALIDATION_PICTURES", 2)
    monkeypatch.setattr(regions, "SIDE", 64)
    monkeypatch.setattr(recipe, "VALIDATION_PICTURES", 1)
    monkeypatch.setattr(recipe, "VALIDATION_LEVELS", (20,))
    monkeypatch.setattr(recipe, "VALIDATION_SIDE", 32)
    return tmp_path


def test_command_trains_resumes_and_exports(few):
    small = ["--regions", "2", "--batch", "2", "--crop", "32", "--width", "6", "--blocks", "1", "-o", str(few / "x")]
    for more in (["--minutes", "0.01"], ["--minutes", "0.02", "--resume"]):
        done = CliRunner().invoke(command, ["compact", "--data", str(few), *small, *more], catch_exceptions=False)
        assert done.exit_code == 0, done.output
    log = [json.loads(line) for line in (few / "x" / "log.jsonl").read_text().splitlines()]
    assert log[-1]["minutes"] >= log[0]["minutes"]
    networks = CompactNetworks(weights.read((few / "x" / "weights.npz").read_bytes()))
    assert networks.codecs == [each.codec.id for each in recipe.RANGES]
    small_picture = networks.compact(PHOTO, CompactCondition(WEBP, 9))
    assert psnr(networks.restore(small_picture, 75, 101, CompactCondition(WEBP, 9)), PHOTO) > 20
    own.check_codec(few / "x" / "weights.npz", "compact")


def test_training_goes_on_from_weights(few):
    """RecCNN alone learns then; in no time, both come out as they went in."""
    networks, pair = tiny()
    weights.write(few / "shipped.npz", recipe.arrays_of(dict(pair.named_parameters())))
    command_line = ["compact", "--data", few, "--regions", 2, "--batch", 2, "--crop", 32, "--minutes", 1e-2]
    command_line += ["--weights", few / "shipped.npz", "--rate", 0, "-o", few / "x"]
    done = CliRunner().invoke(command, list(map(str, command_line)), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert {json.loads(line)["phase"] for line in (few / "x" / "log.jsonl").read_text().splitlines()} == {2}
    assert not (few / "x" / "round0").exists()
    again = CompactNetworks(weights.read((few / "x" / "weights.npz").read_bytes()))
    small, condition = seen(PHOTO), CompactCondition(WEBP, 9)
    expected = networks.restore(small, 75, 101, condition).astype(int)
    assert (expected != upscale(small, 75, 101, 1)).any()
    assert np.abs(again.restore(small, 75, 101, condition) - expected).max() <= 1


def test_networks_learn_by_turns(few):
    pair = recipe.ComRecNets.new(TINY)
    average = Average(pair, 0.5)
    run = Run(pair, recipe.optimisers(pair, 1e-3), Schedule(60), few, average, Guard())
    crops = recipe.data.load_pictures(sorted(few.glob("*.png")), few / "cache")
    made = recipe.Recipe(
        run, pair, replace(TINY, regions=2, batch=2, crop=32), crops, pictures.photograph(32, 32)[None]
    )
    turns = []
    for phase, share in enumerate((0.1, *TINY.ends[:-1])):
        loss = made.loss(run.step, share)  # a new turn starts from averages
        before = {name: value.detach().clone() for name, value in pair.named_parameters()}
        run.learn(loss)
        moved = {name.split(".")[0] for name, value in pair.named_parameters() if not torch.equal(before[name], value)}
        turns.append(moved)
        assert run.phase == phase
    assert turns == [{"com"} if number % 2 else {"rec"} for number in range(len(TINY.ends))]


def test_regions_are_made_and_coded_in_half_size():
    by = regions.CodecRange(by_name("webp"), 0, 80, 1.0)
    original = np.stack([pictures.photograph(64, 64, seed=seed) for seed in range(2)])
    coded = regions.code_regions(
        original,
        np.zeros(2, np.int64),
        np.array([0, 40], np.float32),
        (by,),
        lambda pixels, *_: downscale(pixels, 1),
    )
    assert coded.seen.shape == (2, 32, 32, 3)
    errors = [mse(downscale(whole, 1), small) for whole, small in zip(original, coded.seen, strict=True)]
    assert errors[0] > 2 * errors[1]


def test_a_base_that_the_model_does_not_know_is_refused(monkeypatch):
    networks, _ = tiny()
    networks.codecs.remove(WEBP)
    payload = by_name("compact:webp").encode(PHOTO, Options(10))
    monkeypatch.setattr(codec, "_networks", lambda model: networks)
    with pytest.raises(CorruptFile, match="no pictures of codec 4"):
        codec.CODEC.decode(payload, frame_of(PHOTO), "cpu")
