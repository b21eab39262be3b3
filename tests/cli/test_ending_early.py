"""A first Ctrl-C ends a search, whose best so far is written; a folder run then stops. A second one does not wait."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from nncodec import progress
from nncodec.api import decode
from nncodec.cli.batch import Outcome
from nncodec.cli.files import Job
from nncodec.cli.writing import write_output
from tests import pictures
from tests.cli.test_stopping import CEILING, all_stuck, ended_by_more_ctrl_c, started, wait_in_c

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="processes get no signals there")


def searches(job: Job, **more: object) -> Outcome:
    """Work that searches until it is asked to end, and says when it has begun."""
    done = 0
    for done in progress.rounds("searching", 1 << 60):
        if done == 0:
            os.write(1, b"stuck\n")
        time.sleep(0.01)
    write_output(job, b"the best so far", make_folders=True)
    return Outcome(job, "done", f"{job.source}: done")


def one_searches(job: Job, **more: object) -> Outcome:
    """The same for the first job; the others wait for ever."""
    if job.source.endswith("0.png"):
        return searches(job)
    os.write(1, b"stuck\n")
    wait_in_c()
    raise AssertionError


def ends_never(job: Job, **more: object) -> Outcome:
    """Work that begins a search and does not look whether it is to end."""
    next(progress.rounds("searching", 1))
    os.write(1, b"stuck\n")
    wait_in_c()
    raise AssertionError


def both_ended(process: "subprocess.Popen[bytes]") -> bytes:
    """What a run says that must end by its first Ctrl-C, which a terminal sends to all processes."""
    os.killpg(process.pid, signal.SIGINT)
    said = process.communicate(timeout=CEILING)[1]
    assert process.returncode == 130, said
    assert b"Traceback" not in said
    return said


@pytest.mark.parametrize("jobs", [1, 2])
def test_what_was_found_is_written_and_the_run_stops(here: Path, jobs: int) -> None:
    process = started("searches", jobs, of=__name__)
    all_stuck(process, jobs)
    said = both_ended(process)
    assert said.count(b"searching ended early, after ") == jobs, said
    assert f"nnc: stopped after {jobs} of 6; --skip-existing goes on from there".encode() in said
    assert [path.read_bytes() for path in Path("out").iterdir()] == [b"the best so far"] * jobs


def test_work_beside_a_search_is_given_up(here: Path) -> None:
    process = started("one_searches", 2, of=__name__)
    all_stuck(process, 2)
    said = both_ended(process)
    assert b"stopped after 1 of 6" in said
    assert [path.name for path in Path("out").iterdir()] == ["0.nnc"]


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_second_ctrl_c_does_not_wait_for_a_search(here: Path, jobs: int) -> None:
    process = started("ends_never", jobs, of=__name__)
    all_stuck(process, jobs)
    ended_by_more_ctrl_c(process)
    assert not Path("out").exists() or not list(Path("out").iterdir())


@pytest.mark.parametrize("jobs", [1, 2])
def test_other_signals_do_not_wait_for_a_search(here: Path, jobs: int) -> None:
    process = started("searches", jobs, of=__name__)
    all_stuck(process, jobs)
    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=CEILING)[1].count(b"ended early") == 0
    assert process.returncode == 143


_INTERRUPTED = """
import os, signal, sys
from nncodec import progress
from nncodec.cli import bar, batch, main

what, rounds = sys.argv.pop(1), int(sys.argv.pop(1))

def interrupt(said, done, _):
    if (said, done) == (what, rounds):
        os.kill(os.getpid(), signal.SIGINT)

with progress.listening(interrupt):
    main()
"""


@pytest.mark.parametrize(
    ("codec", "effort", "what", "of"),
    [("learned", 6, "refining", 4), ("ccnn", 7, "training on the picture", 384), ("jpeg", 4, "fitting", 100)],
)
def test_codecs_and_restorers_end_early(here: Path, codec: str, effort: int, what: str, of: int) -> None:
    """The signal comes while they report their second round."""
    pixels = pictures.photograph(128, 192)
    PIL.Image.fromarray(pixels).save("a.png")
    restore = "tuned" if what == "fitting" else "none"
    arguments = ["encode", "a.png", "-c", codec, "-e", str(effort), "-q", "80", "--restore", restore]
    done = subprocess.run(
        [sys.executable, "-c", _INTERRUPTED, what, "2", *arguments],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        timeout=CEILING,
    )
    assert done.returncode == 0, done.stderr
    assert f"{what} ended early, after 2 of {of}" in done.stderr
    assert "another Ctrl-C stops at once" in done.stderr
    seen = np.asarray(decode(Path("a.nnc").read_bytes()).pixels, float)
    assert np.square(seen - pixels).mean() < 300
    assert [path.name for path in Path().iterdir() if path.name.startswith(".")] == []


def test_rounds_are_told_and_counted_without_anybody_to_end_them() -> None:
    told = []
    with progress.listening(lambda *what: told.append(what)):
        assert list(progress.rounds("searching", 2)) == [0, 1]
    assert told == [("searching", 1, 2), ("searching", 2, 2)]
    assert (progress.asked_to_end(), progress.ended_early()) == (False, None)


def test_only_a_search_that_has_begun_is_ended() -> None:
    searching = progress.Searches()
    assert not searching.ask()
    with progress.may_end(searching):
        found = []
        for number in progress.rounds("searching", 9):
            found.append(number)
            if number == 3:
                assert searching.ask()
        assert found == [0, 1, 2, 3]
        assert list(progress.rounds("again", 9)) == []
        assert progress.ended_early() == "searching ended early, after 4 of 9 rounds"
        progress.begin_job()
        assert (progress.ended_early(), progress.asked_to_end()) == (None, True)
