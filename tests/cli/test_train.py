"""``nnc train``: one command for each family that can be trained, made of what the family declares."""

import json
import sys
from collections.abc import Callable
from dataclasses import MISSING, fields
from importlib import import_module
from pathlib import Path

import pytest

from nncodec import codecs
from nncodec.cli.verbs.train import _families
from nncodec.training.options import RESUME, THREADS
from tests.conftest import Ran
from tests.test_architecture import COMMAND, imported

Nnc = Callable[..., Ran]

TOY_OPTIONS = """
from pathlib import Path
from nncodec.training.options import RESUME, SEED, Option, Training, minutes

TRAINING = Training(
    "Train a toy.", "Train a toy, for this test.", "Folder of the toy.",
    (minutes("Of play."), RESUME, Option("late_crop", int, 9, "A side.", 2, 20), Option("rate", float, 0.5),
     Option("soft", bool, False, "Be soft.", opposite="hard"), Option("weights", Path, None, "A file."), SEED),
)
"""
TOY_RECIPE = """
import dataclasses, json
from pathlib import Path

@dataclasses.dataclass
class Hyperparameters:
    minutes: float
    late_crop: int
    rate: float
    soft: bool
    weights: Path | None
    seed: int

def learn(folders, folder, settings, resume):
    Path("learned.json").write_text(json.dumps([folders, folder, dataclasses.asdict(settings), resume], default=str))
"""


@pytest.fixture
def toy(here: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A family in a folder beside the package's own."""
    package = here / "more" / "toy"
    package.mkdir(parents=True)
    for name, text in (("__init__", ""), ("options", TOY_OPTIONS), ("recipe", TOY_RECIPE)):
        (package / f"{name}.py").write_text(text)
    monkeypatch.setattr(codecs, "__path__", [*codecs.__path__, str(package.parent)])
    for name in ("", ".options", ".recipe"):
        monkeypatch.setitem(sys.modules, f"nncodec.codecs.toy{name}", None)  # so that the real one goes with the test
        del sys.modules[f"nncodec.codecs.toy{name}"]
    return package


def test_a_family_with_a_recipe_has_a_command_and_nothing_else_was_changed(nnc: Nnc, toy: Path) -> None:
    assert "toy         Train a toy." in nnc("train", "--help").out
    arguments = ("--data", ".", "--minutes", "0.5", "--late-crop", "20", "--soft", "--resume")
    assert nnc("train", "toy", *arguments, "--weights", toy / "recipe.py").code == 0
    expected = {
        "minutes": 0.5,
        "late_crop": 20,
        "rate": 0.5,
        "soft": True,
        "weights": str(toy / "recipe.py"),
        "seed": 0,
    }
    assert json.loads(Path("learned.json").read_text()) == [["."], "runs/toy", expected, True]
    assert nnc("train", "toy", "--data", ".", "--minutes", "1", "--hard", "--seed", "7", "-o", "x").code == 0
    folders, output, settings, resume = json.loads(Path("learned.json").read_text())
    assert (output, settings["soft"], settings["weights"], settings["seed"], resume) == ("x", False, None, 7, False)


@pytest.mark.parametrize(
    "arguments",
    [
        ["--data", "."],
        ["--minutes", "1"],
        ["--data", ".", "--minutes", "0"],
        ["--data", ".", "--minutes", "1", "--late-crop", "21"],
        ["--data", ".", "--minutes", "1", "--weights", "missing"],
    ],
    ids=" ".join,
)
def test_wrong_usage_does_not_begin_to_train(nnc: Nnc, toy: Path, arguments: list[str]) -> None:
    assert nnc("train", "toy", *arguments).code == 2
    assert not Path("learned.json").exists()


def test_ctrl_c_says_how_to_go_on(nnc: Nnc, toy: Path) -> None:
    recipe = toy / "recipe.py"
    interrupted = TOY_RECIPE.partition("def learn")[0] + (
        "def learn(folders, folder, settings, resume):\n"
        "    folder.mkdir(parents=True)\n"
        "    (folder / 'state.npz').touch()\n"
        "    raise KeyboardInterrupt\n"
    )
    recipe.write_text(interrupted)
    ran = nnc("train", "toy", "--data", ".", "--minutes", "1")
    assert ran.code == 130
    assert "--resume goes on from there" in ran.err


def test_an_unknown_family_is_a_wrong_usage(nnc: Nnc, here: Path) -> None:
    result = nnc("train", "webp", "--data", ".", "--minutes", "1")
    assert (result.code, "webp" in result.err) == (2, True)


@pytest.mark.parametrize(("name", "package"), sorted(_families().items()))
def test_options_are_hyperparameters_with_their_defaults(name: str, package: str) -> None:
    pytest.importorskip("torch")
    known = {field.name: field.default for field in fields(import_module(f"{package}.recipe").Hyperparameters)}
    for option in import_module(f"{package}.options").TRAINING.options:
        if option not in (RESUME, THREADS):
            assert option.name in known
            default = None if known[option.name] is MISSING else known[option.name]
            assert option.default == default, option.name


def test_every_recipe_has_options() -> None:
    found = {path.parent.name for path in Path(codecs.__file__).parent.parent.glob("*/*/recipe.py")}
    assert found == set(_families())


@pytest.mark.parametrize("line", [["train", "--help"], ["train", "learned", "--help"]])
def test_help_imports_no_torch(tmp_path: Path, line: list[str]) -> None:
    assert "torch" not in imported(COMMAND, tmp_path, *line)
