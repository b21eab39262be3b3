"""Planning while the run is under way, with bounded memory; and names that two sources claim."""

import itertools
import re
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path

import click
import pytest

from nncodec.cli import batch, register
from nncodec.cli.batch import BatchOptions, run
from nncodec.cli.files import Job, Refused
from nncodec.cli.lookahead import LIMIT, Item, LookAhead
from nncodec.cli.register import Register, distinct
from nncodec.cli.reporting import Outcome
from nncodec.errors import NncError
from tests.conftest import Ran

Nnc = Callable[..., Ran]


def without_end() -> Iterator[Job]:
    return (Job(f"{index}.png", f"{index}.nnc") for index in itertools.count())


def test_the_first_job_is_done_before_the_last_is_found(here: Path) -> None:
    def work(job: Job) -> Outcome:
        raise KeyboardInterrupt if job.source == "3.png" else ValueError

    with pytest.raises(KeyboardInterrupt):
        run(without_end(), work, BatchOptions(quiet=True))


def writes(job: Job) -> Outcome:
    if job.source == "9.png":
        raise NncError("enough")
    Path(job.output).touch()
    return Outcome(job, "done")


def test_workers_begin_before_the_last_job_is_found(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def tell(outcome: Outcome, **_: object) -> None:
        if outcome.status == "failed":
            raise KeyboardInterrupt

    monkeypatch.setattr(batch, "tell_outcome", tell)
    with pytest.raises(KeyboardInterrupt):
        run(without_end(), writes, BatchOptions(workers=2))
    written = {path.name for path in here.glob("*.nnc")}
    assert "9.nnc" not in written
    assert len(written) >= 8  # those before it, but for what the other worker is at


def test_a_thread_plans_ahead_and_not_without_end() -> None:
    drawn = 0

    def counted() -> Iterator[Item]:
        nonlocal drawn
        for item in without_end():
            drawn += 1
            yield item

    ahead = LookAhead(counted())
    assert ahead.count(LIMIT) == LIMIT
    assert next(ahead) == ahead.first == Job("0.png", "0.nnc")
    assert not ahead.complete
    ahead.close()
    assert list(itertools.islice(ahead, 3))[-1] == Job("3.png", "3.nnc")
    assert drawn <= LIMIT + 3


def test_the_number_of_jobs_is_known_at_the_end() -> None:
    ahead = LookAhead(itertools.islice(without_end(), 5))
    assert (ahead.count(9), ahead.complete, ahead.n_jobs) == (5, True, 5)
    assert len(list(ahead)) == 5


def test_what_planning_raises_comes_after_the_jobs_before_it() -> None:
    def fails() -> Iterator[Item]:
        yield Job("a.png", "a.nnc")
        raise OSError("disk")

    ahead = LookAhead(fails())
    assert next(ahead).source == "a.png"
    with pytest.raises(OSError, match="disk"):
        next(ahead)


def test_a_hundred_thousand_results_take_little_memory() -> None:
    """Some 150 bytes each in Python objects would be 15 MB."""
    jobs = (Job(f"photos/{index}.png", f"out/{index}.nnc") for index in range(100_000))
    names = Register()
    tracemalloc.start()
    for job in distinct(jobs, names):
        names.written(job, (1, 1))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    names.close()
    assert peak < 1_000_000


def test_a_name_belongs_to_the_first_source_that_claims_it() -> None:
    names = Register()
    a, b, other = Job("a.png", "a.nnc"), Job("a.jpg", "a.nnc"), Job("b.png", "b.nnc")
    first, second, third = distinct([a, a, b, other, other], names)
    assert (first, third) == (a, other)
    assert isinstance(second, Refused)
    assert str(second.error) == "a.png also becomes a.nnc"
    names.close()


def test_results_that_were_written_and_are_gone_are_found(here: Path) -> None:
    names = Register()
    for index in range(3):
        job = Job(f"{index}", f"{index}.nnc")
        assert names.claim(job.output, job.source) is None
        if index:
            names.written(job, (10 + index, index))
    Path("2.nnc").touch()
    assert list(names.lost()) == [(Job("1", "1.nnc"), (11, 1))]
    names.close()


def test_a_full_disk_is_told(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = Register()
    names._results.execute("PRAGMA max_page_count = 2")
    with pytest.raises(NncError, match="temporary file: database or disk is full"):
        list(distinct(itertools.islice(without_end(), 10_000), names))
    names.close()


class Bar:
    """Stands for a progress bar: the numbers it showed."""

    def __init__(self, length: int, **_: object) -> None:
        self.length, self.label, self.show_eta = length, "", True
        self.shown: list[tuple[int, str, bool]] = []

    def __enter__(self) -> "Bar":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def update(self, n: int) -> None:
        self.shown.append((self.length, self.label, self.show_eta))


def test_progress_says_whether_all_are_counted(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bars: list[Bar] = []

    def progressbar(**options: int) -> Bar:
        bars.append(Bar(**options))
        return bars[-1]

    monkeypatch.setattr(click, "progressbar", progressbar)
    monkeypatch.setattr(batch.sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr(batch, "tell_outcome", lambda outcome, **_: None)
    ahead = LookAhead(itertools.islice(without_end(), 4 + LIMIT))
    ahead.count(LIMIT)

    def work(job: Job) -> Outcome:
        if int(Path(job.source).stem) > 3:
            ahead.count(LIMIT + 4)
        return Outcome(job, "skipped")

    assert run(ahead, work, BatchOptions()) == 0
    (bar,) = bars
    assert bar.shown[-1] == (LIMIT + 4, "nnc", True)
    assert bar.shown[0][1:] == ("nnc, still counting", False)


def test_a_run_that_is_stopped_says_how_far_it_came(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def work(job: Job) -> Outcome:
        if job.source == "2.png":
            raise KeyboardInterrupt
        Path(job.output).touch()
        return Outcome(job, "done")

    jobs = itertools.islice(without_end(), 5)
    for items, total in ((without_end(), r"more than \d+"), (jobs, "5")):
        ahead = LookAhead(items)
        ahead.count(6)
        with pytest.raises(KeyboardInterrupt):
            run(ahead, work, BatchOptions(force=True))
        assert re.search(f"nnc: stopped after 2 of {total};", capsys.readouterr().err)


@pytest.mark.parametrize("fault", [None, KeyboardInterrupt])
def test_the_temporary_database_goes_with_the_run(
    fault: type[BaseException] | None, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[Register] = []
    monkeypatch.setattr(register.Register, "close", lambda self: closed.append(self))

    def work(job: Job) -> Outcome:
        if fault:
            raise fault
        return Outcome(job, "done")

    with pytest.raises(fault) if fault else nullcontext():
        run([Job("a", "")], work, BatchOptions(quiet=True))
    assert len(closed) == 1
