"""Running one job or ten thousand: worker processes, progress, failures gathered, one exit code at the end."""

import logging
import sys
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial

import click

from nncodec import progress
from nncodec.cli import bar
from nncodec.cli.files import PIPE, Job
from nncodec.cli.lookahead import Item, LookAhead
from nncodec.cli.messages import describe, exit_code, expected, say
from nncodec.cli.register import Register, distinct
from nncodec.cli.reporting import BatchOptions, LeftOutFiles, Outcome, finish, tell_outcome
from nncodec.cli.staleness import exists, is_stale
from nncodec.cli.stopping import ending_promptly
from nncodec.cli.walking import LeftOut
from nncodec.cli.writing import check_output, remove_temporaries
from nncodec.errors import InternalError, NncError

Work = Callable[[Job], Outcome]

_UNSEEN = logging.NullHandler()
"""Takes what Pillow would print about a damaged picture; the error that it raises says enough."""


@dataclass
class _Tally:
    """The outcomes of a run so far, in numbers."""

    counts: dict[str, int] = field(default_factory=lambda: {"done": 0, "skipped": 0, "planned": 0, "failed": 0})
    code: int = 0
    """The highest exit code of those that failed."""
    sizes: tuple[int, int] = (0, 0)
    """Bytes of all sources and results."""

    def add(self, outcome: Outcome) -> None:
        """Count an outcome."""
        self.counts[outcome.status] += 1
        self.code = max(self.code, outcome.code)
        if outcome.status == "done":
            self._grow(*outcome.sizes)

    def lose(self, before: int, after: int) -> None:
        """Take back one that was done."""
        self.counts["done"] -= 1
        self._grow(-before, -after)

    def _grow(self, before: int, after: int) -> None:
        self.sizes = (self.sizes[0] + before, self.sizes[1] + after)


def run(items: Iterable[Item], work: Work, batch: BatchOptions) -> int:
    """Run all jobs, report each, and return the exit code: 0, or the highest of those that failed or were left out.

    ``work`` does one job; an exception is the job's failure. It is pickled if there are several workers. A result that
    is there no more at the end of the run is a failure, too. What ``items`` raises is raised after the jobs before it.
    """
    ahead = items if isinstance(items, LookAhead) else LookAhead(items)
    with closing(ahead), closing(Register()) as register:
        return _run(ahead, work, batch, register)


def _run(ahead: LookAhead, work: Work, batch: BatchOptions, register: Register) -> int:
    tally, left_out = _Tally(), LeftOutFiles()
    n_jobs = ahead.count(2)
    if batch.as_json and ahead.first is not None and ahead.first.output == PIPE:
        raise click.UsageError("--json and the picture cannot both go to standard output")
    with (
        _progress(ahead, n_jobs, batch) as tell,
        bar.shown() if n_jobs == 1 and not batch.quiet and sys.stderr.isatty() else nullcontext(_nothing) as clear,
    ):

        def report(outcome: Outcome) -> None:
            clear()
            tally.add(outcome)
            if outcome.status == "done":
                register.written(outcome.job, outcome.sizes)
            tell(outcome)

        jobs = _jobs(distinct(ahead, register), report, partial(left_out.add, batch=batch))
        try:
            with closing(_outcomes(jobs, work, batch, n_jobs)) as outcomes:
                for outcome in outcomes:
                    report(outcome)
        except KeyboardInterrupt:
            _tell_stop(ahead, tally)
            raise
    for job, sizes in register.lost():
        tally.lose(*sizes)
        failure = _failure(job, NncError(f"{job.output} was written, and is there no more"))
        tally.add(failure)
        tell_outcome(failure, batch=batch, hinted=set())
    if not (any(tally.counts.values()) or left_out.kinds or batch.quiet or batch.as_json):
        say("nnc: no file belongs to this shard")
    finish(tally.counts, left_out, batch, tally.sizes)
    return max(tally.code, left_out.code)


def _tell_stop(ahead: LookAhead, tally: _Tally) -> None:
    """Say how far a run came that was stopped."""
    if ahead.n_jobs > 1 and ahead.first is not None and ahead.first.output:
        of = f"of {ahead.n_jobs}" if ahead.complete else f"of more than {ahead.n_jobs}"
        say(f"nnc: stopped after {tally.counts['done']} {of}; --skip-existing goes on from there")


def _nothing() -> None:
    """Do nothing, where there is no bar to clear."""


def _jobs(
    items: Iterator[Item], report: Callable[[Outcome], None], leave_out: Callable[[LeftOut], None]
) -> Iterator[Job]:
    """The jobs among items; the others are reported as they come."""
    for item in items:
        if isinstance(item, Job):
            yield item
        elif isinstance(item, LeftOut):
            leave_out(item)
        else:
            report(_failure(item.job, item.error))


def _outcomes(jobs: Iterator[Job], work: Work, batch: BatchOptions, n_jobs: int) -> Generator[Outcome, None, None]:
    if min(batch.workers, n_jobs) > 1:
        yield from _in_parallel(jobs, work, batch)
        return
    searches = progress.Searches()
    with ending_promptly(remove_temporaries, ask=searches.ask):
        for job in jobs:
            if searches.asked:
                raise KeyboardInterrupt
            with progress.may_end(searches):
                outcome = _attempt(job, work=work, batch=batch)
            yield outcome


def _in_parallel(jobs: Iterator[Job], work: Work, batch: BatchOptions) -> Iterator[Outcome]:
    """Outcomes from worker processes, as they come.

    A job that was lost with its worker is done again in the end, alone, over a result that was written but not
    reported: memory that is too little for several jobs at once may do for one.
    """
    from nncodec.cli.workers import Crew

    there_before: dict[Job, bool] = {}

    def noted() -> Iterator[Job]:
        for job in jobs:
            there_before[job] = exists(job)
            yield job

    guarded = partial(_attempt, work=work, batch=batch)
    again = partial(_attempt, work=work, batch=replace(batch, force=True, skip_existing=False))
    crew = Crew(guarded, batch.workers)
    for outcome in crew.results(noted()):
        del there_before[outcome.job]
        yield outcome
    for job in crew.lost:
        alone = Crew(guarded if there_before[job] else again, 1)
        yield from alone.results([job])
        if alone.lost:
            yield _failure(job, NncError("its worker process died", "perhaps there was too little memory"))


def _attempt(job: Job, *, work: Work, batch: BatchOptions) -> Outcome:
    """Check and run one job; whatever it raises, faults of the program included, becomes a failed outcome."""
    logging.getLogger("PIL").addHandler(_UNSEEN)  # once for each process: it is the same one
    try:
        stale = batch.skip_existing and exists(job) and is_stale(job)
        if batch.skip_existing and exists(job) and not stale:
            return Outcome(job, "skipped", f"{job.source}: {job.output} exists, skipped")
        check_output(job, batch.force or stale)
        planned = batch.dry_run and job.output
        progress.begin_job()
        done = Outcome(job, "planned", f"{job.source} -> {job.output}") if planned else work(job)
        early = progress.ended_early()
        notes = [f"{job.output} is older than its source, so it is not skipped"] if stale else []
        notes += [f"{early}: the best until then was kept"] if early else []
        return replace(done, notes=(*notes, *done.notes))
    except Exception as error:
        if isinstance(error, BrokenPipeError) and job.output == PIPE:
            raise
        return _failure(job, error)


def _failure(job: Job, error: Exception) -> Outcome:
    error = expected(error)
    hint = error.hint if isinstance(error, NncError) else None
    details = tuple(error.trace()) if isinstance(error, InternalError) else ()
    return Outcome(job, "failed", describe(error, job.source), hint, exit_code(error), details=details)


@contextmanager
def _progress(ahead: LookAhead, n_jobs: int, batch: BatchOptions) -> Iterator[Callable[[Outcome], None]]:
    """Give a function that reports an outcome, with a progress bar for several jobs on a terminal."""
    plain = partial(tell_outcome, batch=batch, hinted=set())
    if n_jobs < 2 or batch.quiet or not sys.stderr.isatty():
        yield plain
        return
    with click.progressbar(length=ahead.n_jobs, file=sys.stderr, show_pos=True) as drawn:

        def tell(outcome: Outcome) -> None:
            click.echo("\r\033[K", nl=False, err=True)
            plain(outcome)
            drawn.length, drawn.show_eta = ahead.n_jobs, ahead.complete
            drawn.label = "nnc" if ahead.complete else "nnc, still counting"
            drawn.update(1)

        yield tell
