"""``nnc decode``: .nnc files to PNG, or any other format."""

import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import click

from nncodec.cli.batch import run
from nncodec.cli.files import PIPE, Job, read_source
from nncodec.cli.messages import grouped
from nncodec.cli.options import (
    FILE,
    batch_options,
    batch_options_of,
    check_weights,
    complete_format,
    device_option,
    max_memory_option,
    max_pixels_option,
    weights_to_read_option,
)
from nncodec.cli.planning import named, plan
from nncodec.cli.reporting import Outcome
from nncodec.cli.walking import OURS
from nncodec.cli.writing import write_output
from nncodec.errors import CorruptFile, EncodeError, NncError


@dataclass(frozen=True)
class DecodeOptions:
    """Options of decoding and writing files."""

    pillow_format: str | None
    png_level: int
    quality: float | None
    original: bool
    max_pixels: int
    max_memory: int | None
    restore: bool
    partial: bool
    layers: int | None
    max_side: int | None
    perceptual: float | None
    scale: int
    device: str
    strip: bool
    strip_icc: bool
    weights: tuple[Path, ...]


@click.command("decode", short_help="Turn .nnc files into PNG or another format.")
@click.argument("sources", nargs=-1, type=FILE, metavar="SOURCE...")
@click.option(
    "--format",
    "format_name",
    metavar="NAME",
    shell_complete=complete_format,
    help="png, jpeg, webp, tiff, ppm, npy, ...  [default: the output's suffix, else png]",
)
@click.option(
    "--png-level", type=click.IntRange(0, 9), default=1, show_default=True, help="0 is fast, 9 makes the smallest PNG."
)
@click.option(
    "-q",
    "--quality",
    type=click.FloatRange(0, 100),
    metavar="Q",
    help="Quality of JPEG, WebP and AVIF output.  [default: 95; WebP is lossless]",
)
@click.option("--original", is_flag=True, help="Give back the JPEG that 'encode --keep-jpeg' stored, bit for bit.")
@click.option(
    "--no-restore", is_flag=True, help="Leave out the networks that repair the picture: faster, less faithful."
)
@click.option("--partial", is_flag=True, help="Decode the sound part of a cut or damaged file.")
@click.option(
    "--layers",
    type=click.IntRange(1),
    metavar="N",
    help="Decode only the first N layers of a progressive file. The picture may be smaller.",
)
@click.option(
    "--max-side",
    type=click.IntRange(1),
    metavar="N",
    help="Shrink a larger picture so that its longer side has N pixels. Quick with jpeg and jpeg2000.",
)
@click.option(
    "--perceptual",
    type=click.FloatRange(0, 1),
    metavar="P",
    help="How strongly superres and generative invent detail: 0 is closest to the original, 1 looks sharpest.  "
    "[default: as the file says]",
)
@click.option(
    "--scale",
    type=click.Choice(["1", "2"]),
    default="1",
    show_default=True,
    help="2 makes the decoded picture twice as wide and high, by a network that invents the finest detail.",
)
@click.option("--strip", is_flag=True, help="Leave Exif, XMP and IPTC out of the output, and turn the picture upright.")
@click.option("--strip-icc", is_flag=True, help="Leave the colour profile out. Viewers then assume sRGB.")
@weights_to_read_option
@device_option
@max_pixels_option
@max_memory_option
@batch_options
@click.pass_context
def command(ctx: click.Context, /, sources: tuple[str, ...], **options: Any) -> None:
    """Turn .nnc files into PNG, or any format that Pillow writes.

    \b
    nnc decode photo.nnc                    writes photo.png beside it
    nnc decode photo.nnc -o photo.jpg       another format
    nnc decode -r small -o photos           a folder with all inside
    nnc decode - -o - < a.nnc > a.png       from one pipe to another
    nnc decode photo.nnc --layers 1         the preview in a layered file

    Memory: about 12 bytes per pixel with jpeg, twice that with webp, more with learned.
    """
    if options["original"] and (options["scale"] != "1" or options["perceptual"] is not None):
        raise click.UsageError("--original gives a JPEG back bit for bit: nothing is painted into it")
    if options["max_side"] and options["scale"] != "1":
        raise click.UsageError("a picture is either shrunk by --max-side or enlarged by --scale")
    if options["original"] and options["max_side"]:
        raise click.UsageError("--original gives a JPEG back bit for bit: it cannot be shrunk")
    if options["original"] and (options["strip"] or options["strip_icc"]):
        raise click.UsageError("--original gives a JPEG back bit for bit: its metadata cannot be stripped")
    pillow_format = _format(options["format_name"])
    suffix = ".jpg" if options["original"] else _suffix(pillow_format or "PNG")
    jobs = plan(named(sources, options, OURS, suffix))
    decoding = DecodeOptions(
        pillow_format,
        options["png_level"],
        options["quality"],
        options["original"],
        options["max_pixels"],
        options["max_memory"],
        not options["no_restore"],
        options["partial"],
        options["layers"],
        options["max_side"],
        options["perceptual"],
        int(options["scale"]),
        options["device"],
        options["strip"],
        options["strip_icc"],
        options["weights"],
    )
    check_weights(options["weights"])
    ctx.exit(run(jobs, partial(decode_file, options=decoding), batch_options_of(options, jobs)))


def decode_file(job: Job, options: DecodeOptions) -> Outcome:
    """Decode one file; runs in a worker process."""
    start = time.perf_counter()
    data = read_source(job.source)
    out, size, notes, codec = _kept(data, options) if options.original else _decoded(data, job, options)
    write_output(job, out, make_folders=True)
    seconds = time.perf_counter() - start
    line = f"{job.source} -> {job.output}  {size}  {grouped(len(out))} bytes  {seconds:.1f} s"
    record: dict[str, object] = {"bytes": len(out), "seconds": round(seconds, 3)}
    return Outcome(job, "done", line, record=record, sizes=(len(data), len(out)), notes=notes, details=(codec,))


def _kept(data: bytes, options: DecodeOptions) -> tuple[bytes, str, tuple[str, ...], str]:
    from nncodec.pipeline import original

    out, suffix = original(data, max_pixels=options.max_pixels, max_memory=options.max_memory)
    return out, "original", (), f"kept {suffix} file"


def _decoded(data: bytes, job: Job, options: DecodeOptions) -> tuple[bytes, str, tuple[str, ...], str]:
    from nncodec.image import stripped, write
    from nncodec.pipeline import decode

    pillow_format = options.pillow_format or _format_of(job.output)
    try:
        done = decode(
            data,
            max_pixels=options.max_pixels,
            max_memory=options.max_memory,
            restore=options.restore,
            partial=options.partial,
            layers=options.layers,
            max_side=options.max_side,
            perceptual=options.perceptual,
            scale=options.scale,
            device=options.device,
            weights=options.weights,
        )
    except CorruptFile as error:
        raise CorruptFile(str(error), _hint_of(data)) from error
    picture = stripped(done.picture, exif_and_xmp=options.strip, icc=options.strip_icc)
    out, lost = write(picture, pillow_format, png_level=options.png_level, quality=options.quality)
    return (
        out,
        f"{picture.width} x {picture.height} {picture.mode}",
        picture.notes + lost,
        f"codec {done.codec}, written as {pillow_format}",
    )


def _hint_of(data: bytes) -> str | None:
    """A hint on how to decode a damaged file, None if nothing in it is sound."""
    from nncodec.pipeline import inspect

    try:
        return None if inspect(data, partial=True).complete else "--partial decodes what is sound"
    except NncError:
        return None


def _format_of(output: str) -> str:
    """The format an output's suffix names; PNG for pipes. Raises EncodeError for an unknown suffix."""
    suffix = Path(output).suffix.lower()
    if output == PIPE or not suffix:
        return "PNG"
    return "NPY" if suffix == ".npy" else _writable(_extensions().get(suffix), suffix)


def _format(name: str | None) -> str | None:
    """The format that ``--format`` names, by its own name or a suffix."""
    if name is None:
        return None
    wanted = name.upper()
    return wanted if wanted == "NPY" else _writable(_extensions().get(f".{name.lower()}", wanted), name)


def _writable(pillow_format: str | None, asked: str) -> str:
    import PIL.Image

    if pillow_format is None or pillow_format not in PIL.Image.SAVE:
        raise EncodeError(f"no format to write is called {asked}", "png, jpeg, webp, tiff, avif, ppm and npy are some")
    return pillow_format


def _suffix(pillow_format: str) -> str:
    """The usual suffix of a format: the shortest that names it, ``.png`` or ``.jpg``."""
    preferred = {"NPY": ".npy", "JPEG": ".jpg", "JPEG2000": ".jp2", "PPM": ".ppm", "PNG": ".png"}
    known = (suffix for suffix, name in _extensions().items() if name == pillow_format)
    return preferred.get(pillow_format) or min(known, key=len, default=f".{pillow_format.lower()}")


def _extensions() -> dict[str, str]:
    import PIL.Image

    return {s: f for s, f in PIL.Image.registered_extensions().items() if f != "NNC"}
