"""Worker processes: jobs, deaths, and what a death leaves."""

import os
import signal
import threading
from pathlib import Path

import pytest

from nncodec.cli.files import Job
from nncodec.cli.workers import Crew
from nncodec.cli.writing import write_output


def writes(job: Job) -> str:
    """Work that dies on some jobs while it writes the result."""

    def replace(self: Path, target: Path) -> Path:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    if job.source.startswith("bad"):
        Path.replace = replace
    write_output(job, b"result", make_folders=False)
    return job.source


@pytest.mark.parametrize("size", [1, 3])
def test_only_the_job_of_a_worker_that_dies_is_lost_and_nothing_is_left_of_it(here: Path, size: int) -> None:
    jobs = [Job("bad" if index in (0, 4) else str(index), f"{index}.out") for index in range(8)]
    for job in jobs:
        Path(job.source).touch()
    crew = Crew(writes, size)
    assert sorted(crew.results(jobs)) == ["1", "2", "3", "5", "6", "7"]
    assert sorted(job.output for job in crew.lost) == ["0.out", "4.out"]
    assert {path.name for path in here.glob(".*")} == set()


def process_of(job: Job) -> int:
    """Work that names its process."""
    return os.getpid()


def test_there_are_no_more_processes_than_jobs_at_once(here: Path) -> None:
    found = set(Crew(process_of, 2).results([Job(str(index), "") for index in range(9)]))
    assert 1 <= len(found) <= 2
    assert os.getpid() not in found


def test_a_run_that_is_given_up_leaves_no_process(here: Path) -> None:
    results = Crew(process_of, 2).results([Job(str(index), "") for index in range(9)])
    worker = next(results)
    results.close()
    with pytest.raises(ProcessLookupError):
        os.kill(worker, 0)


def test_workers_may_be_asked_by_any_thread(here: Path) -> None:
    found: list[int] = []
    crew = Crew(process_of, 2)
    thread = threading.Thread(target=lambda: found.extend(crew.results([Job("a", ""), Job("b", "")])))
    thread.start()
    thread.join()
    assert len(found) == 2
