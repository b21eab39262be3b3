"""Signals: the first stops in order, the second at once, and nothing is left over, be it a process or half a file.

A worker inherits standard error, and so does the resource tracker of multiprocessing: that it ends shows that they did.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from nncodec.cli.batch import Outcome
from nncodec.cli.files import Job
from nncodec.cli.writing import write_output

CEILING = 900
"""Seconds after which a process that should end is taken to hang, however busy the machine."""

_PROGRAM = """
import importlib, sys
from nncodec.cli import batch, files, main, stopping, verbs, workers
from nncodec.cli.verbs import encode
encode.encode_file = getattr(importlib.import_module(sys.argv.pop(1)), sys.argv.pop(1))
stopping.GRACE, workers._PARENTS_GRACE = [float(text) for text in sys.argv.pop(1).split(",")]
main()
"""


def wait_in_c() -> None:
    """Wait for ever in C code, which no signal interrupts: a mutex, all zeros as it begins, is locked twice."""
    mutex = ctypes.create_string_buffer(256)
    for _ in range(2):
        ctypes.CDLL(None).pthread_mutex_lock(mutex)


def stuck(job: Job, **more: object) -> Outcome:
    """Work that waits for ever while its result is a temporary file."""

    def replace(self: Path, target: Path) -> None:
        os.write(1, b"stuck\n")
        wait_in_c()

    Path.replace = replace
    write_output(job, b"result", make_folders=True)
    raise AssertionError


def started(work: str, jobs: int, grace: str = "1.5,1", of: str = __name__) -> "subprocess.Popen[bytes]":
    """``nnc encode -r in -o out`` with other work, that of a module, in a session of its own."""
    Path("in").mkdir()
    for index in range(6):
        Path(f"in/{index}.png").write_bytes(b"a picture")
    arguments = ["encode", "-r", "in", "-o", "out", "-j", str(jobs)]
    path = os.pathsep.join(filter(None, sys.path))
    return subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, of, work, grace, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": path},
        start_new_session=True,
    )


def all_stuck(process: "subprocess.Popen[bytes]", jobs: int) -> None:
    """Wait until every process that does jobs is stuck."""
    assert process.stdout is not None
    for _ in range(jobs):
        assert process.stdout.readline() == b"stuck\n"


pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a mutex is laid out in another form")


@pytest.fixture(autouse=True)
def _signals_arrive() -> Iterator[None]:
    """What the shell that runs the tests ignores would be ignored by the commands, too."""
    ignored = [n for n in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM) if signal.getsignal(n) is signal.SIG_IGN]
    for number in ignored:
        signal.signal(number, signal.SIG_DFL)
    yield
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGKILL, -9)]
)
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_signal_ends_all_processes_though_they_are_stuck(here: Path, jobs: int, number: int, code: int) -> None:
    process = started("stuck", jobs)
    all_stuck(process, jobs)
    process.send_signal(number)
    said = process.communicate(timeout=CEILING)[1]
    assert process.returncode == code, said
    assert b"Traceback" not in said
    if (jobs, number) != (1, signal.SIGKILL):
        assert list(Path("out").iterdir()) == []


def test_a_terminal_that_goes_tells_all_processes(here: Path) -> None:
    process = started("stuck", 2)
    all_stuck(process, 2)
    os.killpg(process.pid, signal.SIGHUP)
    said = process.communicate(timeout=CEILING)[1]
    assert (process.returncode, list(Path("out").iterdir())) == (129, []), said


def ended_by_more_ctrl_c(process: "subprocess.Popen[bytes]") -> None:
    """Send Ctrl-C to all processes until the command has ended; it must have ended in order, or by the signal."""
    while process.poll() is None:
        os.killpg(process.pid, signal.SIGINT)
        time.sleep(0.05)
    said = process.communicate(timeout=CEILING)[1]
    assert process.returncode in (130, -signal.SIGINT), said
    assert b"Traceback" not in said
    assert b"Exception ignored" not in said


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_second_ctrl_c_does_not_wait(here: Path, jobs: int) -> None:
    process = started("stuck", jobs, grace="1e6,1e6")
    all_stuck(process, jobs)
    ended_by_more_ctrl_c(process)
    assert list(Path("out").iterdir()) == []


_BENCH = """
from nncodec.bench.measure import run
from nncodec.cli import main
from tests.cli import test_stopping
run.rates = lambda measurements, workers: test_stopping.measures(measurements[0])
main()
"""


def measures(one: object) -> Iterator[object]:
    """Measure for ever, and do not end in order."""
    os.write(1, b"stuck\n")
    wait_in_c()
    yield one


def test_the_second_ctrl_c_does_not_wait_for_a_measurement(photo: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _BENCH, "bench", ".", "-c", "jpeg", "-o", "table.tsv"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        start_new_session=True,
    )
    all_stuck(process, 1)
    ended_by_more_ctrl_c(process)


def waits_for_leave(job: Job, **more: object) -> Outcome:
    """Work that begins, and ends when a file of that name is there."""
    os.write(1, b"stuck\n")
    while not Path("leave").exists():
        time.sleep(0.01)
    write_output(job, b"result", make_folders=True)
    return Outcome(job, "done")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
@pytest.mark.parametrize("jobs", [1, 2])
def test_signals_that_are_ignored_stay_ignored(here: Path, jobs: int, number: int) -> None:
    """A shell starts background commands without Ctrl-C, and ``nohup`` without SIGHUP."""
    before = signal.signal(number, signal.SIG_IGN)
    try:
        process = started("waits_for_leave", jobs)
    finally:
        signal.signal(number, before)
    all_stuck(process, jobs)
    os.killpg(process.pid, number)
    Path("leave").touch()
    assert process.communicate(timeout=CEILING)[1].endswith(b"nnc: 6 done\n")
    assert process.returncode == 0
    assert len(list(Path("out").iterdir())) == 6
