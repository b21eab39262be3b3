"""``nnc train superres`` and ``nnc train generative``: a few steps, resumed, begun with weights, refused in time."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

torch = pytest.importorskip("torch", reason="torch, an extra of the package, is not installed")

import PIL.Image

from nncodec.cli.verbs.train import command
from nncodec.codecs.generative import recipe as generative
from nncodec.codecs.superres import recipe as superres
from nncodec.errors import EncodeError, UnsupportedFile
from nncodec.nets import stlpips_torch, weights
from nncodec.nets.quantised import restored
from nncodec.nets.resnet import Shape
from nncodec.nets.resnet_torch import ArtifactNet
from nncodec.painting import recipe
from nncodec.painting.crops_torch import noise_planes
from nncodec.painting.recipe import Hyperparameters, Painting, Recipe
from nncodec.painting.tasks import Task
from nncodec.pipeline.own_weights import layout_of
from nncodec.training import data, regions
from nncodec.training.loop import Guard, Run, Schedule
from nncodec.training.slim import slimming
from nncodec.training.state import Average
from tests import own, pictures
from tests.conftest import Ran

torch.set_num_threads(1)

TASKS = {"superres": superres.TASK, "generative": generative.TASK}
BOTH = pytest.mark.parametrize("name", TASKS)
TINY = Hyperparameters(minutes=0.01, width=6, blocks=1)
SMALL = ["--regions", "2", "--batch", "2", "--crop", "32", "--width", "6", "--blocks", "1"]


def distance(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """A distance of no features, for where the package of AlexNet's weights is not installed, and for time."""
    return (x - y).square().mean((1, 2, 3)) / 1000


@pytest.fixture
def few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of four pictures to train on, one family for superres, and as little validation as will do."""
    for number in range(4):
        PIL.Image.fromarray(pictures.photograph(192, 200, seed=number)).save(tmp_path / f"{number}.png")
    monkeypatch.setattr(data, "VALIDATION_PICTURES", 2)
    monkeypatch.setattr(regions, "SIDE", 64)
    monkeypatch.setattr(recipe, "VALIDATION_PICTURES", 1)
    monkeypatch.setattr(recipe, "VALIDATION_LEVELS", (20.0,))
    monkeypatch.setattr(recipe, "VALIDATION_SIDE", 64)
    avif = next(family for family in superres.TASK.families if family.name == "avif")
    monkeypatch.setattr(superres, "TASK", Task((replace(avif, range=replace(avif.range, share=1.0)),)))
    monkeypatch.setattr(recipe, "alex_distance", distance)
    monkeypatch.setattr(stlpips_torch, "weights", lambda network: {})
    return tmp_path


def train(name: str, few: Path, *arguments: object) -> None:
    done = CliRunner().invoke(
        command, [name, "--data", str(few), "-o", str(few / "x"), *SMALL, *map(str, arguments)], catch_exceptions=False
    )
    assert done.exit_code == 0, done.output


def thinner(name: str, few: Path, *arguments: object) -> None:
    own_options = ["slim", name, "--data", str(few), "-o", str(few / "y"), "--minutes", "1", *SMALL[:6]]
    done = CliRunner().invoke(command, [*own_options, *map(str, arguments)], catch_exceptions=False)
    assert done.exit_code == 0, done.output


def lively(task: Task, halvings: int, blocks: int = 2) -> weights.Arrays:
    """Weights of small networks in which no parameter is zero."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        shape = (len(task.families), 1, 6, blocks, 2**halvings, task.noise)
        model = Painting(ArtifactNet(*shape), ArtifactNet(*shape))
        for parameter in model.parameters():
            parameter.data += 0.05 * torch.randn_like(parameter)
    return recipe.arrays_of(dict(model.named_parameters()), task, halvings)


@BOTH
def test_a_run_trains_resumes_and_exports(name: str, few: Path) -> None:
    train(name, few, "--minutes", 0.01)
    train(name, few, "--minutes", 0.02, "--resume")
    first, *_, last = [json.loads(line) for line in (few / "x" / "log.jsonl").read_text().splitlines()]
    assert last["minutes"] >= first["minutes"]
    assert len(last["avif" if name == "superres" else "learned"]) == 6
    arrays = weights.read((few / "x" / "weights.npz").read_bytes())
    layout_of(name).check(arrays)
    own.check_codec(few / "x" / "weights.npz", name)
    for part in ("exact", "painted"):
        assert all(np.isfinite(value).all() for value in restored(arrays, part).values())


@pytest.mark.parametrize("given", [False, True])
@BOTH
def test_the_painting_network_goes_on_from_the_exact_one(name: str, given: bool, few: Path) -> None:
    """As far from it as in given weights. Each part learns in its own phase; the discriminator beside the painting."""
    task = superres.TASK if name == "superres" else generative.TASK
    model = Painting.new(task, TINY)
    run = Run(model, model.optimisers(1e-3), Schedule(60), few, Average(model, 0.5), Guard())
    original = np.stack([pictures.photograph(64, 64, seed=seed) for seed in range(2)])
    coded = regions.code_regions(original, np.zeros(2, np.int64), np.full(2, 9, np.float32), task.ranges, recipe.halve)
    assert coded.seen.shape == (2, 32, 32, 3)
    ahead = {"place": torch.full_like(model.exact.place.detach(), 0.25)} if given else {}
    made = Recipe(run, model, task, replace(TINY, batch=2, crop=32), coded, coded, ahead=ahead)
    turns = []
    for phase, share in enumerate((0.1, 0.5)):
        loss = made.loss(run.step, share)
        assert run.phase == phase
        if phase:
            exact = dict(model.exact.named_parameters())
            more = ahead.get("place", 0)
            wanted = {key: value + (more if key == "place" else 0) for key, value in exact.items()}
            assert all(torch.equal(value, wanted[key]) for key, value in model.painted.named_parameters())
        before = {key: value.detach().clone() for key, value in model.named_parameters()}
        run.learn(loss)
        turns.append(
            {key.split(".")[0] for key, value in model.named_parameters() if not torch.equal(before[key], value)}
        )
    assert turns == [{"exact"}, {"painted", "judge"}]


@BOTH
def test_both_have_a_command(name: str, nnc: Callable[..., Ran]) -> None:
    assert f"Train the generators of codec {name}." in nnc("train", "--help").out
    assert "stlpips-pytorch" in nnc("train", name, "--help").out


@BOTH
def test_a_run_without_the_weights_of_alexnet_is_refused_before_work(
    name: str, few: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(stlpips_torch, "find_spec", lambda package: None)
    stlpips_torch.weights.cache_clear()
    arguments = [name, "--data", str(few), "-o", str(few / "x"), "--minutes", "60"]
    with pytest.raises(UnsupportedFile, match=r"weights of stlpips-pytorch 0\.0\.2 are missing") as failure:
        CliRunner().invoke(command, arguments, catch_exceptions=False)
    assert failure.value.hint == "pip install stlpips-pytorch==0.0.2"
    assert not (few / "x").exists()
    assert not (few / "cache").exists()


@BOTH
def test_training_goes_on_from_its_own_weights(name: str, few: Path) -> None:
    """In no time, both networks come out as they went in, every family as itself."""
    task = TASKS[name]
    before = lively(task, 1, blocks=1)
    weights.write(few / "w.npz", before)
    again = Painting.new(task, Hyperparameters(minutes=0.01, width=6, blocks=1, weights=few / "w.npz"))
    for part in ("exact", "painted"):
        values = restored(before, part)
        for key, parameter in getattr(again, part).named_parameters():
            assert np.array_equal(parameter.detach().numpy(), values[key]), key


def test_networks_for_a_quarter_are_written_beside_those_for_half(few: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They begin with them; without them, and with those of other families, none are trained."""
    monkeypatch.setattr(superres, "QUARTER", superres.TASK)
    train("superres", few, "--minutes", 0.01)
    half = weights.read((few / "x" / "weights.npz").read_bytes())
    weights.write(few / "w.npz", half)
    for file in (few / "x").iterdir():
        file.unlink()
    train("superres", few, "--minutes", 0.01, "--halvings", 2, "--weights", few / "w.npz")
    both = weights.read((few / "x" / "weights.npz").read_bytes())
    layout_of("superres").check(both)
    assert all(np.array_equal(both[name], half[name]) for name in half)
    shapes = [Shape.of(restored(both, part)) for part in ("exact", "exact4", "painted4")]
    assert [shape.out for shape in shapes] == [2, 4, 4]
    own.check_codec(few / "x" / "weights.npz", "superres:avif/4")
    weights.write(few / "w.npz", {**half, "qualities": half["qualities"] + 1})
    for arguments in ((), ("--weights", few / "w.npz")):
        with pytest.raises(EncodeError, match="begin with those for half the size"):
            train("superres", few, "--minutes", 0.01, "--halvings", 2, *arguments)


@BOTH
def test_both_networks_become_thinner_alike(name: str, few: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What decoders mix is pruned by one measure, then trained on together and rounded to 8 bits."""
    monkeypatch.setattr(slimming, "_BATCHES", 2)
    monkeypatch.setattr(Run, "share", lambda self: min(1.0, self.step / 2))
    thinner(name, few)
    thin, before = weights.read((few / "y" / "weights.npz").read_bytes()), weights.load(weights.newest(name), name)
    layout_of(name).check(thin)
    for part in ("exact", "painted"):
        assert 2 * len(thin[f"{part}.enter.bias"]) == len(before[f"{part}.enter.bias"])
        assert thin[f"{part}.enter.weight"].dtype == np.int8
    own.check_codec(few / "y" / "weights.npz", name)


def test_networks_for_a_quarter_become_thinner_alone(few: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside those for half the size, which stay as they are; over two sittings."""
    monkeypatch.setattr(superres, "QUARTER", superres.TASK)
    monkeypatch.setattr(slimming, "_BATCHES", 2)
    before = lively(superres.TASK, 1) | lively(superres.TASK, 2)
    weights.write(few / "w.npz", before)
    for steps, resume in ((1, ()), (2, ("--resume",))):
        monkeypatch.setattr(Run, "share", lambda self, steps=steps: min(1.0, self.step / steps))
        thinner("superres", few, "--weights", few / "w.npz", "--halvings", 2, "--drop-blocks", 1, *resume)
    thin, unrounded = (weights.read((few / "y" / f"{name}.npz").read_bytes()) for name in ("weights", "unrounded"))
    layout_of("superres").check(thin)
    for part in ("exact", "painted"):
        assert all(np.array_equal(thin[name], before[name]) for name in before if name.startswith(f"{part}."))
        shape = Shape.of(restored(thin, f"{part}4"))
        assert (shape.width, shape.blocks, shape.out) == (3, 1, 4)
        assert thin[f"{part}4.leave.weight"].dtype == np.int8
        assert unrounded[f"{part}4.leave.weight"].dtype == np.int16
    assert len((few / "y" / "log.jsonl").read_text().splitlines()) == 2


@pytest.mark.parametrize(("start", "halvings"), [("superres", 2), ("compact", 1)])
def test_networks_that_a_file_lacks_cannot_become_thinner(start: str, halvings: int, few: Path) -> None:
    file = Path(str(weights.folder())) / weights.manifest()[weights.newest(start)].file
    with pytest.raises(EncodeError, match="holds no networks that paint what was halved"):
        thinner("superres", few, "--weights", file, "--halvings", halvings)
    assert not (few / "cache").exists()


@pytest.mark.parametrize("name", ["compact", "superres"])
def test_generative_begins_with_smaller_weights(name: str) -> None:
    """That know no noise: those of another number of families, too."""
    row = weights.manifest()[weights.newest(name)]
    file = Path(str(weights.folder())) / row.file
    model = Painting.new(generative.TASK, Hyperparameters(minutes=0.01, weights=file))
    found = Shape.of({key: value.detach().numpy() for key, value in model.painted.named_parameters()})
    assert (found.families, found.stride, found.out, found.width, found.noise) == (1, 1, 2, 48, 1)
    assert float(model.painted.enter.weight.detach()[:16, 3].abs().max()) == 0
    known = weights.load(row.number, name)
    family = known["codecs"].tolist().index(16 if name == "superres" else 5)
    old = restored(known, "exact" if name == "superres" else "rec")["bias.values"]
    assert np.array_equal(model.exact.bias.values.detach().numpy()[0, :, : old.shape[2]], old[family])


def test_weights_of_something_else_are_refused(tmp_path: Path) -> None:
    row = weights.manifest()[weights.newest("luma")]
    file = Path(str(weights.folder())) / row.file
    with pytest.raises(UnsupportedFile, match="weights of something else"):
        Painting.new(superres.TASK, Hyperparameters(minutes=0.01, weights=file))


def test_noise_in_training_is_that_of_the_decoder() -> None:
    """Uniform, of mean 0 and variance 1."""
    from nncodec.painting.noise import noise

    torch.manual_seed(0)
    drawn = noise_planes(4, 1, 128, 128)
    assert drawn.shape == (4, 1, 128, 128)
    decoded = noise((slice(0, 256), slice(0, 256)), 3)
    assert float(drawn.abs().max()) <= 3**0.5 + 1e-6
    quantiles = np.linspace(0.05, 0.95, 10)
    assert np.allclose(np.quantile(drawn.numpy(), quantiles), np.quantile(decoded, quantiles), atol=0.03)
