"""``nnc thumbnail``: a small PNG of an .nnc file, for file managers and galleries."""

from pathlib import Path
from typing import Any

import click

from nncodec.cli.files import PIPE, Job, read_source
from nncodec.cli.messages import about
from nncodec.cli.options import FILE, check_weights, max_memory_option, max_pixels_option, weights_to_read_option
from nncodec.cli.writing import check_output, write_output


@click.command("thumbnail", short_help="Make a small PNG of an .nnc file, quickly.")
@click.argument("file", type=FILE, metavar="FILE")
@click.option(
    "-s",
    "--size",
    type=click.IntRange(1, 4096),
    default=256,
    show_default=True,
    metavar="N",
    help="Longest side, in pixels.",
)
@click.option(
    "-o",
    "--output",
    type=FILE,
    metavar="PATH",
    help="PNG to write, - for standard output.  [default: beside FILE]",
)
@click.option("-f", "--force", is_flag=True, help="Overwrite the output. Write binary data even to a terminal.")
@max_pixels_option
@max_memory_option
@weights_to_read_option
def command(file: str, size: int, output: str | None, force: bool, **reading: Any) -> None:
    """Make a small PNG of an .nnc file, upright and in sRGB.

    It is quick rather than faithful: no restorers, and of a file in layers the first one where it has enough pixels.
    'nnc decode --max-side' shrinks the picture as faithfully as it can, and takes folders.
    """
    from nncodec.image import write
    from nncodec.pipeline import thumbnail

    source = Path(file)
    beside = PIPE if file == PIPE else str(source.with_name(f"{source.stem}-thumbnail.png"))
    job = Job(file, output or beside)
    check_weights(reading["weights"])
    check_output(job, force)
    with about(file):
        picture = thumbnail(read_source(file), size, **reading)
    write_output(job, write(picture, png_level=6)[0], make_folders=False)
