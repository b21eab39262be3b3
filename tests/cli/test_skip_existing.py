"""Runs that are resumed: what is there is skipped, unless its source is newer."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

import nncodec
from nncodec.cli.files import Job
from nncodec.cli.staleness import is_stale
from tests import pictures
from tests.conftest import Ran

Nnc = Callable[..., Ran]
OLD = 1_000_000_001_123_456_789
ARGUMENTS = ("encode", "photo.png", "--skip-existing", "-c", "webp", "-q", "100")


def aged(path: str, time: int) -> None:
    """Give a file a time of modification, in nanoseconds."""
    os.utime(path, ns=(time, time))


def test_a_result_with_a_newer_source_is_made_again_and_that_is_said(nnc: Nnc, photo: Path) -> None:
    aged("photo.png", OLD)
    assert nnc(*ARGUMENTS).code == 0
    assert "exists, skipped" in nnc(*ARGUMENTS).err
    photo.write_bytes(pictures.file_of(pictures.noise(24, 33), "PNG"))
    aged("photo.png", OLD + 10**9)
    result = nnc(*ARGUMENTS)
    assert result.code == 0
    assert "nnc: note: photo.png: photo.nnc is older than its source, so it is not skipped" in result.err
    assert (nncodec.decode("photo.nnc").pixels == pictures.noise(24, 33)).all()
    assert "exists, skipped" in nnc(*ARGUMENTS).err


def test_a_dry_run_says_so_and_changes_nothing(nnc: Nnc, photo: Path) -> None:
    assert nnc(*ARGUMENTS).code == 0
    aged("photo.nnc", OLD)
    aged("photo.png", OLD + 10**10)
    before = Path("photo.nnc").read_bytes()
    record = json.loads(nnc(*ARGUMENTS, "--dry-run", "--json").out)
    assert (record["status"], len(record["notes"])) == ("planned", 1)
    assert Path("photo.nnc").read_bytes() == before


@pytest.mark.parametrize(
    ("later", "stale"),
    [
        (-(10**12), False),
        (0, False),
        (1, True),
        (10**9, True),
    ],
)
def test_a_result_is_stale_if_its_source_is_newer(later: int, stale: bool, photo: Path) -> None:
    Path("photo.nnc").write_bytes(b"")
    aged("photo.nnc", OLD)
    aged("photo.png", OLD + later)
    assert is_stale(Job("photo.png", "photo.nnc")) == stale


@pytest.mark.parametrize("step", [10**3, 10**7, 10**9, 2 * 10**9])
def test_a_time_that_a_file_system_cut_is_that_of_the_source(step: int, photo: Path) -> None:
    Path("photo.nnc").write_bytes(b"")
    aged("photo.png", OLD)
    aged("photo.nnc", OLD // step * step)
    assert not is_stale(Job("photo.png", "photo.nnc"))


def test_the_result_of_a_pipe_is_never_stale(here: Path) -> None:
    Path("x.nnc").write_bytes(b"")
    aged("x.nnc", OLD)
    assert not is_stale(Job("-", "x.nnc"))


# --- links as results -----------------------------------------------------------------------------------------------


def test_a_link_to_nothing_is_replaced_only_by_force(nnc: Nnc, photo: Path) -> None:
    Path("link.nnc").symlink_to("nowhere/y")
    for more in ([], ["--skip-existing"]):
        result = nnc("encode", "photo.png", "-o", "link.nnc", "-c", "webp", *more)
        assert result.code == 1
        assert "link.nnc is a link to nothing" in result.err
        assert Path("link.nnc").readlink() == Path("nowhere/y")
    assert nnc("encode", "photo.png", "-o", "link.nnc", "-c", "webp", "--force").code == 0
    assert not Path("link.nnc").is_symlink()
    assert Path("link.nnc").is_file()
