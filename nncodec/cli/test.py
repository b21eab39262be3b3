"""``nnc test``: decode and check, write nothing."""

import click

from nncodec.cli.files import OURS, files_in, read_source
from nncodec.cli.options import FILE, device_option, max_pixels_option, recursive_option
from nncodec.cli.report import report_error
from nncodec.errors import NncError


@click.command("test", short_help="Decode and check, write nothing.")
@click.argument("files", nargs=-1, required=True, type=FILE, metavar="FILE...")
@recursive_option
@click.option("--quiet", is_flag=True, help="Report errors only.")
@device_option
@max_pixels_option
@click.pass_context
def command(
    ctx: click.Context, files: tuple[str, ...], recursive: bool, quiet: bool, device: str, max_pixels: int
) -> None:
    """Decode files completely, verifying every checksum, and write nothing."""
    from nncodec.pipeline import decode

    worst = n_failed = 0
    sources = files_in(files, recursive, OURS)
    for file in sources:
        try:
            picture = decode(read_source(file), max_pixels=max_pixels, device=device).picture
        except (NncError, OSError, MemoryError) as error:
            worst, n_failed = max(worst, report_error(error, file)), n_failed + 1
            continue
        if not quiet:
            click.echo(f"{file}: ok, {picture.width} x {picture.height} {picture.mode}", err=True)
    if n_failed and len(sources) > 1:
        click.echo(f"nnc: {n_failed} of {len(sources)} failed", err=True)
    ctx.exit(worst)
