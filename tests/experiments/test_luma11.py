"""experiments/luma11.py: the network has the layers of the paper, works on luma alone, and can be trained."""

import json
from pathlib import Path
from types import ModuleType

import PIL.Image
import pytest

torch = pytest.importorskip("torch", reason="torch, an extra of the package, is not installed")

from nncodec.nets import weights
from nncodec.restorers.luma import recipe
from nncodec.training import data, loop
from tests import pictures
from tests.experiments import scripts

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def luma11() -> ModuleType:
    return scripts.load("luma11")


def test_network_has_the_layers_of_the_paper(luma11: ModuleType) -> None:
    kernels = {name: tuple(p.shape) for name, p in luma11.Luma11(4).named_parameters() if p.ndim == 4}
    widths = (1, 16, 14, 12, 11, 10, 9, 8)
    expected = {f"features.{i}.weight": (widths[i + 1], widths[i], 3, 3) for i in range(7)}
    expected |= {"a1.weight": (24, 80, 1, 1), "b1.weight": (8, 80, 1, 1), "b2.weight": (8, 8, 3, 3)}
    assert kernels == expected | {"leave.weight": (1, 32, 1, 1)}


@torch.no_grad()
def test_only_luma_is_read_and_changed_by_codec_and_level(luma11: ModuleType) -> None:
    torch.manual_seed(0)
    net = luma11.Luma11(2)
    for parameter in net.parameters():
        parameter.add_(0.05 * torch.randn_like(parameter))
    x, other = torch.randn(2, 1, 3, 24, 24)
    other[:, 0] = x[:, 0]
    family, level = torch.tensor([1]), torch.tensor([0.3])
    found = net(x, family, level)
    assert found[:, 0].abs().max() > 0.01
    assert not found[:, 1:].any()
    assert torch.equal(found, net(other, family, level))
    assert not torch.equal(found, net(x, torch.tensor([0]), level))
    assert not torch.equal(found, net(x, family, torch.tensor([0.9])))


def test_training_logs_gains_and_writes_weights(
    luma11: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        PIL.Image.fromarray(pictures.photograph(192, 200, seed=number)).save(tmp_path / f"{number}.png")
    monkeypatch.setattr(data, "VALIDATION_PICTURES", 2)
    monkeypatch.setattr(recipe, "VALIDATION_LEVELS", (4.0,))
    monkeypatch.setattr(recipe, "VALIDATION_SIDE", 32)
    monkeypatch.setattr(loop.Run, "share", lambda run: min(1.0, run.step / 2))
    settings = luma11.Hyperparameters(1, regions=6, batch=2, crop=32, gray=1.0, bfloat16=False)
    luma11.learn([tmp_path], tmp_path / "run", settings, False, luma11.network)
    (line,) = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text("utf-8").splitlines()]
    assert (line["step"], len(line["avif"])) == (2, 1)
    arrays = weights.read((tmp_path / "run" / "weights.npz").read_bytes())
    assert {name.removeprefix("net.") for name in arrays if name.endswith(".weight")} >= {"a1.weight", "b2.weight"}
