"""``nnc extract``: the ordinary picture files that .nnc files hold."""

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import click

from nncodec.cli.batch import run
from nncodec.cli.files import PIPE, Job, read_source
from nncodec.cli.lookahead import Item, LookAhead
from nncodec.cli.messages import grouped
from nncodec.cli.options import FILE, batch_options, batch_options_of, max_memory_option, max_pixels_option
from nncodec.cli.planning import named, plan
from nncodec.cli.reporting import Outcome
from nncodec.cli.walking import OURS
from nncodec.cli.writing import write_output
from nncodec.errors import EncodeError, NncError

_OPEN = ".extracted"
"""The suffix of an output whose format is not known yet."""
_SAME = {".jpeg": ".jpg", ".jpe": ".jpg", ".jfif": ".jpg", ".avifs": ".avif"}


@dataclass(frozen=True)
class _Limits:
    """Limits of what is extracted."""

    max_pixels: int
    max_memory: int | None


@click.command("extract", short_help="Get the JPEG, WebP, AVIF or JPEG 2000 inside.")
@click.argument("sources", nargs=-1, type=FILE, metavar="SOURCE...")
@max_pixels_option
@max_memory_option
@batch_options
@click.pass_context
def command(ctx: click.Context, /, sources: tuple[str, ...], **options: Any) -> None:
    """Get the ordinary picture file that an .nnc file is built on: a JPEG, WebP, AVIF or JPEG 2000 (.jp2).

    \b
    nnc extract photo.nnc                   writes photo.avif beside it, or .jpg, ...
    nnc extract photo.nnc -o x.avif         under a name of its own
    nnc extract -r small -o out             a folder with all inside
    nnc extract - -o - < a.nnc > a.jpg      from one pipe to another

    Its samples are as they are coded: nothing is encoded again. A JPEG that was kept comes back bit for bit; to others,
    profile, Exif and XMP are added. Notes tell what is not in the file: alpha, restorers, the full size of a layered or
    compact picture. Files of learned, ccnn and recurrent hold no such picture: the exit code is 4. Neither do lossless
    colour pictures of avif.
    """
    jobs = LookAhead(_with_suffixes(plan(named(sources, options, OURS, _OPEN))))
    limits = _Limits(options["max_pixels"], options["max_memory"])
    ctx.exit(run(jobs, partial(extract_file, limits=limits), batch_options_of(options, jobs)))


def _with_suffixes(planned: LookAhead) -> Iterator[Item]:
    """The items of a plan, with the suffixes of the results."""
    with closing(planned):
        for item in planned:
            yield replace(item, output=_with_suffix(item)) if isinstance(item, Job) else item


def _with_suffix(job: Job) -> str:
    """The output of a job, with the suffix of its format where the user named none; open if the source is damaged."""
    from nncodec.pipeline import suffix_of

    if not job.output.endswith(_OPEN):
        return job.output
    try:
        return job.output.removesuffix(_OPEN) + suffix_of(read_source(job.source))
    except (NncError, OSError):
        return job.output


def extract_file(job: Job, limits: _Limits) -> Outcome:
    """Extract from one file; runs in a worker process."""
    from nncodec.pipeline import extract

    start = time.perf_counter()
    data = read_source(job.source)
    found = extract(data, max_pixels=limits.max_pixels, max_memory=limits.max_memory)
    _check_name(job.output, found.suffix)
    write_output(job, found.data, make_folders=True)
    seconds = time.perf_counter() - start
    line = f"{job.source} -> {job.output}  {grouped(len(found.data))} bytes  {seconds:.1f} s"
    record: dict[str, object] = {"bytes": len(found.data), "seconds": round(seconds, 3)}
    return Outcome(job, "done", line, record=record, sizes=(len(data), len(found.data)), notes=found.notes)


def _check_name(output: str, suffix: str) -> None:
    """Raise EncodeError for an output whose suffix is of another format than the file."""
    named_as = Path(output).suffix.lower()
    if output != PIPE and named_as and _SAME.get(named_as, named_as) != suffix:
        raise EncodeError(f"{output} would be a {suffix} file under another format's name", f"-o FILE{suffix}")
