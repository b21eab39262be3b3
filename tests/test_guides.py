"""The pages for users: their examples run from top to bottom, and their links lead where those of the repository do."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import PIL.Image
import pytest

from tests import pictures
from tests.quotes import unquoted
from tests.test_docs import ROOT, blocks, shell

DOCS = ROOT / "docs"
GUIDES = ("archive", "choosing", "index", "install", "kept", "million", "own-weights", "tutorial", "web")


def page(name: str) -> str:
    """A page in Markdown."""
    return (DOCS / f"{name}.md").read_text(encoding="utf-8")


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder with all that the pages speak of, its pictures small."""
    jpeg = pictures.file_of(pictures.photograph(96, 128), "JPEG", exif=b"Exif\0\0" + pictures.exif(6))
    (tmp_path / "photo.jpg").write_bytes(jpeg)
    for folder in ("examples", "photos/may", "runs/mine"):
        (tmp_path / folder).mkdir(parents=True)
    PIL.Image.fromarray(pictures.photograph(48, 64)).save(tmp_path / "examples" / "harbour.png")
    PIL.Image.fromarray(pictures.photograph(48, 64)).save(tmp_path / "photo.png")
    PIL.Image.fromarray(pictures.photograph(48, 64)).save(tmp_path / "photos" / "drawn.png")
    (tmp_path / "photos" / "may" / "a.jpg").write_bytes(jpeg)
    other = pictures.photograph(40, 56, seed=1)
    (tmp_path / "photos" / "B.JPG").write_bytes(pictures.file_of(other, "JPEG"))
    (shipped,) = (ROOT / "weights").glob("*-learned.npz")
    shutil.copy(shipped, tmp_path / "runs" / "mine" / "weights.npz")
    return tmp_path


def run_page(name: str, desk: Path) -> str:
    """Run all blocks of a page in their order, and return what they print on standard output."""
    said = ""
    for language, code in re.findall(r"^```(sh|python)\n(.*?)^```$", page(name), re.M | re.S):
        if language == "sh":
            ran = shell(f"set -e\n{code}", desk)
        else:
            variables = os.environ | {"PYTHONPATH": str(ROOT)}
            command = [sys.executable, "-c", code]
            ran = subprocess.run(command, cwd=desk, capture_output=True, text=True, check=False, env=variables)
        # exit code 1: the tutorial says that files which hold no JPEG count as failures of --original
        allowed = 1 if "--original" in code and language == "sh" else 0
        assert ran.returncode in (0, allowed), f"{code}\n{ran.stderr}"
        said += ran.stdout
    return said


@pytest.mark.parametrize("name", ["choosing", "own-weights", "web"])
def test_examples_run(name: str, desk: Path) -> None:
    run_page(name, desk)


def test_the_tutorial_ends_with_the_same_jpegs(desk: Path) -> None:
    (desk / "photos" / "drawn.png").unlink()
    assert "identical\n" in run_page("tutorial", desk)


def test_the_archive_gives_back_what_it_took(desk: Path) -> None:
    run_page("archive", desk)
    for name, back in (("photos/B.JPG", "back/B.jpg"), ("photos/may/a.jpg", "back/may/a.jpg")):
        assert (desk / name).read_bytes() == (desk / back).read_bytes()
    assert (desk / "archive" / "drawn.nnc").exists()


def test_the_plan_for_a_million_names_what_failed(desk: Path) -> None:
    (desk / "photos" / "may" / "bad.jpg").write_bytes(b"no picture")
    shells = blocks(page("million"), "sh")
    assert len(shells) == 3
    shell("\n".join(shells), desk)
    (listing,) = blocks(page("million"), "python")
    ran = subprocess.run([sys.executable, "-c", listing], cwd=desk, capture_output=True, text=True, check=True)
    assert [line.split()[0] for line in ran.stdout.splitlines()] == ["photos/may/bad.jpg"]
    assert {path.stem for path in (desk / "small").rglob("*.nnc")} == {"B", "a", "drawn"}


def test_the_page_on_installing_names_every_extra() -> None:
    declared = (ROOT / "pyproject.toml").read_text(encoding="utf-8").split("optional-dependencies]\n")[1]
    extras = re.findall(r"^(\w+) = \[", declared.split("\n[")[0], re.M)
    assert len(extras) > 5
    assert [extra for extra in extras if f"`{extra}`" not in page("install").split("| extra |")[1]] == []


@pytest.mark.parametrize("name", GUIDES)
def test_a_page_has_no_figure_of_its_own(name: str) -> None:
    assert unquoted(page(name)) == []


# --- reference and site ---------------------------------------------------------------------------------------------


def tool(name: str):
    """A script of tools/ as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_python_reference_is_up_to_date() -> None:
    assert page("python") == tool("python_reference").reference(), "run make docs"


def test_the_python_reference_has_every_public_name() -> None:
    import nncodec

    names = [name for name in nncodec.__all__ if not name.startswith("_")]
    assert [name for name in names if name not in page("python")] == []


def test_every_page_is_in_the_menu() -> None:
    menu = (ROOT / "mkdocs.yml").read_text(encoding="utf-8").split("\nnav:\n")[1]
    named = set(re.findall(r"([\w/.-]+\.md)$", menu, re.M))
    here = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}
    assert named == here | {"CHANGELOG.md", "CONTRIBUTING.md", "weights/README.md"}


@pytest.mark.parametrize(
    ("here", "link", "there"),
    [
        ("docs/index.md", "[a](choosing.md)", "[a](choosing.md)"),
        ("docs/format/avif.md", "[a](../results.md#kodak)", "[a](../results.md#kodak)"),
        ("docs/format/avif.md", "[a](../../CONTRIBUTING.md)", "[a](../CONTRIBUTING.md)"),
        ("CONTRIBUTING.md", "[a](docs/architecture.md)", "[a](architecture.md)"),
        ("docs/results.md", "[the table](../results/timing.tsv)", "the table (`results/timing.tsv`)"),
        ("docs/results.md", "[a](https://example.org/x)", "[a](https://example.org/x)"),
    ],
)
def test_links_of_the_repository_become_those_of_the_site(here: str, link: str, there: str) -> None:
    hooks = tool("site_hooks")
    assert hooks._link(hooks._LINK.match(link), here) == there
