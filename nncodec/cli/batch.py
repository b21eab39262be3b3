"""Running one job or ten thousand: worker processes, progress, failures gathered, one exit code at the end."""

import json
import signal
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import click

from nncodec.cli import bar
from nncodec.cli.files import PIPE, Job, clashes
from nncodec.cli.messages import describe, exit_code, exit_on_signal, grouped, report_error, say
from nncodec.cli.writing import check_output
from nncodec.errors import EncodeError, NncError
from nncodec.threads import share, threads_of_children


@dataclass(frozen=True)
class Outcome:
    """The result of a job. Picklable: it comes back from a worker process."""

    job: Job
    status: str
    """``done``, ``skipped``, ``planned`` or ``failed``."""
    line: str = ""
    """For reading: what was done, or what went wrong."""
    hint: str | None = None
    code: int = 0
    record: dict[str, object] = field(default_factory=dict)
    """For machines: further keys of the job's JSON line."""
    sizes: tuple[int, int] = (0, 0)
    """Bytes of source and result."""
    notes: tuple[str, ...] = ()
    details: tuple[str, ...] = ()
    """Shown with --verbose only."""


@dataclass(frozen=True)
class BatchOptions:
    """The options of a batch, the same for every verb."""

    workers: int = 1
    force: bool = False
    skip_existing: bool = False
    dry_run: bool = False
    as_json: bool = False
    quiet: bool = False
    verbose: bool = False


Work = Callable[[Job], Outcome]


def run(jobs: list[Job], work: Work, batch: BatchOptions) -> int:
    """Run all jobs, report each, and return the exit code: 0, or the highest of those that failed.

    ``work`` does one job; it may raise NncError and OSError. It is pickled if there are several workers.
    """
    if batch.as_json and any(job.output == PIPE for job in jobs):
        raise click.UsageError("--json and the picture cannot both go to standard output")
    failed: list[Outcome] = []
    counts = {"done": 0, "skipped": 0, "planned": 0, "failed": 0}
    before = after = 0
    single = len(jobs) == 1 and not batch.quiet and sys.stderr.isatty()
    try:
        with _progress(len(jobs), batch) as tell, bar.shown() if single else nullcontext(_nothing) as clear:
            for outcome in _outcomes(jobs, work, batch):
                clear()
                counts[outcome.status] += 1
                before, after = before + outcome.sizes[0], after + outcome.sizes[1]
                tell(outcome)
                if outcome.status == "failed":
                    failed.append(outcome)
    except KeyboardInterrupt:
        if len(jobs) > 1 and jobs[0].output:
            say(f"nnc: stopped after {counts['done']} of {len(jobs)}; --skip-existing goes on from there")
        raise
    if len(jobs) > 1:
        _summary(counts, failed, (before, after), batch)
    return max((outcome.code for outcome in failed), default=0)


def _nothing() -> None:
    """Do nothing, where there is no bar to clear."""


def _outcomes(jobs: list[Job], work: Work, batch: BatchOptions) -> Iterator[Outcome]:
    taken = clashes(jobs)
    for job, first in taken.items():
        error = EncodeError(f"{first} also becomes {job.output}", "--keep-suffix tells them apart")
        yield _failure(job, error)
    todo = [job for job in jobs if job not in taken]
    if min(batch.workers, len(todo)) <= 1:
        yield from map(partial(_attempt, work=work, batch=batch), todo)
    else:
        yield from _in_parallel(todo, work, batch, min(batch.workers, len(todo)))


def _in_parallel(jobs: list[Job], work: Work, batch: BatchOptions, workers: int) -> Iterator[Outcome]:
    """Outcomes from worker processes, as they come. A job that takes its worker down fails alone.

    What was in flight with it is done again, over results that were written but not reported.
    """
    there_before = {job for job in jobs if Path(job.output).exists()}
    guarded = partial(_attempt, work=work, batch=batch)
    again = partial(_attempt, work=work, batch=replace(batch, force=True, skip_existing=False))
    while jobs:
        lost = yield from _pooled(jobs, guarded, workers)
        in_flight = 2 * workers + 1  # executing, or already handed to the pool
        for job in lost[:in_flight]:
            if (yield from _pooled([job], guarded if job in there_before else again, 1)):
                yield _failure(job, NncError("its worker process died", "perhaps there was too little memory"))
        jobs = lost[in_flight:]


def _pooled(jobs: list[Job], guarded: Callable[[Job], Outcome], workers: int) -> Generator[Outcome, None, list[Job]]:
    """Outcomes from worker processes that share the threads; in the end the jobs lost to a dead worker."""
    from concurrent.futures import Future, ProcessPoolExecutor, as_completed
    from concurrent.futures.process import BrokenProcessPool
    from multiprocessing import get_context

    lost = set()
    with threads_of_children(share(workers)):
        pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_ignore_interrupts)
        try:
            futures: dict[Future[Outcome], Job] = {}
            for job in jobs:
                try:
                    futures[pool.submit(_interruptible, guarded, job)] = job
                except BrokenProcessPool:  # a worker died while there was still work to hand out
                    lost.add(job)
            for future in as_completed(futures):
                try:
                    yield future.result()
                except BrokenProcessPool:
                    lost.add(futures[future])
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
    return [job for job in jobs if job in lost]


def _ignore_interrupts() -> None:
    """Leave Ctrl-C to the parent while a worker is idle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, exit_on_signal)


def _interruptible(guarded: Callable[[Job], Outcome], job: Job) -> Outcome:
    """Run a job that Ctrl-C interrupts, so that its temporary file is removed at once."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return guarded(job)
    except KeyboardInterrupt:
        return Outcome(job, "failed", "interrupted", code=130)
    finally:
        _ignore_interrupts()


def _attempt(job: Job, *, work: Work, batch: BatchOptions) -> Outcome:
    """Check and run one job; errors of files and pictures become a failed outcome, faults of the program do not."""
    try:
        if batch.skip_existing and job.output != PIPE and Path(job.output).exists():
            return Outcome(job, "skipped", f"{job.source}: {job.output} exists, skipped")
        check_output(job, batch.force)
        if batch.dry_run:
            return Outcome(job, "planned", f"{job.source} -> {job.output}")
        return work(job)
    except (NncError, OSError, MemoryError) as error:
        if isinstance(error, BrokenPipeError):
            raise
        return _failure(job, error)


def _failure(job: Job, error: Exception) -> Outcome:
    hint = error.hint if isinstance(error, NncError) else None
    return Outcome(job, "failed", describe(error, job.source), hint, exit_code(error))


@contextmanager
def _progress(n_jobs: int, batch: BatchOptions) -> Iterator[Callable[[Outcome], None]]:
    """Give a function that reports an outcome, with a progress bar for several jobs on a terminal."""
    plain = partial(_tell, batch=batch, hinted=set())
    if n_jobs == 1 or batch.quiet or not sys.stderr.isatty():
        yield plain
        return
    with click.progressbar(length=n_jobs, file=sys.stderr, show_pos=True, label="nnc") as bar:

        def tell(outcome: Outcome) -> None:
            click.echo("\r\033[K", nl=False, err=True)
            plain(outcome)
            bar.update(1)

        yield tell


def _tell(outcome: Outcome, *, batch: BatchOptions, hinted: set[str]) -> None:
    if batch.as_json:
        record: dict[str, object] = {"source": outcome.job.source}
        record |= {"output": outcome.job.output} if outcome.job.output else {}
        record["status"] = outcome.status
        record |= {"source_bytes": outcome.sizes[0]} if outcome.sizes[0] else {}
        if outcome.status == "failed":
            record |= {"error": outcome.line, "hint": outcome.hint, "code": outcome.code}
        click.echo(json.dumps(record | outcome.record | {"notes": list(outcome.notes)}))
    if outcome.status == "failed":
        new_hint = outcome.hint if outcome.hint not in hinted else None
        hinted |= {outcome.hint or ""}
        report_error(NncError(outcome.line, new_hint), outcome.job.source)
    elif not batch.quiet:
        if outcome.line and not batch.as_json:
            say(outcome.line)
            for detail in outcome.details if batch.verbose else ():
                say(f"  {detail}")
        for note in outcome.notes:
            say(f"nnc: note: {outcome.job.source}: {note}")


def _summary(counts: dict[str, int], failed: list[Outcome], sizes: tuple[int, int], batch: BatchOptions) -> None:
    """The end of a folder run: what failed, named once more, since it may have scrolled away."""
    if failed and len(failed) < sum(counts.values()):
        say(f"nnc: {len(failed)} failed:")
        for outcome in failed:
            say(f"  {outcome.job.source}: {outcome.line}")
    if not batch.quiet and not batch.as_json:
        total = f"; {grouped(sizes[0])} -> {grouped(sizes[1])} bytes" if any(sizes) else ""
        say("nnc: " + ", ".join(f"{n} {what}" for what, n in counts.items() if n) + total)
