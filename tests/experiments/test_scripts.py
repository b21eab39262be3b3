"""The scripts in experiments/ still fit the package, and each is listed with what it makes."""

import runpy
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("matplotlib")

FOLDER = Path(__file__).parents[2] / "experiments"
SCRIPTS = sorted(FOLDER.glob("*.py"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_finds_what_it_imports(script: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(FOLDER))
    assert runpy.run_path(str(script), run_name="imported")["__doc__"]


def test_the_list_names_every_script_and_no_other() -> None:
    text = (FOLDER / "README.md").read_text("utf-8")
    assert {word.strip("`").rpartition("/")[2] for word in text.split() if word.strip("`").endswith(".py")} == {
        path.name for path in SCRIPTS
    }
