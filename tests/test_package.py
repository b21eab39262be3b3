"""Wheel and source distribution: built from a copy of the tree, installed or unpacked, and run from there."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests import pictures

ROOT = Path(__file__).resolve().parent.parent
NEEDED = ("nncodec", "weights", "pyproject.toml", "README.md", "LICENSE", "docs", "share")
REST = (".ci", ".gitignore", "CHANGELOG.md", "CONTRIBUTING.md", "MANIFEST.in", "Makefile", "examples", "experiments")
REST += ("mkdocs.yml", "results", "tests", "tools")


def build(kind: str, names: tuple[str, ...], source: Path, dist: Path) -> Path:
    """Copy files and folders of the checkout, and build a wheel or an sdist of the copy."""
    for name in names:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif (ROOT / name).exists():
            (source / name).parent.mkdir(exist_ok=True)
            shutil.copy(ROOT / name, source / name)
    code = f"import sys; from setuptools import build_meta; print(build_meta.build_{kind}(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", code, str(dist)], cwd=source, check=True, capture_output=True)
    (found,) = dist.iterdir()
    return found


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel."""
    return build("wheel", NEEDED, tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the source distribution unpacks to."""
    folder = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(
        build("sdist", NEEDED + REST, tmp_path_factory.mktemp("tree"), tmp_path_factory.mktemp("d"))
    ) as tar:
        tar.extractall(folder, filter="data")
    (found,) = folder.iterdir()
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder it is installed in."""
    if subprocess.run([sys.executable, "-m", "pip", "--version"], capture_output=True, check=False).returncode:
        pytest.skip("pip is not installed")
    target = tmp_path_factory.mktemp("installed")
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "-q",
        "--no-deps",
        "--no-index",
        "--target",
        str(target),
        str(wheel),
    ]
    subprocess.run(command, check=True, capture_output=True)
    return target


def nnc(installed: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """``python -m nncodec`` from the installed wheel and from nowhere else."""
    environment = os.environ | {"PYTHONPATH": str(installed), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "nncodec", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_it_holds_the_package_and_nothing_of_the_workshop(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {
        "nncodec/__init__.py",
        "nncodec/py.typed",
        "nncodec/codecs/avif/__init__.py",
        "nncodec/cli/verbs/encode.py",
    } <= set(names)
    tops = {name.split("/")[0] for name in names}
    assert tops - {"nncodec"} == {name for name in tops if name.endswith((".dist-info", ".data"))}
    assert {name.split("/", 1)[1] for name in names if ".data/" in name} == {
        "data/share/man/man1/nnc.1",
        "data/share/mime/packages/nnc.xml",
        "data/share/thumbnailers/nnc.thumbnailer",
    }
    for path in (ROOT / "nncodec").rglob("*.py"):
        assert path.relative_to(ROOT).as_posix() in names


def test_it_holds_the_pages_as_they_are(wheel: Path) -> None:
    parts = [path for suffix in ("html", "css", "js") for path in (ROOT / "nncodec" / "pages").glob(f"*.{suffix}")]
    assert len(parts) > 6
    with zipfile.ZipFile(wheel) as archive:
        for path in parts:
            assert archive.read(path.relative_to(ROOT).as_posix()) == path.read_bytes()


def test_it_holds_every_weight_file(wheel: Path) -> None:
    files = [path for path in (ROOT / "weights").rglob("*") if path.is_file()]
    if not (ROOT / "weights" / "manifest.toml").exists():
        pytest.skip("no weights yet")
    with zipfile.ZipFile(wheel) as archive:
        held = {name.rsplit("/", 1)[-1]: archive.read(name) for name in archive.namelist() if "weights" in name}
    for path in files:
        assert held[path.name] == path.read_bytes()


def test_it_says_what_it_is(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (metadata,) = (archive.read(name).decode() for name in archive.namelist() if name.endswith("/METADATA"))
        (entries,) = (archive.read(name).decode() for name in archive.namelist() if name.endswith("entry_points.txt"))
    assert "nnc = nncodec.cli:main" in entries
    assert "Requires-Python: >=3.10" in metadata
    assert "Name: nnc-image\n" in metadata
    needed = [line for line in metadata.splitlines() if line.startswith("Requires-Dist") and "extra ==" not in line]
    assert sorted(line.split()[1].split(">")[0] for line in needed) == [
        "click",
        "numpy",
        "pillow",
        "threadpoolctl",
        "tomli",
    ]
    assert "Provides-Extra: fast\n" in metadata


def test_it_says_under_which_licences_it_is(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {name.split("/licenses/")[1]: archive.read(name) for name in archive.namelist() if "/licenses/" in name}
    assert held == {name: (ROOT / name).read_bytes() for name in ("LICENSE", "weights/README.md")}


def test_the_training_pictures_are_counted(wheel: Path) -> None:
    """The rows of the table make the number in the text, and every file of weights names no more."""
    text = (ROOT / "weights" / "README.md").read_text(encoding="utf-8")
    stated = int(re.search(r"\*\*Trained on\*\* ([\d,]+) pictures", text)[1].replace(",", ""))
    assert sum(map(int, re.findall(r"\| (\d+) \|$", text, re.M))) == stated
    manifest = (ROOT / "weights" / "manifest.toml").read_text(encoding="utf-8")
    assert {int(number) for number in re.findall(r"(\d+) pictures", manifest)} <= {stated, stated - 24}


def test_the_source_distribution_is_the_tree(unpacked: Path) -> None:
    for name in ("tests", "docs", "results", "weights", "examples", "tools", "nncodec"):
        here = {path.relative_to(ROOT) for path in (ROOT / name).rglob("*") if path.is_file()}
        kept = {path for path in here if "__pycache__" not in path.parts}
        assert {path for path in kept if not (unpacked / path).is_file()} == set()


def test_the_tests_of_the_source_distribution_run(unpacked: Path) -> None:
    chosen = ["tests/test_leb128.py", "tests/test_docs.py", "-k", "leb128 or links or codecs_and"]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *chosen]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    done = subprocess.run(
        command, cwd=unpacked, env=environment | {"PYTHONPATH": "."}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:]


def test_it_encodes_and_decodes_outside_the_checkout(installed: Path, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(pictures.file_of(pictures.photograph(24, 33), "PNG"))
    where = subprocess.run(
        [sys.executable, "-c", "import nncodec; print(nncodec.__file__)"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert where.stdout.startswith(str(installed))
    for arguments in (
        ["encode", "a.png", "-q", "100"],
        ["test", "a.nnc"],
        ["decode", "a.nnc", "-o", "b.png"],
        ["codecs"],
        ["compare", "a.png", "b.png"],
    ):
        result = nnc(installed, tmp_path, *arguments)
        assert result.returncode == 0, result.stderr
    assert "equal" in result.stdout
