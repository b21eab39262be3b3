"""The result of a job and of a run, told once: in words on standard error, or as JSON on standard output."""

from collections import Counter
from dataclasses import dataclass, field

from nncodec.cli.files import Job
from nncodec.cli.messages import grouped, report_error, say
from nncodec.cli.records import print_json, record
from nncodec.cli.walking import LINK, LeftOut
from nncodec.errors import NncError


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
    summary: bool = False
    """With ``as_json``, end with an object for the whole run."""


def tell_outcome(outcome: Outcome, *, batch: BatchOptions, hinted: set[str]) -> None:
    """Report an outcome once: on standard output as JSON, or in words on standard error."""
    failed = outcome.status == "failed"
    if batch.as_json:
        fields = record(
            outcome.job.source,
            outcome.status,
            output=outcome.job.output,
            code=outcome.code,
            error=outcome.line if failed else None,
            hint=outcome.hint,
            notes=outcome.notes,
            source_bytes=outcome.sizes[0] or None,
        )
        print_json(fields | outcome.record)
    elif failed:
        new_hint = outcome.hint if outcome.hint not in hinted else None
        hinted |= {outcome.hint or ""}
        report_error(NncError(outcome.line, new_hint), outcome.job.source)
        _say_details(outcome, batch)
    elif not batch.quiet:
        if outcome.line:
            say(outcome.line)
            _say_details(outcome, batch)
        for note in outcome.notes:
            say(f"nnc: note: {outcome.job.source}: {note}")


def _say_details(outcome: Outcome, batch: BatchOptions) -> None:
    for detail in outcome.details if batch.verbose else ():
        say(f"  {detail}")


@dataclass
class LeftOutFiles:
    """Files that a run leaves out, counted by kind."""

    kinds: Counter[tuple[str, str | None]] = field(default_factory=Counter)
    """By kind and hint."""
    code: int = 0
    """The exit code that they ask for."""

    def add(self, file: LeftOut, batch: BatchOptions) -> None:
        """Count a file, and name it where there is a place for each."""
        self.kinds[file.kind, file.hint] += 1
        self.code = max(self.code, file.code)
        if batch.as_json:
            error = f"{file.kind} is left out"
            print_json(record(file.path, "left_out", code=file.code, error=error, hint=file.hint) | {"kind": file.kind})
        elif batch.verbose:
            say(f"{file.path}: {file.kind}, left out{f' ({file.hint})' if file.hint else ''}")


def finish(counts: dict[str, int], left_out: LeftOutFiles, batch: BatchOptions, sizes: tuple[int, int]) -> None:
    """Tell how many jobs of a run ended how, and what was left out."""
    if batch.as_json and batch.summary:
        _print_summary(counts, left_out, sizes)
    elif not batch.as_json:
        _tell_summary(counts, left_out, sizes, batch)


def _print_summary(counts: dict[str, int], left_out: LeftOutFiles, sizes: tuple[int, int]) -> None:
    """The last object of a run."""
    kinds: Counter[str] = Counter()
    for (kind, _), n in left_out.kinds.items():
        kinds[kind] += n
    more = {"left_out": left_out.kinds.total(), "kinds": dict(kinds)}
    print_json({"summary": counts | more | {"source_bytes": sizes[0], "bytes": sizes[1]}})


def _tell_summary(counts: dict[str, int], left_out: LeftOutFiles, sizes: tuple[int, int], batch: BatchOptions) -> None:
    """The end of a folder run: counts, and the kinds of what was left out, which --quiet does not silence."""
    if (sum(counts.values()) > 1 or (left_out.kinds and any(counts.values()))) and not batch.quiet:
        total = f"; {grouped(sizes[0])} -> {grouped(sizes[1])} bytes{_saved(sizes)}" if sizes[1] else ""
        told = [f"{n} {status}" for status, n in counts.items() if n]
        say("nnc: " + ", ".join(told) + total)
    kinds = {kind: n for kind, n in left_out.kinds.items() if kind[0] != LINK}
    if kinds:
        named = ", ".join(f"{n} {kind}{f' ({hint})' if hint else ''}" for (kind, hint), n in kinds.items())
        say(f"nnc: left out: {named}")
    n_links = left_out.kinds[LINK, None]
    if n_links and not batch.quiet:
        say(f"nnc: note: links to folders are not followed: {n_links}")


def _saved(sizes: tuple[int, int]) -> str:
    """The part of the bytes that a run saved, as the end of a sentence; empty if it saved none."""
    before, after = sizes
    return f", {100 * (before - after) / before:.1f} % less" if after < before else ""
