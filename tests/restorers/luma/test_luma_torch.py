"""The network of the restorer `luma`: NumPy against torch, and its training."""

import json

import numpy as np
import PIL.Image
import pytest
from click.testing import CliRunner

torch = pytest.importorskip("torch", reason="torch, an extra of the package, is not installed")

from nncodec.cli.verbs.train import command
from nncodec.image.metrics import mse
from nncodec.nets import resnet_torch, weights
from nncodec.nets.quantised import restored
from nncodec.nets.resnet import UNIT, ArtifactNet
from nncodec.restorers.luma import recipe
from nncodec.training import data, loop, regions
from tests import own, pictures

torch.set_num_threads(1)


NETS = pytest.mark.parametrize(
    "trained",
    [lambda: resnet_torch.ArtifactNet(3, 2, 8, 2), lambda: resnet_torch.ArtifactNet(3, 4, 8, 1)],
    ids=["stride 2", "stride 4"],
)


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
    assert arrays["codecs"].tolist() == [1, 3, 4, 5, 16]
    own.check_restorer(runs / "x" / "weights.npz", "luma")
