"""``nnc info``: the contents of files, and the bytes of each section."""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nncodec.cli.files import Job, read_source
from nncodec.cli.messages import describe, exit_code, expected, grouped, printable, report_error, say
from nncodec.cli.options import FILE, check_weights, json_option, recursive_option, weights_to_read_option
from nncodec.cli.planning import files_in
from nncodec.cli.records import print_json, record
from nncodec.cli.register import Register, distinct
from nncodec.cli.reporting import BatchOptions, LeftOutFiles, finish
from nncodec.cli.walking import OURS, LeftOut
from nncodec.errors import CorruptFile, NncError

if TYPE_CHECKING:
    from nncodec.pipeline import Info, OwnModel


_WIDTH = 15
"""Of the column of names, where none is longer."""


@click.command("info", short_help="Show what a file holds, and where its bytes go.")
@click.argument("files", nargs=-1, required=True, type=FILE, metavar="FILE...")
@recursive_option
@json_option
@weights_to_read_option
@click.pass_context
def command(
    ctx: click.Context, files: tuple[str, ...], recursive: bool, as_json: bool, weights: tuple[Path, ...]
) -> None:
    """Show the size of the picture, its codec, and how many bytes each section takes.

    Checksums are verified, but no pixel is decoded; 'nnc test' does that. For a cut or damaged file the sound part is
    shown, and the exit code is 3. For a file in layers each line gives the byte at which the layer ends. A file cut
    there can be decoded with --partial.
    """
    check_weights(weights)
    ahead = files_in(files, {"recursive": recursive}, OURS)
    batch = BatchOptions(as_json=as_json, summary=recursive or ahead.count(2) > 1)
    left_out, counts = LeftOutFiles(), {"done": 0, "skipped": 0, "planned": 0, "failed": 0}
    worst, n_bytes = 0, 0
    with closing(Register()) as register:
        for item in distinct(ahead, register):
            if isinstance(item, LeftOut):
                left_out.add(item, batch)
            elif isinstance(item, Job):
                code, size = _tell(item.source, as_json, weights)
                counts["failed" if code else "done"] += 1
                worst, n_bytes = max(worst, code), n_bytes + (0 if code else size)
    finish(counts if as_json else {}, left_out, batch, (n_bytes, 0))
    ctx.exit(max(left_out.code, worst))


def _tell(file: str, as_json: bool, weights: tuple[Path, ...]) -> tuple[int, int]:
    """Print the contents and the errors of a file; return the exit code and the bytes of the file."""
    data, info = b"", None
    error: Exception | None = None
    try:
        data = read_source(file)
        info, error = _inspected(data)
    except Exception as refused:
        error = expected(refused)
    if as_json:
        print_json(_fields(file, data, error) | (_record(info, weights) if info else {}))
    elif info:
        click.echo(f"{printable(file)}: {_text(info, weights)}")
    if error is not None and not as_json:
        report_error(error, file)
        if isinstance(error, CorruptFile) and not info:
            _tell_claim(file, data)
    return (exit_code(error) if error else 0), len(data)


def _fields(file: str, data: bytes, error: Exception | None) -> dict[str, Any]:
    """The keys of a JSON object that every verb has."""
    if error is None:
        return record(file, "done", source_bytes=len(data))
    hint = error.hint if isinstance(error, NncError) else None
    failure: dict[str, Any] = {"code": exit_code(error), "error": describe(error, file), "hint": hint}
    return record(file, "failed", source_bytes=len(data) or None, **failure)


def _inspected(data: bytes) -> "tuple[Info, CorruptFile | None]":
    """Inspect a file; a damaged one as far as it is sound, with the error."""
    from nncodec.pipeline import inspect

    try:
        return inspect(data), None
    except CorruptFile as error:
        try:
            return inspect(data, partial=True), CorruptFile(str(error), "'nnc decode --partial' decodes what is sound")
        except NncError:
            raise error from None


def _tell_claim(file: str, data: bytes) -> None:
    """Print what the header claims, of a file in which nothing else is sound."""
    from nncodec.pipeline import claim

    try:
        say(f"nnc: note: {file}: its header claims {claim(data)}")
    except NncError:
        return


def _text(info: "Info", weights: tuple[Path, ...]) -> str:
    n_layers = info.layers
    head = f"{info.width} x {info.height} {info.mode}, {info.codec}"
    if info.base:
        head += f" on {info.base} at 1/{info.scale}"
    if info.codec in info.light:
        head += ", light"
    if n_layers > 1:
        head += f", {n_layers} layers"
    head += f", {grouped(info.size)} bytes, {info.bpp:.3f} bpp, format version {info.version}"
    rows, names = [], _names(info, n_layers)
    width = max(_WIDTH, *map(len, names))
    for (kind, n_bytes), name, end in zip(info.sections, names, info.ends, strict=True):
        cut_here = n_layers > 1 and kind in ("payload", "layer")
        rows.append(_row(name, n_bytes, info.size, width) + (f"  to byte {grouped(end)}" if cut_here else ""))
    unsound = info.size - info.ends[-1]
    rows.append(_row("container", info.overhead - unsound, info.size, width))
    if not info.complete:
        head += ", damaged or cut"
        rows.append(_row("not sound", unsound, info.size, width))
    if info.perceptual is not None:
        rows.append(
            f"  detail is invented, at strength {info.perceptual:.2f}: what the picture shows may not have been there"
        )
    return "\n".join((head, *rows, *_own_weights(info, weights)))


def _names(info: "Info", n_layers: int) -> list[str]:
    """The sections' names; restorers and layers are told apart, and light networks from others."""
    restorers = (f"{name}, light" if name in info.light else name for name in info.restorers)
    numbers = {"restorer": restorers, "layer": iter(range(2, n_layers + 1))}
    return [f"{name} {next(numbers[name])}" if name in numbers else name for name, _ in info.sections]


def _located(info: "Info", weights: tuple[Path, ...]) -> "list[tuple[OwnModel, Path | None]]":
    """The own weights that a file needs, each with the file that holds them; what finds it is imported if need be."""
    if not info.own_weights:
        return []
    from nncodec.pipeline import located

    return [(own, located(own, weights)) for own in info.own_weights]


def _own_weights(info: "Info", weights: tuple[Path, ...]) -> list[str]:
    """A line for the user's own weights that the file needs: their hash, and the file that holds them."""
    rows = []
    for own, path in _located(info, weights):
        where = "not found by --weights or NNC_WEIGHTS" if path is None else printable(str(path))
        rows.append(f"  own weights of {own.codec}, SHA-256 {own.digest}...: {where}")
    return rows


def _row(name: str, n_bytes: int, size: int, width: int) -> str:
    return f"  {name:<{width}}{grouped(n_bytes):>12}  {n_bytes / size:6.1%}"


def _record(info: "Info", weights: tuple[Path, ...]) -> dict[str, Any]:
    own = _located(info, weights)
    sections = [
        {"name": name, "bytes": n_bytes, "end": end}
        for (name, n_bytes), end in zip(info.sections, info.ends, strict=True)
    ]
    return {
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
        "light": info.light,
        "perceptual": info.perceptual,
        "sections": sections,
        "own_weights": [
            {"codec": each.codec, "sha256": each.digest, "file": None if path is None else str(path)}
            for each, path in own
        ],
        "overhead": info.overhead,
        "complete": info.complete,
    }
