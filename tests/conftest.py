"""Hypothesis profiles, and the command as the tests of it run it.

``NNC_HYPOTHESIS=ci`` repeats the same cases every time, ``nightly`` tries many more.
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import PIL.Image
import pytest
from hypothesis import HealthCheck, settings

from tests import pictures

_SLOW_IS_FINE = [HealthCheck.too_slow, HealthCheck.data_too_large]

settings.register_profile("default", max_examples=60, deadline=None, suppress_health_check=_SLOW_IS_FINE)
settings.register_profile("ci", settings.get_profile("default"), derandomize=True, database=None, print_blob=True)
settings.register_profile("nightly", settings.get_profile("default"), max_examples=5000)
settings.load_profile(os.environ.get("NNC_HYPOTHESIS", "default"))


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # So a shell starts commands in the background, and commands that tests start would inherit it.
    signal.signal(signal.SIGINT, signal.default_int_handler)


class Ran(NamedTuple):
    """What a command said, and how it ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def nnc(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """``nnc`` with the given arguments, run in this process from its very entry point."""
    from nncodec.cli import main

    def run(*arguments: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["nnc", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        assert isinstance(end.value.code, int)
        return Ran(end.value.code, said.out, said.err)

    return run


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, which is also the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def photo(here: Path) -> Path:
    """``photo.png`` in the current folder, with an old date."""
    path = Path("photo.png")
    PIL.Image.fromarray(pictures.photograph(24, 33)).save(path)
    os.utime(path, ns=(10**18, 10**18 + 123_456_700))
    return path


@pytest.fixture
def tree(here: Path) -> Path:
    """A folder of pictures: nested, with odd names, and with things that are no pictures."""
    root = Path("in")
    for name in ("a.png", "sub folder/b.jpg", "sub folder/deep/Größe λ.webp", "z.PNG"):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        PIL.Image.fromarray(pictures.photograph(16, 20, seed=len(name))).save(path)
    (root / "notes.txt").write_text("no picture")
    (root / ".hidden.png").write_bytes(b"no picture either")
    return root
