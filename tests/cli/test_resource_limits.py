"""Limits of the system on files and memory: an error for each file that meets one, and never half a result."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

import nncodec
from tests import pictures

resource = pytest.importorskip("resource", reason="no limits of resources on this system")

SMALL, LARGE = 16, 128
"""Sides of pictures, in pixels: of noise, the large one takes 48 kB as a PNG."""
LARGEST_FILE = 16_384


def limited(kind: int, value: int, *arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run nnc in a process with a limit."""
    command = [sys.executable, "-m", "nncodec", *map(str, arguments)]
    limit: Callable[[], None] = lambda: resource.setrlimit(kind, (value, value))  # noqa: E731
    return subprocess.run(command, cwd=cwd, preexec_fn=limit, capture_output=True, text=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder ``in`` with a small and a large file, and an empty one, ``out``."""
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    for name, side in (("large", LARGE), ("small", SMALL)):
        data = nncodec.encode(pictures.noise(side, side), "webp", 10, restore="none")
        (tmp_path / "in" / f"{name}.nnc").write_bytes(data)
    return tmp_path


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_file_that_becomes_too_large_is_a_failure_and_leaves_nothing(folder: Path, jobs: int) -> None:
    ran = limited(resource.RLIMIT_FSIZE, LARGEST_FILE, "decode", "-r", "in", "-o", "out", "-j", jobs, cwd=folder)
    assert ran.returncode == 1
    assert "Traceback" not in ran.stderr
    assert "large.nnc" in ran.stderr
    assert [path.name for path in (folder / "out").iterdir()] == ["small.png"]
    assert np.asarray(PIL.Image.open(folder / "out" / "small.png")).shape == (SMALL, SMALL, 3)


def test_the_file_that_was_there_stays_as_it_is(folder: Path) -> None:
    (folder / "out" / "large.png").write_bytes(b"before")
    ran = limited(
        resource.RLIMIT_FSIZE, LARGEST_FILE, "decode", "-f", "in/large.nnc", "-o", "out/large.png", cwd=folder
    )
    assert ran.returncode == 1
    assert [(path.name, path.read_bytes()) for path in (folder / "out").iterdir()] == [("large.png", b"before")]


def test_a_picture_that_needs_more_memory_than_there_is_is_a_failure(folder: Path) -> None:
    flat = nncodec.encode(pictures.flat(6000, 6000), "webp", 100, effort=1, restore="none")
    (folder / "in" / "a-flat.nnc").write_bytes(flat)
    ran = limited(resource.RLIMIT_AS, 300 << 20, "decode", "-r", "in", "-o", "out", "-j", 1, cwd=folder)
    assert ran.returncode == 1
    assert "a-flat.nnc: out of memory" in ran.stderr
    assert "Traceback" not in ran.stderr
    assert sorted(path.name for path in (folder / "out").iterdir()) == ["large.png", "small.png"]
