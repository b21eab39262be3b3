"""``nnc info``: what files hold and where their bytes go."""

import json

import click

from nncodec.cli.files import OURS, files_in, read_source
from nncodec.cli.options import FILE, json_option, recursive_option
from nncodec.cli.report import grouped, printable, report_error
from nncodec.errors import NncError


@click.command("info", short_help="What a file holds, and where its bytes go.")
@click.argument("files", nargs=-1, required=True, type=FILE, metavar="FILE...")
@recursive_option
@json_option
@click.pass_context
def command(ctx: click.Context, files: tuple[str, ...], recursive: bool, as_json: bool) -> None:
    """Show size, codec and a byte breakdown by section; checksums are verified, no pixel is decoded."""
    worst = 0
    for file in files_in(files, recursive, OURS):
        try:
            click.echo(_as_json(file) if as_json else _as_text(file))
        except (NncError, OSError) as error:
            worst = max(worst, report_error(error, file))
    ctx.exit(worst)


def _as_text(file: str) -> str:
    from nncodec.pipeline import inspect

    info = inspect(read_source(file))
    head = f"{printable(file)}: {info.width} x {info.height} {info.mode}, {info.codec}"
    if info.base:
        head += f" on {info.base} at 1/{info.scale}"
    if info.layers > 1:
        head += f", {info.layers} layers"
    restorers = iter(info.restorers)
    rows = [(f"{name} {next(restorers)}" if name == "restorer" else name, n_bytes) for name, n_bytes in info.sections]
    rows.append(("container", info.overhead))
    lines = [f"{head}, {grouped(info.size)} bytes, {info.bpp:.3f} bpp, format version {info.version}"]
    return "\n".join(
        lines + [f"  {name:<15}{grouped(n_bytes):>12}  {n_bytes / info.size:6.1%}" for name, n_bytes in rows]
    )


def _as_json(file: str) -> str:
    from nncodec.pipeline import inspect

    info = inspect(read_source(file))
    record = {
        "file": file,
        "version": info.version,
        "codec": info.codec,
        "base": info.base,
        "base_scale": info.scale,
        "width": info.width,
        "height": info.height,
        "mode": info.mode,
        "bytes": info.size,
        "bpp": info.bpp,
        "layers": info.layers,
        "restorers": info.restorers,
        "sections": [{"name": name, "bytes": n_bytes} for name, n_bytes in info.sections],
        "overhead": info.overhead,
    }
    return json.dumps(record)
