"""Running one job or ten thousand: worker processes, progress, failures gathered, one exit code at the end."""

import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial

import click

from nncodec.cli import bar
from nncodec.cli.files import PIPE, Job, clashes
from nncodec.cli.messages import describe, exit_code, expected, say
from nncodec.cli.reporting import BatchOptions, Outcome, finish, tell_outcome
from nncodec.cli.staleness import exists, is_stale
from nncodec.cli.stopping import ending_promptly
from nncodec.cli.walking import LeftOut
from nncodec.cli.writing import check_output, remove_temporaries
from nncodec.errors import EncodeError, InternalError, NncError

Work = Callable[[Job], Outcome]


@dataclass
class _Tally:
    """The outcomes of a run so far."""

    counts: dict[str, int] = field(default_factory=lambda: {"done": 0, "skipped": 0, "planned": 0, "failed": 0})
    failed: list[Outcome] = field(default_factory=list)
    sizes: dict[Job, tuple[int, int]] = field(default_factory=dict)
    """Bytes of source and result, of the jobs that are done."""

    def add(self, outcome: Outcome) -> None:
        """Count an outcome."""
        self.counts[outcome.status] += 1
        if outcome.status == "done":
            self.sizes[outcome.job] = outcome.sizes
        if outcome.status == "failed":
            self.failed.append(outcome)

    def lost(self) -> list[Outcome]:
        """Failures in place of the jobs whose result, once written, is on disk no more; they are not counted yet."""
        gone = [job for job in self.sizes if job.output not in ("", PIPE) and not exists(job)]
        for job in gone:
            self.counts["done"] -= 1
            del self.sizes[job]
        return [_failure(job, NncError(f"{job.output} was written, and is there no more")) for job in gone]

    def total(self) -> tuple[int, int]:
        """Bytes of all sources and results."""
        return sum(before for before, _ in self.sizes.values()), sum(after for _, after in self.sizes.values())


def run(jobs: list[Job], work: Work, batch: BatchOptions, left_out: Sequence[LeftOut] = ()) -> int:
    """Run all jobs, report each, and return the exit code: 0, or the highest of those that failed or were left out.

    ``work`` does one job; an exception is the job's failure. It is pickled if there are several workers. A result that
    is there no more at the end of the run is a failure, too.
    """
    if batch.as_json and any(job.output == PIPE for job in jobs):
        raise click.UsageError("--json and the picture cannot both go to standard output")
    tally = _Tally()
    single = len(jobs) == 1 and not batch.quiet and sys.stderr.isatty()
    try:
        with (
            _progress(len(jobs), batch) as tell,
            bar.shown() if single else nullcontext(_nothing) as clear,
            closing(_outcomes(jobs, work, batch)) as outcomes,
        ):
            for outcome in outcomes:
                clear()
                tally.add(outcome)
                tell(outcome)
    except KeyboardInterrupt:
        if len(jobs) > 1 and jobs[0].output:
            say(f"nnc: stopped after {tally.counts['done']} of {len(jobs)}; --skip-existing goes on from there")
        raise
    for outcome in tally.lost():
        tally.add(outcome)
        tell_outcome(outcome, batch=batch, hinted=set())
    code = finish(tally.counts, left_out, batch, tally.total())
    return max([code, *(outcome.code for outcome in tally.failed)])


def _nothing() -> None:
    """Do nothing, where there is no bar to clear."""


def _outcomes(jobs: list[Job], work: Work, batch: BatchOptions) -> Generator[Outcome, None, None]:
    taken = clashes(jobs)
    for job, first in taken.items():
        error = EncodeError(f"{first} also becomes {job.output}", "--keep-suffix tells them apart")
        yield _failure(job, error)
    todo = [job for job in jobs if job not in taken]
    if min(batch.workers, len(todo)) > 1:
        yield from _in_parallel(todo, work, batch, min(batch.workers, len(todo)))
        return
    with ending_promptly(remove_temporaries):
        yield from map(partial(_attempt, work=work, batch=batch), todo)


def _in_parallel(jobs: list[Job], work: Work, batch: BatchOptions, workers: int) -> Iterator[Outcome]:
    """Outcomes from worker processes, as they come.

    A job that was lost with its worker is done again in the end, alone, over a result that was written but not
    reported: memory that is too little for several jobs at once may do for one.
    """
    from nncodec.cli.workers import Crew

    there_before = {job for job in jobs if exists(job)}
    guarded = partial(_attempt, work=work, batch=batch)
    again = partial(_attempt, work=work, batch=replace(batch, force=True, skip_existing=False))
    crew = Crew(guarded, workers)
    yield from crew.results(jobs)
    for job in crew.lost:
        alone = Crew(guarded if job in there_before else again, 1)
        yield from alone.results([job])
        if alone.lost:
            yield _failure(job, NncError("its worker process died", "perhaps there was too little memory"))


def _attempt(job: Job, *, work: Work, batch: BatchOptions) -> Outcome:
    """Check and run one job; whatever it raises, faults of the program included, becomes a failed outcome."""
    try:
        stale = batch.skip_existing and exists(job) and is_stale(job)
        if batch.skip_existing and exists(job) and not stale:
            return Outcome(job, "skipped", f"{job.source}: {job.output} exists, skipped")
        check_output(job, batch.force or stale)
        planned = batch.dry_run and job.output
        done = Outcome(job, "planned", f"{job.source} -> {job.output}") if planned else work(job)
        notes = (f"{job.output} is older than its source, so it is not skipped", *done.notes) if stale else done.notes
        return replace(done, notes=notes)
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
def _progress(n_jobs: int, batch: BatchOptions) -> Iterator[Callable[[Outcome], None]]:
    """Give a function that reports an outcome, with a progress bar for several jobs on a terminal."""
    plain = partial(tell_outcome, batch=batch, hinted=set())
    if n_jobs == 1 or batch.quiet or not sys.stderr.isatty():
        yield plain
        return
    with click.progressbar(length=n_jobs, file=sys.stderr, show_pos=True, label="nnc") as bar:

        def tell(outcome: Outcome) -> None:
            click.echo("\r\033[K", nl=False, err=True)
            plain(outcome)
            bar.update(1)

        yield tell
