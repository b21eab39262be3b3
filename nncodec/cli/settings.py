"""The options of ``nnc encode`` as settings of the pipeline."""

from typing import TYPE_CHECKING, Any

import click

from nncodec.cli.messages import say

if TYPE_CHECKING:
    from nncodec.pipeline import Settings, SourceOptions, Target


def settings_of(options: dict[str, Any], threads: int) -> "Settings":
    """The settings that the options of ``nnc encode`` describe; click.UsageError for what contradicts itself."""
    from nncodec.codec import Options
    from nncodec.pipeline import DEFAULT_CODEC, Settings, quality_for

    target = _target(options)
    codec = options["codec"] or DEFAULT_CODEC
    quality = quality_for(codec, options["quality"], options["codec_quality"])
    coding = Options(quality, options["effort"] or Options().effort, options["device"], threads, options["perceptual"])
    return Settings(
        codec,
        coding,
        target,
        options["strip"],
        options["max_pixels"],
        options["restore"],
        options["strip_icc"],
        options["weights"],
        options["light"],
    )


def source_options_of(options: dict[str, Any], settings: "Settings") -> "SourceOptions":
    """The options that concern the source; click.UsageError for those that ``settings`` contradict."""
    from nncodec.errors import EncodeError
    from nncodec.pipeline import SourceOptions

    depth = int(options["depth"]) if options["depth"] else None
    kept, plain = options["keep_jpeg"], options["plain_jpeg"]
    found = SourceOptions(options["codec"], options["lossless"], kept, depth, options["frame"], plain)
    try:
        found.check(settings)
    except EncodeError as error:
        raise click.UsageError(f"{'--plain-jpeg' if plain else '--keep-jpeg'}: {error}") from error
    lack = packer_missing() if kept and not plain else None
    if lack and not options["quiet"]:
        say(f"nnc: note: JPEGs are stored as they are: it takes {lack} to shrink them")
    return found


def packer_missing() -> str | None:
    """The package that --keep-jpeg lacks to store JPEGs in fewer bytes, in a few words; None if nothing."""
    from nncodec.codecs import by_name

    return by_name("lepton").missing()


def _target(options: dict[str, Any]) -> "Target | None":
    from nncodec.pipeline import Target

    given = (options["target_size"], options["bpp"], options["target_psnr"], options["target_ssim"])
    qualities = options["quality"], options["codec_quality"]
    if sum(value is not None for value in (*given, *qualities, options["lossless"] or None)) > 1:
        raise click.UsageError(
            "give one of --quality, --codec-quality, --lossless, --bpp, --target-size, --target-psnr and --target-ssim"
        )
    return Target.of(*given)
