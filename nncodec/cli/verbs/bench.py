"""``nnc bench``: measure codecs over folders of pictures, and make reports from the tables."""

import sys
from collections.abc import Callable, Generator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nncodec.cli.options import HELP, check_codec, check_restore, measures_option

if TYPE_CHECKING:
    from nncodec.bench.measure.plan import Failure
    from nncodec.bench.results_tsv import Row

DEFAULT_QUALITIES = "10,30,50,70,90"


class _RunByDefault(click.Group):
    """``nnc bench FOLDER`` is short for ``nnc bench run FOLDER``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put ``run`` before arguments that name no other command."""
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = ["run", *args]
        return super().parse_args(ctx, args)


def _names(ctx: click.Context, parameter: click.Parameter, value: str) -> tuple[str, ...]:
    """The names in a comma-separated list, each once."""
    return tuple(dict.fromkeys(part.strip() for part in value.split(",") if part.strip()))


def _codecs(ctx: click.Context, parameter: click.Parameter, value: str) -> tuple[str, ...]:
    """Codec names that exist; for none, all that can encode pixels here."""
    from nncodec.codec import KeepsFiles
    from nncodec.codecs import all_codecs

    names = _names(ctx, parameter, value)
    for name in names:
        check_codec(name)
    able = (codec for codec in all_codecs().values() if not isinstance(codec, KeepsFiles) and codec.missing() is None)
    return names or tuple(codec.name for codec in able)


def _restores(ctx: click.Context, parameter: click.Parameter, value: str) -> tuple[str, ...]:
    """Names of restorers that exist, ``none`` and ``auto`` among them."""
    names = _names(ctx, parameter, value)
    for name in names:
        check_restore(name)
    return names or ("none",)


def _qualities(ctx: click.Context, parameter: click.Parameter, value: str) -> tuple[float, ...]:
    """Numbers from 0 to 100, ascending."""
    try:
        numbers = sorted({float(part) for part in _names(ctx, parameter, value)})
    except ValueError as error:
        raise click.BadParameter(f"{error}") from None
    if not numbers or not all(0 <= number <= 100 for number in numbers):
        raise click.BadParameter("a list of numbers from 0 to 100 is needed")
    return tuple(numbers)


@click.group(cls=_RunByDefault, context_settings=HELP, short_help="Measure codecs over folders; make reports.")
def command() -> None:
    """Measure codecs over folders of pictures, and make reports from the tables.

    \b
    nnc bench kodak -c avif,webp -q 30,60,90 -o results.tsv    measures, into a table
    nnc bench report results.tsv -o report/                    makes a page of curves and BD-rates

    'nnc bench run --help' lists the options of the first line.
    """


@command.command(short_help="Measure codecs into a table (the default).")
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", required=True, type=click.Path(path_type=Path, dir_okay=False), help="Table (TSV) to append to."
)
@click.option(
    "-c",
    "--codec",
    "codecs",
    default="",
    callback=_codecs,
    help="Codecs, separated by commas.  [default: all that work here]",
)
@click.option(
    "-q",
    "--quality",
    "qualities",
    default=DEFAULT_QUALITIES,
    callback=_qualities,
    show_default=True,
    help="Qualities, 0 to 100.",
)
@click.option(
    "-e", "--effort", type=click.IntRange(1, 9), default=5, show_default=True, help="1 (fastest) to 9 (smallest files)."
)
@click.option(
    "--restore",
    "restores",
    default="none",
    callback=_restores,
    show_default=True,
    help="Restorers as in encode, separated by commas.",
)
@click.option(
    "--light", is_flag=True, help="Encode with light networks, as encode does; the table says so behind the restorer."
)
@measures_option
@click.option("--gray", is_flag=True, help="Code only the luma, as a gray picture; the set is called NAME-luma.")
@click.option("--device", type=click.Choice(["cpu", "cuda"]), default="cpu", show_default=True)
@click.option(
    "-j", "--jobs", "workers", type=click.IntRange(1), help="Pictures to measure at once.  [default: one per core]"
)
@click.option("--timing", is_flag=True, help="Measure time and memory, too: one picture at a time, several times.")
@click.option("--reps", type=click.IntRange(1), default=5, show_default=True, help="Repetitions, with --timing.")
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True, help="Threads, with --timing.")
@click.option("--quiet", is_flag=True, help="Show no progress bar.")
def run(**options: Any) -> None:
    """Encode every picture with every codec at every quality, decode it, and measure rate and distortion.

    Each picture, codec and quality gives one row of the table. The same command resumes a run that was stopped.
    Pictures and settings that fail are named and skipped; the exit code is then 1.
    """
    from nncodec.bench import perceptual
    from nncodec.bench.measure import machine, plan
    from nncodec.bench.measure.run import rates, timings
    from nncodec.bench.results_tsv import LIGHT, Appender
    from nncodec.cli.stopping import ending_promptly
    from nncodec.threads import cores

    if options["gray"] and options["timing"]:
        raise click.UsageError("--timing measures the pictures as they are, without --gray")
    if options["measures"] and options["timing"]:
        raise click.UsageError("--timing measures time and memory, without --measures")
    perceptual.check_installed(options["measures"])
    restores = tuple(name + LIGHT * options["light"] for name in options["restores"])
    sources, failures = plan.find(options["folders"], options["gray"])
    planned = plan.measurements(
        sources,
        options["codecs"],
        options["qualities"],
        options["effort"],
        options["device"],
        restores,
        options["measures"],
    )
    skipped = _Skipped()
    for failure in failures:
        skipped.add(failure)
    with Appender(options["output"], [machine.versions(), machine.machine()], options["measures"]) as rows:
        todo = [one for one in planned if one.key(options["timing"]) not in rows.done]
        if len(todo) < len(planned):
            click.echo(f"nnc: {len(planned) - len(todo)} of {len(planned)} rows are already there", err=True)
        if options["timing"]:
            results = timings(todo, options["reps"], options["threads"])
        else:
            results = rates(todo, options["workers"] or cores())
        with ending_promptly(lambda: None, grace=None):  # measurements that were begun are finished, if one waits
            _collect(results, len(todo), rows.add, skipped, options["quiet"])
    skipped.finish()


def _collect(
    results: "Generator[Row | Failure, None, None]",
    n_planned: int,
    add: Callable[["Row"], None],
    skipped: "_Skipped",
    quiet: bool,
) -> None:
    """Write rows as they come, with a progress bar on a terminal; Ctrl-C leaves a valid table."""
    from nncodec.bench.measure.plan import Failure

    hidden = quiet or not sys.stderr.isatty()
    n_done = 0
    try:
        with click.progressbar(length=n_planned, label="measuring", file=sys.stderr, hidden=hidden) as bar:
            for result in results:
                if isinstance(result, Failure):
                    skipped.add(result)
                else:
                    add(result)
                n_done += 1
                bar.update(1)
    except KeyboardInterrupt:
        results.close()
        click.echo(f"\nnnc: stopped after {n_done} of {n_planned}; the same command goes on from there", err=True)
        raise


class _Skipped:
    """Failures: each cause told when it first comes, and counted."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def add(self, failure: "Failure") -> None:
        """Tell the user, unless this cause is known."""
        if failure.cause not in self._counts:
            click.echo(f"nnc: skipped: {failure.subject}: {failure.message}", err=True)
        self._counts[failure.cause] = self._counts.get(failure.cause, 0) + 1

    def finish(self) -> None:
        """Exit with 1 if anything was skipped."""
        if not self._counts:
            return
        total = sum(self._counts.values())
        click.echo(f"nnc: error: {total} measurements or folders skipped:", err=True)
        for cause, count in self._counts.items():
            click.echo(f"  {count:5}  {cause}", err=True)
        raise SystemExit(1)


@command.command(short_help="Make a page of curves and BD-rates from tables.")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder to fill.")
@click.option(
    "--anchor",
    "anchors",
    default="vtm,jpeg",
    callback=_names,
    show_default=True,
    help="Codec to compare with: the first of these that a set has.",
)
@click.option(
    "--reference",
    "published",
    default="vtm,bpg,av1",
    callback=_names,
    show_default=True,
    help="Published curves to add to a set called kodak; 'none' adds none, 'all' adds all.",
)
@click.option(
    "--pictures",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder that the table was measured on, to show crops side by side. May be repeated.",
)
@click.option("-f", "--force", is_flag=True, help="Write into a folder that is not empty.")
def report(
    files: tuple[Path, ...],
    output: Path,
    anchors: tuple[str, ...],
    published: tuple[str, ...],
    pictures: tuple[Path, ...],
    force: bool,
) -> None:
    """Make a page of curves and BD-rates from tables of 'nnc bench'.

    Writes index.html, report.md and the curves as SVG. A set of pictures called kodak is compared with published
    curves, too.
    """
    from nncodec.bench.report.assembly import build, merged
    from nncodec.bench.report.comparison import ReportError
    from nncodec.bench.report.page import write
    from nncodec.bench.report.reference import references

    missing = [name for name in ("bjontegaard", "matplotlib", "scipy") if find_spec(name) is None]
    if missing:
        raise ReportError(f"a report needs {' and '.join(missing)}", f"pip install {' '.join(missing)}")
    if output.is_dir() and any(output.iterdir()) and not force:
        raise ReportError(f"{output} is not empty", "--force writes into it all the same")
    if published in (("all",), ("none",)):
        published = tuple(references()) if published == ("all",) else ()
    write(build(merged(files), anchors, published, pictures), output)
    click.echo(f"nnc: {output / 'index.html'}", err=True)
