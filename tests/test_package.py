"""The wheel: built from a copy of the tree, installed into an empty folder, run from there."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests import pictures

ROOT = Path(__file__).resolve().parent.parent
NEEDED = ("nncodec", "weights", "pyproject.toml", "README.md", "LICENSE", "docs/nnc.1", "share")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel."""
    source, dist = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dist")
    for name in NEEDED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif (ROOT / name).exists():
            (source / name).parent.mkdir(exist_ok=True)
            shutil.copy(ROOT / name, source / name)
    code = "import sys; from setuptools import build_meta; print(build_meta.build_wheel(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", code, str(dist)], cwd=source, check=True, capture_output=True)
    (found,) = dist.glob("*.whl")
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
    assert "Requires-Dist: constriction" in metadata


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
