"""A package that another distribution has overwritten says so."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LINE = (
    "another distribution has overwritten or removed files of nnc-image: "
    "pip uninstall nncodec, then install nnc-image again"
)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder of installed packages that holds a copy of this one."""
    shutil.copytree(ROOT / "nncodec", tmp_path / "nncodec", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def run(site: Path, code: str) -> subprocess.CompletedProcess[str]:
    """A fresh Python with that folder before all others."""
    environment = os.environ | {"PYTHONPATH": str(site), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, "-c", code], cwd=site, env=environment, capture_output=True, text=True, check=False
    )


COMMAND = "import sys; sys.argv = ['nnc', '--version']; from nncodec.cli import main; main()"


def test_a_sound_package_says_nothing(site: Path) -> None:
    done = run(site, COMMAND)
    assert (done.returncode, done.stderr) == (0, "")
    assert run(site, "import nncodec.api").stderr == ""


@pytest.mark.parametrize("foreign", ["", "def encode_model(parameters): ...\n", None])
def test_a_foreign_package_is_noticed_by_the_command(site: Path, foreign: str | None) -> None:
    """With an ``__init__`` of its own, or after its removal, which deleted ours."""
    if foreign is None:
        (site / "nncodec" / "__init__.py").unlink()
    else:
        (site / "nncodec" / "__init__.py").write_text(foreign)
    done = run(site, COMMAND)
    assert done.returncode == 0
    assert done.stderr == f"nnc: warning: {LINE}\n"


def test_a_foreign_package_is_noticed_by_the_functions(site: Path) -> None:
    (site / "nncodec" / "__init__.py").write_text("")
    done = run(site, "import nncodec.api")
    assert done.returncode == 0
    assert f"RuntimeWarning: {LINE}" in done.stderr


def test_the_distribution_has_the_name_that_messages_give() -> None:
    assert '\nname = "nnc-image"\n' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")
