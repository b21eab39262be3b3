"""``nnc view``: pictures in the browser, from a page that holds them."""

import os
import tempfile
from pathlib import Path
from typing import Any

import click

from nncodec.cli.files import PIPE, Job, read_source
from nncodec.cli.messages import about, say
from nncodec.cli.options import (
    FILE,
    check_weights,
    device_option,
    max_memory_option,
    max_pixels_option,
    weights_to_read_option,
)
from nncodec.cli.writing import check_output, write_output
from nncodec.errors import NncError


@click.command("view", short_help="Show .nnc files in the browser.")
@click.argument("files", nargs=-1, type=FILE, metavar="[FILE...]")
@click.option(
    "-o",
    "--output",
    type=FILE,
    metavar="PAGE",
    help="Keep the page as this file; - is standard output.  [default: a temporary file]",
)
@click.option("--no-open", is_flag=True, help="Write the page, but do not open it.")
@click.option("-f", "--force", is_flag=True, help="Overwrite the page.")
@device_option
@weights_to_read_option
@max_pixels_option
@max_memory_option
def command(files: tuple[str, ...], output: str | None, no_open: bool, force: bool, **decoding: Any) -> None:
    """Show .nnc files in the browser, and where their bytes go.

    \b
    nnc view photo.nnc                      opens the picture
    nnc view *.nnc -o page.html --no-open   keeps a page to send to others
    nnc view                                opens a page to drop files on

    The page is one HTML file, without a server: it holds the files, and of each the picture that nnc decodes. Beside
    that it shows the base that the browser itself decodes, without restorers, where the codec is jpeg, webp or avif.
    """
    from nncodec.pages.viewing import view_page, viewed

    check_weights(decoding["weights"])
    if no_open and not output:
        raise click.UsageError("--no-open needs -o PAGE: nobody would find the page")
    if output:
        check_output(Job(PIPE, output), force)
    shown = []
    for file in files:
        with about(file):
            shown.append(viewed(Path(file).name, read_source(file), **decoding))
    job = Job(PIPE, output or _temporary())
    write_output(job, view_page(shown), make_folders=False)
    if job.output != PIPE and not no_open:
        _open(Path(job.output))


def _temporary() -> str:
    """A new file for a page, which the browser will read when this process has ended."""
    handle, name = tempfile.mkstemp(prefix="nnc-", suffix=".html")
    os.close(handle)
    return name


def _open(page: Path) -> None:
    """Open a page in the user's browser; NncError if there is none."""
    import webbrowser

    say(f"nnc: opening {page}")
    if not webbrowser.open(page.resolve().as_uri()):
        raise NncError("no browser could be started", f"the page is {page}")
