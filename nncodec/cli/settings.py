"""The options of ``nnc encode`` as settings of the pipeline."""

from typing import TYPE_CHECKING, Any

import click

from nncodec.cli.messages import say

if TYPE_CHECKING:
    from nncodec.pipeline import Settings, SourceOptions, Target


def settings_of(options: dict[str, Any], threads: int) -> "Settings":
    """The settings that the options of ``nnc encode`` describe; click.UsageError for what contradicts itself."""
    from nncodec.codec import Options
    from nncodec.pipeline import DEFAULT_CODEC, Settings

    target = _target(options)
    quality = 75.0 if options["quality"] is None else options["quality"]
    coding = Options(quality, _effort(options), options["device"], threads=threads)
    return Settings(
        options["codec"] or DEFAULT_CODEC,
        coding,
        target,
        options["strip"],
        options["max_pixels"],
        options["restore"],
        options["strip_icc"],
    )


def source_options_of(options: dict[str, Any], settings: "Settings") -> "SourceOptions":
    """The options that concern the source; click.UsageError for those that ``settings`` contradict."""
    from nncodec.errors import EncodeError
    from nncodec.pipeline import SourceOptions

    depth = int(options["depth"]) if options["depth"] else None
    found = SourceOptions(options["codec"], options["lossless"], options["keep_jpeg"], depth, options["frame"])
    try:
        found.check(settings)
    except EncodeError as error:
        raise click.UsageError(f"--keep-jpeg: {error}") from error
    return found


def _effort(options: dict[str, Any]) -> int:
    """The effort option; if it is not given, the default, or without torch the highest possible below, with a note."""
    from nncodec.codec import Options, RefinesWithTorch
    from nncodec.codecs import by_name
    from nncodec.nets.weights import installed
    from nncodec.pipeline import DEFAULT_CODEC

    given: int | None = options["effort"]
    usual = Options().effort
    codec = by_name(options["codec"] or DEFAULT_CODEC)
    if given or not isinstance(codec, RefinesWithTorch) or usual < codec.torch_from or installed("torch"):
        return given or usual
    possible = codec.torch_from - 1
    if not options["quiet"]:
        say(f"nnc: note: effort {possible}: higher ones of {codec.name} need the package torch")
    return possible


def _target(options: dict[str, Any]) -> "Target | None":
    from nncodec.pipeline import Target

    given = (options["target_size"], options["bpp"], options["target_psnr"])
    if sum(value is not None for value in (*given, options["quality"], options["lossless"] or None)) > 1:
        raise click.UsageError("give one of --quality, --lossless, --bpp, --target-size and --target-psnr")
    return Target.of(*given)
