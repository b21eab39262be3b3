"""``nnc compare``: measures of the difference of two pictures."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nncodec.cli.files import PIPE, Job, read_source
from nncodec.cli.messages import about, exit_code, printable
from nncodec.cli.options import (
    FILE,
    check_weights,
    max_memory_option,
    max_pixels_option,
    measures_option,
    weights_to_read_option,
)
from nncodec.cli.records import print_json, record
from nncodec.cli.writing import check_output, write_output
from nncodec.errors import EncodeError, NncError

if TYPE_CHECKING:
    from nncodec.image import Picture


@click.command("compare", short_help="Measure how much two pictures differ.")
@click.argument("original", type=FILE, metavar="A")
@click.argument("other", type=FILE, metavar="B")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
@click.option("--heatmap", type=FILE, metavar="PNG", help="Also write a picture that shows where they differ.")
@click.option(
    "--html",
    "page",
    type=FILE,
    metavar="HTML",
    help="Also write a page with both pictures, a slider between them, the heatmap and the figures.",
)
@measures_option
@click.option("-f", "--force", is_flag=True, help="Overwrite the heatmap and the page.")
@weights_to_read_option
@max_pixels_option
@max_memory_option
@click.pass_context
def command(ctx: click.Context, /, original: str, other: str, as_json: bool, **options: Any) -> None:
    """Measure how much picture B differs from picture A.

    Prints MSE, PSNR, SSIM and MS-SSIM, the perceptual measures that --measures names, and the bits per pixel of both
    files. Both may be in any format, .nnc included, and must have the same size. Alpha is not compared. A gray picture
    is compared with a colour one as colour.
    """
    check_weights(options["weights"])
    on_pipe = [options[name] for name in ("heatmap", "page")].count(PIPE)
    if on_pipe + as_json > 1:
        raise click.UsageError("standard output takes one of --heatmap -, --html - and --json")
    try:
        measures = _measured(original, other, **options)
    except NncError as error:
        if not as_json:
            raise
        failure: dict[str, Any] = {"code": exit_code(error), "error": str(error), "hint": error.hint}
        print_json(record(original, "failed", **failure) | {"other": other})
        ctx.exit(exit_code(error))
    if as_json:
        print_json(record(original, "done", output=options["heatmap"] or options["page"]) | {"other": other} | measures)
    else:
        head = printable(f"{original} | {other}") + f": {measures['width']} x {measures['height']}"
        rows = _readable(measures)
        width = max(len(name) for name, _ in rows)
        click.echo("\n".join((head, *(f"  {name:<{width}}  {value}" for name, value in rows))), err=on_pipe > 0)


def _measured(
    original: str,
    other: str,
    heatmap: str | None,
    page: str | None,
    force: bool,
    measures: tuple[str, ...],
    **reading: Any,
) -> dict[str, Any]:
    """The measures of two files, by the names that they have as JSON; writes the heatmap and the page."""
    from nncodec.bench import perceptual
    from nncodec.image.metrics import measure

    jobs = [Job(PIPE, str(Path(output))) if output else None for output in (heatmap, page)]
    for job in filter(None, jobs):
        check_output(job, force)
    (first, first_bytes), (second, second_bytes) = (_read(file, **reading) for file in (original, other))
    a, b = _alike(first, second)
    scores = measure(a, b)
    n_pixels = first.width * first.height
    found = {
        "width": first.width,
        "height": first.height,
        "mse": scores.mse,
        "psnr": None if math.isinf(scores.psnr) else scores.psnr,
        "psnr_y": None if math.isinf(scores.psnr_y) else scores.psnr_y,
        "ssim": scores.ssim,
        "ms_ssim": scores.ms_ssim,
        "bpp_a": 8 * first_bytes / n_pixels,
        "bpp_b": 8 * second_bytes / n_pixels,
        **perceptual.compute(a, b, measures),
    }
    if jobs[0]:
        _write_heatmap(a, b, jobs[0])
    if jobs[1]:
        from nncodec.pages.comparing import Side, comparison_page

        sides = Side(Path(original).name, first, first_bytes), Side(Path(other).name, second, second_bytes)
        made = comparison_page(*sides, (a, b), _readable(found)[:-1])
        write_output(jobs[1], made, make_folders=False)
    return found


def _read(file: str, **reading: Any) -> "tuple[Picture, int]":
    """A picture, read with options of `read_any`, and the bytes of its file; errors say which file they are about."""
    from nncodec.pipeline import read_any

    with about(file):
        data = read_source(file)
        return read_any(data, **reading), len(data)


def _alike(first: "Picture", second: "Picture") -> tuple[Any, Any]:
    """The two pixel arrays in one shape; EncodeError if size or depth differ."""
    import numpy as np

    if (first.width, first.height) != (second.width, second.height):
        sizes = f"{first.width} x {first.height} and {second.width} x {second.height}"
        raise EncodeError(f"pictures of different size cannot be compared: {sizes}")
    if first.depth != second.depth:
        raise EncodeError(f"{first.depth}-bit and {second.depth}-bit samples cannot be compared")
    pixels: list[Any] = [first.pixels, second.pixels]
    if first.channels != second.channels:
        pixels = [np.repeat(p[:, :, np.newaxis], 3, axis=2) if p.ndim == 2 else p for p in pixels]
    return pixels[0], pixels[1]


def _readable(measures: dict[str, Any]) -> list[tuple[str, str]]:
    """Names and values of the measures for reading, bits per pixel last."""
    from nncodec.bench.perceptual import MEASURES

    def db(key: str) -> str:
        return "equal" if measures[key] is None else f"{measures[key]:.2f} dB"

    return [
        ("MSE", f"{measures['mse']:.4f}"),
        ("PSNR", db("psnr")),
        ("PSNR-Y", db("psnr_y")),
        ("SSIM", f"{measures['ssim']:.5f}"),
        ("MS-SSIM", f"{measures['ms_ssim']:.5f}"),
        *((one.title, f"{measures[name]:.{one.decimals}f}") for name, one in MEASURES.items() if name in measures),
        ("bpp", f"{measures['bpp_a']:.3f} | {measures['bpp_b']:.3f}"),
    ]


def _write_heatmap(a: Any, b: Any, job: Job) -> None:
    from nncodec.image import Picture, write
    from nncodec.image.heatmap import render

    write_output(job, write(Picture(render(a, b)))[0], make_folders=False)
