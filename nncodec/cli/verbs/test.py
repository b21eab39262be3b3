"""``nnc test``: decode and check, write nothing."""

from functools import partial
from pathlib import Path
from typing import Any

import click

from nncodec.cli.batch import run
from nncodec.cli.files import Job, read_source
from nncodec.cli.options import (
    FILE,
    batch_options_of,
    check_weights,
    device_option,
    filelist_option,
    jobs_option,
    json_option,
    max_memory_option,
    max_pixels_option,
    quiet_option,
    recursive_option,
    shard_option,
    weights_to_read_option,
)
from nncodec.cli.planning import files_in
from nncodec.cli.reporting import Outcome
from nncodec.cli.walking import OURS


@click.command("test", short_help="Decode files as a check; write nothing.")
@click.argument("files", nargs=-1, type=FILE, metavar="FILE...")
@recursive_option
@filelist_option
@shard_option
@jobs_option
@json_option
@quiet_option
@weights_to_read_option
@device_option
@max_pixels_option
@max_memory_option
@click.pass_context
def command(ctx: click.Context, /, files: tuple[str, ...], **options: Any) -> None:
    """Decode files completely and verify every checksum. Nothing is written.

    \b
    nnc test photo.nnc
    nnc test -r archive                     all .nnc files in a folder, one process per core
    """
    jobs = files_in(files, options, OURS)
    limits = {name: options[name] for name in ("max_pixels", "max_memory", "weights")}
    check_weights(options["weights"])
    work = partial(check_file, device=options["device"], **limits)
    ctx.exit(run(jobs, work, batch_options_of(options, jobs)))


def check_file(
    job: Job, device: str, max_pixels: int, max_memory: int | None, weights: tuple[Path, ...] = ()
) -> Outcome:
    """Decode one file; runs in a worker process."""
    from nncodec.pipeline import decode

    data = read_source(job.source)
    done = decode(data, max_pixels=max_pixels, max_memory=max_memory, device=device, weights=weights)
    picture = done.picture
    record: dict[str, object] = {
        "codec": done.codec,
        "width": picture.width,
        "height": picture.height,
        "mode": picture.mode,
    }
    line = f"{job.source}: ok, {picture.width} x {picture.height} {picture.mode}"
    return Outcome(job, "done", line, record=record, sizes=(len(data), 0), details=(f"codec {done.codec}",))
