"""``nnc encode``: pictures to .nnc files."""

import math
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nncodec.cli.batch import run
from nncodec.cli.files import PIPE, Job, read_source
from nncodec.cli.messages import decibels, grouped
from nncodec.cli.options import (
    AMOUNT,
    FILE,
    POSITIVE,
    batch_options,
    batch_options_of,
    check_restore,
    checked,
    complete_codec,
    complete_restore,
    device_option,
    max_pixels_option,
    named_codec,
    weights_option,
)
from nncodec.cli.planning import named, plan
from nncodec.cli.reporting import Outcome
from nncodec.cli.settings import packer_missing, settings_of, source_options_of
from nncodec.cli.writing import write_output
from nncodec.threads import share

if TYPE_CHECKING:
    from nncodec.pipeline import Encoded, Settings, SourceOptions


@click.command("encode", short_help="Compress pictures to .nnc files.")
@click.argument("sources", nargs=-1, type=FILE, metavar="SOURCE...")
@click.option(
    "-c",
    "--codec",
    metavar="NAME",
    callback=named_codec,
    shell_complete=complete_codec,
    help="How to compress: 'nnc codecs' lists the names. auto is avif for photographs, lossless coding for drawings, "
    "screenshots and scans of text that are smaller so, and jpeg2000 for 16-bit gray.  [default: auto]",
)
@click.option(
    "-q",
    "--quality",
    type=click.FloatRange(0, 100),
    metavar="Q",
    help="0 (smallest file) to 100 (lossless, where the codec can). The same number means about the same error with "
    "every codec: that of a JPEG file of this quality.  [default: 85]",
)
@click.option(
    "--codec-quality",
    type=click.FloatRange(0, 100),
    metavar="Q",
    help="Instead, the codec's own quality: that of libjpeg, libwebp, libavif and so on. 'nnc bench' counts so.",
)
@click.option(
    "--lossless",
    is_flag=True,
    help="Keep every pixel exactly as it was read, or write no file. Notes tell of pixels that reading changed. "
    "Without -c: a JPEG as by --keep-jpeg, unless --strip, --strip-icc or --frame is given; else the smaller of webp "
    "and jpeg2000. For scans in black and white it also is the quickest.",
)
@click.option(
    "--bpp",
    type=POSITIVE,
    metavar="X",
    help="Best quality that fits into X bits per pixel. Tries several: about 7 times slower.",
)
@click.option(
    "--target-size", type=AMOUNT, metavar="SIZE", help="Best quality that fits into SIZE bytes: 200k, 1.5M, 64Ki."
)
@click.option("--target-psnr", type=POSITIVE, metavar="DB", help="Smallest file whose PSNR is at least DB decibels.")
@click.option(
    "--target-ssim",
    type=click.FloatRange(0, 1, min_open=True),
    metavar="X",
    help="Smallest file whose SSIM, as 'nnc compare' prints it, is at least X, such as 0.97.",
)
@click.option(
    "-e",
    "--effort",
    type=click.IntRange(1, 9),
    metavar="N",
    help="1 (fastest) to 9 (smallest file).  [default: 5]",
)
@click.option(
    "--restore",
    metavar="NAME",
    default="auto",
    show_default=True,
    callback=checked(check_restore),
    shell_complete=complete_restore,
    help="Repair the decoded picture with small networks: none, luma, tuned, luma+tuned, or auto: none up to effort "
    "2, luma up to 6 where it gains 0.18 dB, then both. They cost time. One that does not pay for its bytes is left "
    "out.",
)
@click.option(
    "--light",
    is_flag=True,
    help="Use light networks, which decode in less time and repair less. Restorer luma has one. An error where "
    "nothing that has one is used.",
)
@click.option(
    "--perceptual",
    type=click.FloatRange(0, 1),
    metavar="P",
    help="How strongly superres and generative invent detail when the file is decoded, unless the decoder is told "
    "otherwise: 0 is closest to the original, 1 looks sharpest.  [default: 1]",
)
@click.option(
    "--keep-jpeg",
    is_flag=True,
    help="Store JPEG sources bit for bit, in about four fifths of their bytes; 'nnc decode --original' gives them "
    "back. Other sources are encoded. Takes the package lepton-jpeg-python, here and to decode; without it, JPEGs "
    "are stored as they are, and so are those that it does not shrink (CMYK).",
)
@click.option(
    "--plain-jpeg",
    is_flag=True,
    help="As --keep-jpeg, but store JPEGs as they are: a file gets some 20 bytes larger, and every installation "
    "decodes it.",
)
@click.option("--skip-if-larger", is_flag=True, help="Write no file that would not be smaller than its source.")
@click.option(
    "--strip", is_flag=True, help="Drop Exif, XMP and IPTC, which are kept otherwise, and turn the picture upright."
)
@click.option("--strip-icc", is_flag=True, help="Drop the colour profile. Viewers then assume sRGB.")
@click.option("--depth", type=click.Choice(["8"]), help="Reduce deeper samples to 8 bits, where they would be refused.")
@click.option("--frame", type=click.IntRange(0), metavar="N", help="Encode frame N of an animation; the first is 0.")
@weights_option
@device_option
@max_pixels_option
@batch_options
@click.pass_context
def command(ctx: click.Context, /, sources: tuple[str, ...], **options: Any) -> None:
    """Compress pictures to .nnc files. Sources are pictures in any format that Pillow reads, or .nnc files.

    \b
    nnc encode photo.jpg                    writes photo.nnc beside it
    nnc encode photo.jpg -q 60              a smaller file
    nnc encode -r photos -o small           a folder with all inside
    nnc encode - -o - < a.png > a.nnc       from one pipe to another
    nnc encode --keep-jpeg -r photos -o archive     JPEGs that come back bit for bit

    With -r, pictures are known by their suffix, those without one by their content. What looks like a picture and is
    not read, or has a suffix of another kind, is left out: counted by kind at the end, named with -v, and the exit code
    is 4. HEIC is read with pillow-heif installed, JPEG XL with pillow-jxl-plugin.

    Each file is decoded again as a check. A line then gives its bytes, bits per pixel, PSNR and the time taken.

    Ctrl-C ends a search of minutes for one picture (learned from effort 4 on, ccnn, tuned): the best so far is written,
    and a folder run stops. A second Ctrl-C stops at once.

    Memory: about 16 bytes per pixel with jpeg, twice that with webp, more with learned.
    """
    from nncodec.image import picture_suffixes

    found = named(sources, options, picture_suffixes(), ".nnc")
    output = options["output"] or ""
    if Path(output).suffix.lower() in found.suffixes and not Path(output).is_dir():
        raise click.UsageError(f"{output} would be an .nnc file under another format's name")
    jobs = plan(found)
    batch = batch_options_of(options, jobs)
    _refuse_to_skip(options, jobs.first)
    settings = settings_of(options, share(batch.workers) if batch.workers > 1 else 0)
    settings.check_weights()
    work = partial(
        encode_file,
        settings=settings,
        sourcing=source_options_of(options, settings),
        skip_if_larger=options["skip_if_larger"],
    )
    ctx.exit(run(jobs, work, batch))


def _refuse_to_skip(options: dict[str, Any], first: Job | None) -> None:
    """Raise UsageError where --skip-if-larger would leave out every JPEG, or the output of a pipe."""
    if options["skip_if_larger"] and (options["plain_jpeg"] or (options["keep_jpeg"] and packer_missing())):
        raise click.UsageError(
            "a JPEG stored as it is gets some bytes larger: --skip-if-larger would leave them all out"
        )
    if options["skip_if_larger"] and first is not None and first.output == PIPE:
        raise click.UsageError("--skip-if-larger may write nothing, and a pipe must carry a picture")


def encode_file(job: Job, settings: "Settings", sourcing: "SourceOptions", skip_if_larger: bool) -> Outcome:
    """Encode one file; runs in a worker process."""
    from nncodec.pipeline import encode_source

    start = time.perf_counter()
    data = read_source(job.source)
    done = encode_source(data, settings, sourcing)
    if skip_if_larger and len(done.data) >= len(data):
        return _left_out(job, done, data)
    write_output(job, done.data, make_folders=True)
    outcome = _outcome(job, done, settings, time.perf_counter() - start)
    notes = (*done.notes, *_larger(done, data))
    return replace(outcome, sizes=(len(data), len(done.data)), notes=notes)


def _left_out(job: Job, done: "Encoded", source: bytes) -> Outcome:
    sizes = f"{grouped(len(done.data))} bytes of {done.codec} against {grouped(len(source))}"
    return Outcome(job, "skipped", f"{job.source}: not smaller, skipped: {sizes}", record={"bytes": len(done.data)})


def _larger(done: "Encoded", source: bytes) -> tuple[str, ...]:
    """A note on a file that is larger than its source, as with small pictures and with JPEG files of low quality."""
    from nncodec.image.jpeg_markers import JPEG_SIGNATURE

    if done.kept or len(done.data) <= len(source):
        return ()
    hint = "; --keep-jpeg takes it over as it is" if source.startswith(JPEG_SIGNATURE) else ""
    return (f"larger than the source, which has {grouped(len(source))} bytes{hint}",)


def _outcome(job: Job, done: "Encoded", settings: "Settings", seconds: float) -> Outcome:
    line = f"{job.source} -> {job.output}  {grouped(len(done.data))} bytes  {done.bpp:.3f} bpp"
    line += f"  {_fidelity(done)}  {seconds:.1f} s"
    if settings.target is not None:
        line += f"  (target {settings.target}: quality {done.shared_quality:.0f}, {done.tries} tries)"
    record: dict[str, object] = {
        "codec": done.codec,
        "quality": round(done.shared_quality, 1),
        "codec_quality": done.quality,
        "bytes": len(done.data),
        "bpp": done.bpp,
        "psnr": None if done.psnr == float("inf") else done.psnr,
        "seconds": round(seconds, 3),
        "tries": done.tries,
    }
    return Outcome(job, "done", line, record=record, details=_details(done, settings))


def _fidelity(done: "Encoded") -> str:
    """The PSNR in words; "lossless" alone only where the source was read without a loss that a note tells of."""
    as_read = math.isinf(done.psnr) and done.notes and not done.kept
    return f"{decibels(done.psnr)} but for the notes" if as_read else decibels(done.psnr)


def _details(done: "Encoded", settings: "Settings") -> tuple[str, ...]:
    info = done.info
    how = (
        f"{done.codec}, quality {done.shared_quality:.0f} (its own: {done.quality:g}), effort {settings.options.effort}"
    )
    sections = ", ".join(f"{name} {grouped(n_bytes)}" for name, n_bytes in info.sections)
    size = f"{info.width} x {info.height} {info.mode}"
    return f"{size}, {how}", f"{sections}, container {info.overhead}", *done.details
