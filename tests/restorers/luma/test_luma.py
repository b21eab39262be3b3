"""The restorer `luma`: NumPy against torch, tiles, parameters in the file, gains and refusals."""

import contextlib
import json

import numpy as np
import PIL.Image
import pytest
import torch
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from nncodec.cli.verbs.train import command
from nncodec.codec import Options
from nncodec.codecs import by_name
from nncodec.container import Kind, parse
from nncodec.errors import CorruptFile, EncodeError, NncError, UnsupportedFile
from nncodec.image import Picture
from nncodec.image.metrics import mse
from nncodec.nets import resnet_torch, weights
from nncodec.nets.quantised import restored
from nncodec.nets.resnet import UNIT, ArtifactNet
from nncodec.pipeline import Settings, Target, decode, encode
from nncodec.pipeline.restoring import chosen
from nncodec.restorers import Task, luma
from nncodec.restorers.luma import recipe
from nncodec.training import data, loop, regions
from tests import pictures

torch.set_num_threads(1)

PHOTO = pictures.photograph(104, 136)
GRAY = pictures.photograph(104, 136, channels=1)
SMALL = pictures.photograph(40, 48)
NETS = pytest.mark.parametrize(
    "trained",
    [lambda: resnet_torch.ArtifactNet(3, 2, 8, 2), lambda: resnet_torch.ArtifactNet(3, 4, 8, 1)],
    ids=["stride 2", "stride 4"],
)


def seen(pixels: np.ndarray = PHOTO, codec: str = "jpeg", quality: float = 10) -> np.ndarray:
    """A picture as a codec returns it."""
    return decode(encode(Picture(pixels), Settings(codec, Options(quality), restore="none")).data).picture.pixels


def task(pixels: np.ndarray = PHOTO, codec: str = "jpeg", quality: float = 10) -> Task:
    """To restore it, in a file so large that bytes hardly count."""
    return Task(seen(pixels, codec, quality), pixels, by_name(codec).id, 10**6, 5)


def shipped(net: torch.nn.Module) -> tuple[weights.Arrays, torch.nn.Module]:
    """Lively weights as they ship, and the network with exactly these."""
    torch.manual_seed(0)
    for parameter in net.parameters():
        parameter.data += 0.05 * torch.randn_like(parameter)
    arrays = recipe.arrays_of(dict(net.named_parameters()))
    net.load_state_dict({name: torch.from_numpy(value) for name, value in restored(arrays, "net").items()})
    return arrays, net


@NETS
@pytest.mark.parametrize(("family", "level"), [(0, 0.0), (1, 0.31), (2, 1.0)])
def test_numpy_does_what_torch_trained(trained, family, level):
    arrays, trained = shipped(trained())
    ours = ArtifactNet(arrays)
    margin = -ours.halo % resnet_torch.BLOCK  # torch wants whole blocks
    wide = np.random.default_rng(1).normal(0, 40, (3, *(size + 2 * (ours.halo + margin) for size in (24, 40))))
    x = torch.from_numpy(wide.astype(np.float32))[None]
    with torch.no_grad():
        expected = trained(x / UNIT, torch.tensor([family]), torch.tensor([level]))[0].numpy() * UNIT
    cut = ours.halo + margin
    inner = np.s_[margin : wide.shape[1] - margin, margin : wide.shape[2] - margin]
    got = ours.correction(x[0].numpy().transpose(1, 2, 0)[inner], family, level)
    assert np.abs(expected).max() > 5
    assert np.allclose(got, expected[:, cut:-cut, cut:-cut].transpose(1, 2, 0), atol=2e-3)


def test_shipped_network_stays_below_20_kmac_per_pixel():
    arrays = weights.load(weights.newest("luma"), "luma")
    pixels = arrays["net.leave.bias"].size / 3  # at one position
    assert 5_000 < sum(kernel.size for kernel in arrays.values() if kernel.ndim == 4) / pixels < 20_000


@pytest.mark.parametrize("pixels", [PHOTO, GRAY], ids=["colour", "gray"])
def test_three_bytes_bring_jpeg_closer_to_the_original(pixels):
    job = task(pixels)
    parameters = luma.RESTORER.fit(job)
    assert len(parameters) == 3
    assert mse(luma.RESTORER.apply(job.seen, parameters, "cpu"), pixels) < 0.95 * mse(job.seen, pixels)


@pytest.mark.parametrize("shape", [(104, 136, 3), (61, 75, 3), (61, 75), (1, 1, 3), (3, 200)], ids=str)
def test_tiles_do_not_show(shape, monkeypatch):
    pixels = seen(pictures.photograph(*shape[:2], channels=3 if len(shape) == 3 else 1))
    parameters = bytes([weights.newest("luma"), 7, 0xA9 if len(shape) == 3 else 0x09])
    whole = luma.RESTORER.apply(pixels, parameters, "cpu")
    monkeypatch.setattr(luma, "equal_tiles", lambda *_: (32, 32))
    tiled = luma.RESTORER.apply(pixels, parameters, "cpu")
    assert whole.shape == shape
    assert np.abs(whole.astype(int) - tiled).max() <= 1
    assert (whole != tiled).mean() < 0.01


def test_strength_zero_changes_nothing_and_luma_leaves_chroma():
    pixels = seen()
    assert np.array_equal(luma.RESTORER.apply(pixels, bytes([50, 7, 0x00]), "cpu"), pixels)
    moved = luma.RESTORER.apply(pixels, bytes([50, 7, 0x08]), "cpu").astype(int) - pixels
    inside = ((pixels > 40) & (pixels < 215)).all(2)
    assert np.abs(moved[inside]).max() > 1
    assert np.ptp(moved[inside], axis=1).max() == 0  # the same for R, G and B


@pytest.mark.parametrize("codec", ["jpeg", "jpeg2000", "webp", "avif"])
def test_a_file_holds_it_if_it_pays_and_is_better_for_it(codec):
    plain = encode(Picture(PHOTO), Settings(codec, Options(15), restore="none"))
    whole = encode(Picture(PHOTO), Settings(codec, Options(15), restore="luma"))
    held = len(parse(whole.data).all(Kind.RESTORER))
    assert (whole.data == plain.data) if held == 0 else (whole.psnr > plain.psnr)
    assert len(whole.data) <= len(plain.data) + 16
    assert np.array_equal(decode(whole.data, restore=False).pixels, decode(plain.data).pixels)


def test_auto_is_luma_then_tuned():
    assert [r.name for r in chosen("auto")] == ["luma", "tuned"]
    assert [r.name for r in chosen("tuned+luma")] == ["tuned", "luma"]
    assert chosen("none") == []
    for wrong in ("luma+luma", "luma+", "Luma", "", "none+luma"):
        with pytest.raises(EncodeError):
            chosen(wrong)


def test_two_restorers_in_one_file():
    both = encode(Picture(SMALL), Settings("jpeg", Options(5), restore="tuned+luma"))
    one = encode(Picture(SMALL), Settings("jpeg", Options(5), restore="tuned"))
    assert both.psnr >= one.psnr
    assert decode(both.data).pixels.shape == SMALL.shape


def test_target_is_met_with_a_restorer():
    made = encode(Picture(SMALL), Settings("jpeg", target=Target(psnr=31.0), restore="luma"))
    assert made.psnr >= 31.0


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        (b"", CorruptFile),
        (b"\x32\x07", CorruptFile),
        (b"\x32\x07\x88\x00", CorruptFile),
        (b"\xff\x07\x88", UnsupportedFile),
        (b"\x20\x07\x88", UnsupportedFile),
    ],
)
def test_foreign_parameters_are_refused(parameters, error):
    with pytest.raises(error):
        luma.RESTORER.apply(seen(), parameters, "cpu")


def test_conditions_beyond_the_families_are_refused():
    number = weights.newest("luma")
    beyond = 41 * len(weights.load(number, "luma")["codecs"])
    luma.RESTORER.apply(seen(), bytes([number, beyond - 1, 0x88]), "cpu")
    with pytest.raises(CorruptFile, match="condition"):
        luma.RESTORER.apply(seen(), bytes([number, beyond, 0x88]), "cpu")
    with pytest.raises(CorruptFile, match="strengths"):
        luma.RESTORER.apply(seen(GRAY), bytes([number, 0, 0x18]), "cpu")


@settings(max_examples=40, deadline=None)
@given(parameters=st.binary(max_size=4), gray=st.booleans())
def test_any_bytes_give_pixels_or_a_clear_error(parameters, gray):
    pixels = pictures.photograph(9, 11, channels=1 if gray else 3)
    with contextlib.suppress(NncError):
        assert luma.RESTORER.apply(pixels, parameters, "cpu").shape == pixels.shape


def test_deep_gray_and_other_codecs_are_left_alone():
    deep = (GRAY.astype(np.uint16)) * 257
    assert luma.RESTORER.fit(Task(deep, deep, by_name("jpeg2000").id, 1000, 5)) is None
    with pytest.raises(CorruptFile, match="8 bits"):
        luma.RESTORER.apply(deep, bytes([50, 0, 8]), "cpu")
    assert luma.RESTORER.fit(Task(PHOTO, PHOTO, by_name("jpegfile").id, 1000, 5)) is None


def test_loss_is_the_share_of_the_error_that_is_left():
    rng = np.random.default_rng(0)
    pixels = torch.from_numpy(rng.normal(0, 50, (2, 3, 32, 32)).astype(np.float32))
    error = torch.from_numpy(rng.normal(0, 20, (2, 3, 32, 32)).astype(np.float32))
    gray = torch.tensor([False, True])

    def loss(added: torch.Tensor) -> np.ndarray:
        return recipe.relative_error(added, pixels, pixels + error, gray).numpy()

    assert np.allclose(loss(torch.zeros_like(error)), 1, atol=0.02)
    assert np.allclose(loss(0.5 * error), 0.25, atol=0.01)
    only_luma = error.clone()
    only_luma[:, 1:] = 0
    assert loss(only_luma)[1] < 1e-9
    assert loss(only_luma)[0] > 0.1


def test_regions_are_coded_worse_at_lower_levels():
    original = pictures.photograph(64, 64)
    for each in recipe.RANGES:
        errors = [mse(regions.code_region(original, each, level), original) for level in (0.0, 20.0, 40.0)]
        assert errors[0] > errors[1] > errors[2] > 0


def test_command_trains_resumes_and_exports(tmp_path, monkeypatch):
    for number in range(4):
        PIL.Image.fromarray(pictures.photograph(192, 200, seed=number)).save(tmp_path / f"{number}.png")
    monkeypatch.setattr(data, "VALIDATION_PICTURES", 2)
    monkeypatch.setattr(recipe, "VALIDATION_LEVELS", (4.0,))
    monkeypatch.setattr(recipe, "VALIDATION_SIDE", 32)
    runs = tmp_path / "runs"
    small = ["--regions", "6", "--batch", "2", "--crop", "32", "-o", str(runs / "x")]
    for steps, more in ((2, []), (5, ["--resume"])):
        monkeypatch.setattr(loop.Run, "share", lambda run, steps=steps: min(1.0, run.step / steps))
        more = ["--minutes", "1", *more]
        done = CliRunner().invoke(command, ["luma", "--data", str(tmp_path), *small, *more], catch_exceptions=False)
        assert done.exit_code == 0
    lines = [json.loads(line) for line in (runs / "x" / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [2, 5]
    assert len(lines[-1]["avif"]) == 1
    arrays = weights.read((runs / "x" / "weights.npz").read_bytes())
    assert ArtifactNet(arrays).families == len(recipe.RANGES)
    assert arrays["codecs"].tolist() == [1, 3, 4, 5, 16, 18]
