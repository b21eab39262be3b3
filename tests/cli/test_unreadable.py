"""Folders that may not be listed or searched: each is a failure of its own, and all else is done."""

import ctypes
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import PIL.Image
import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs capabilities, or permissions of Unix")

_DROP_FROM_BOUNDING_SET, _OVERRIDE, _SEARCH = 24, 1, 2


def obey() -> None:
    """Take from root what lets it read everything."""
    if os.geteuid() == 0:
        for capability in (_OVERRIDE, _SEARCH):
            ctypes.CDLL(None).prctl(_DROP_FROM_BOUNDING_SET, capability, 0, 0, 0)


def encode(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """``nnc encode`` by a user whom permissions bind."""
    command = [sys.executable, "-m", "nncodec", "encode", "-c", "jpeg", "-e", "1", "--restore", "none", *arguments]
    return subprocess.run(command, capture_output=True, check=False, text=True, preexec_fn=obey)


@pytest.fixture
def locked(here: Path) -> Iterator[Path]:
    """A folder with pictures, beside another of the same content, ``open``."""
    for folder in (here / "open", here / "locked"):
        (folder / "sub").mkdir(parents=True)
        for name in ("a.png", "b.png", "name without suffix"):
            PIL.Image.new("L", (8, 8)).save(folder / name, "PNG")
    yield Path("locked")
    Path("locked").chmod(0o755)


@pytest.mark.parametrize("jobs", ["1", "2"])
@pytest.mark.parametrize("output", [[], ["-o", "out"]])
def test_a_folder_that_may_not_be_read(locked: Path, jobs: str, output: list[str]) -> None:
    locked.chmod(0)
    ran = encode("-r", "locked", "open", "-j", jobs, *output)
    assert (ran.returncode, ran.stderr.count("error")) == (1, 1), ran.stderr
    assert "nnc: error: locked: permission denied\n" in ran.stderr
    assert "nnc: 3 done, 1 failed" in ran.stderr
    assert {path.name for path in Path(*output[1:] or ["open"]).glob("*.nnc")} >= {"a.nnc", "b.nnc"}


def test_a_dry_run_says_so_too(locked: Path) -> None:
    locked.chmod(0)
    ran = encode("-r", "locked", "open", "--dry-run")
    assert ran.returncode == 1
    assert "nnc: error: locked: permission denied\n" in ran.stderr
    assert "nnc: 3 planned, 1 failed" in ran.stderr


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_folder_that_may_be_listed_but_not_searched(locked: Path, jobs: str) -> None:
    locked.chmod(0o600)
    ran = encode("-r", "locked", "open", "-j", jobs)
    assert ran.returncode == 1, ran.stderr
    assert "nnc: error: locked/a.png: permission denied" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert "open/b.png -> open/b.nnc" in ran.stderr


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_file_in_a_folder_that_may_not_be_searched(locked: Path, jobs: str) -> None:
    locked.chmod(0)
    ran = encode("locked/a.png", "open/b.png", "open/a.png", "-o", "out", "-j", jobs)
    assert ran.returncode == 1
    assert "open/b.png -> out/b.nnc" in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_an_output_folder_that_may_not_be_searched(locked: Path, jobs: str) -> None:
    locked.chmod(0)
    ran = encode("open/a.png", "open/b.png", "-o", "locked/out/", "-j", jobs)
    assert ran.returncode == 1
    assert ran.stderr.endswith("nnc: 2 failed\n")
    assert "Traceback" not in ran.stderr
