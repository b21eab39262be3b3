"""Running one job or ten thousand: worker processes, progress, failures gathered, one exit code at the end."""

import json
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import click

from nncodec.cli import bar
from nncodec.cli.files import PIPE, Job, clashes
from nncodec.cli.messages import describe, exit_code, expected, grouped, report_error, say
from nncodec.cli.stopping import ending_promptly
from nncodec.cli.writing import check_output, remove_temporaries
from nncodec.errors import EncodeError, InternalError, NncError


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
        gone = [job for job in self.sizes if job.output not in ("", PIPE) and not Path(job.output).exists()]
        for job in gone:
            self.counts["done"] -= 1
            del self.sizes[job]
        return [_failure(job, NncError(f"{job.output} was written, and is there no more")) for job in gone]

    def total(self) -> tuple[int, int]:
        """Bytes of all sources and results."""
        return sum(before for before, _ in self.sizes.values()), sum(after for _, after in self.sizes.values())


def run(jobs: list[Job], work: Work, batch: BatchOptions) -> int:
    """Run all jobs, report each, and return the exit code: 0, or the highest of those that failed.

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
        _tell(outcome, batch=batch, hinted=set())
    if len(jobs) > 1:
        _summary(tally, batch)
    return max((outcome.code for outcome in tally.failed), default=0)


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

    there_before = {job for job in jobs if Path(job.output).exists()}
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
        if batch.skip_existing and job.output != PIPE and Path(job.output).exists():
            return Outcome(job, "skipped", f"{job.source}: {job.output} exists, skipped")
        check_output(job, batch.force)
        if batch.dry_run:
            return Outcome(job, "planned", f"{job.source} -> {job.output}")
        return work(job)
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
        _say_details(outcome, batch)
    elif not batch.quiet:
        if outcome.line and not batch.as_json:
            say(outcome.line)
            _say_details(outcome, batch)
        for note in outcome.notes:
            say(f"nnc: note: {outcome.job.source}: {note}")


def _say_details(outcome: Outcome, batch: BatchOptions) -> None:
    for detail in outcome.details if batch.verbose else ():
        say(f"  {detail}")


def _summary(tally: _Tally, batch: BatchOptions) -> None:
    """The end of a folder run: what failed, named once more, since it may have scrolled away."""
    if tally.failed and len(tally.failed) < sum(tally.counts.values()):
        say(f"nnc: {len(tally.failed)} failed:")
        for outcome in tally.failed:
            say(f"  {outcome.job.source}: {outcome.line}")
    if not batch.quiet and not batch.as_json:
        sizes = tally.total()
        total = f"; {grouped(sizes[0])} -> {grouped(sizes[1])} bytes" if any(sizes) else ""
        say("nnc: " + ", ".join(f"{n} {what}" for what, n in tally.counts.items() if n) + total)
