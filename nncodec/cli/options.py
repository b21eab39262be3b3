"""Options that several verbs share, and the types of their values."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import click

from nncodec.cli.lookahead import LookAhead
from nncodec.cli.reporting import BatchOptions
from nncodec.cli.sharding import ShardType
from nncodec.threads import cores

HELP = {"help_option_names": ["-h", "--help"]}
"""Context settings of every group of commands, also when one is called on its own."""

_UNITS = {"": 1, "k": 1000, "m": 1000**2, "g": 1000**3, "ki": 1024, "mi": 1024**2, "gi": 1024**3}

F = TypeVar("F", bound=Callable[..., Any])


class Amount(click.ParamType):  # type: ignore[type-arg]
    """A positive whole number with an optional unit: 200k, 1.5M, 64Ki."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number, or a usage error."""
        if isinstance(value, int):
            return value
        match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmg]i?|)b?", str(value).strip().lower())
        number = round(float(match[1]) * _UNITS[match[2]]) if match else 0
        if number < 1:
            self.fail(f"{value!r} is not a size such as 200k, 1.5M or 64Ki", param, ctx)
        return number


FILE = click.Path(allow_dash=True, readable=False)
"""A path that a shell completes, and that is checked only when it is used."""

AMOUNT = Amount()
POSITIVE = click.FloatRange(0, min_open=True)

device_option = click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    default="auto",
    show_default=True,
    help="Processor for the networks of codec learned and restorer luma; auto is the CPU. All else runs on the CPU.",
)

max_pixels_option = click.option(
    "--max-pixels",
    type=AMOUNT,
    default=178_956_970,
    show_default=True,
    help="Refuse pictures of more pixels, before memory is taken.",
)

max_memory_option = click.option(
    "--max-memory",
    type=AMOUNT,
    metavar="BYTES",
    help="Refuse files that may take more memory to decode, besides the program's own, such as 500M.",
)

_weights = partial(
    click.option,
    "--weights",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
)

weights_option = _weights(
    help="Use your own weights, as 'nnc train' writes them. May be repeated: one file for each codec or restorer.",
)

weights_to_read_option = _weights(
    help="Your own weights, of files that were encoded with them. May be repeated. Folders that the variable "
    "NNC_WEIGHTS names are searched, too.",
)


def _measures(ctx: click.Context, parameter: click.Parameter, value: str) -> tuple[str, ...]:
    """Names of perceptual measures, each once; ``all`` stands for every one."""
    from nncodec.bench.perceptual import MEASURES

    names = tuple(dict.fromkeys(part.strip() for part in value.split(",") if part.strip()))
    if names == ("all",):
        names = tuple(MEASURES)
    for name in names:
        if name not in MEASURES:
            raise click.BadParameter(f"no measure is called {name!r}; there are {', '.join(MEASURES)}")
    return names


measures_option = click.option(
    "--measures",
    default="",
    callback=_measures,
    metavar="NAMES",
    help="Perceptual measures besides, separated by commas: ssimulacra2, st_lpips, haarpsi, gmsd, vgg_patch_mmd, or "
    "all. They take seconds a picture.",
)

recursive_option = click.option("-r", "--recursive", is_flag=True, help="Search folders and their subfolders.")

json_option = click.option(
    "--json", "as_json", is_flag=True, help="One JSON line per file on standard output, in place of messages."
)


filelist_option = click.option(
    "--filelist", type=FILE, metavar="FILE", help="Read more sources from FILE, one a line (- is standard input)."
)

shard_option = click.option(
    "--shard",
    type=ShardType(),
    metavar="I/N",
    help="Take part I of N only, from 1/N to N/N, as in a job array. The parts are the same on all machines: a hash of "
    "a file's path decides, as it is below SOURCE, or below --root, or in the list.",
)

jobs_option = click.option(
    "-j",
    "--jobs",
    type=click.IntRange(1),
    metavar="N",
    help="Files to work on at once, each in a process of its own.  [default: one per core]",
)

quiet_option = click.option("--quiet", is_flag=True, help="Report errors only.")


def batch_options(function: F) -> F:
    """The options of verbs that turn files into files."""
    for option in reversed(
        (
            click.option(
                "-o", "--output", type=FILE, metavar="PATH", help="Output file, folder, or - for standard output."
            ),
            click.option(
                "-r",
                "--recursive",
                is_flag=True,
                help="Search folders and their subfolders; -o gets the same tree. "
                "Hidden folders and links to folders are left alone.",
            ),
            filelist_option,
            click.option(
                "--root",
                type=FILE,
                metavar="DIR",
                help="Let -o get the same tree as DIR, which holds all sources. "
                "[default: each SOURCE's own; of a list, the folder common to its names]",
            ),
            shard_option,
            jobs_option,
            click.option("-f", "--force", is_flag=True, help="Overwrite files. Write binary data even to a terminal."),
            click.option(
                "--skip-existing",
                is_flag=True,
                help="Skip sources whose output exists, to resume a run. One older than its source is replaced; "
                "options are not compared.",
            ),
            click.option(
                "--keep-suffix", is_flag=True, help="Keep the old suffix before the new one, as in photo.jpg.nnc."
            ),
            click.option("--dry-run", is_flag=True, help="Show what would be done, but do nothing."),
            json_option,
            quiet_option,
            click.option("-v", "--verbose", is_flag=True, help="Report more about each file."),
        )
    ):
        function = option(function)
    return function


def check_codec(name: str) -> None:
    """A usage error if no codec is called so."""
    from nncodec.codecs import by_name

    with _as_usage():
        by_name(name)


def check_restore(names: str) -> None:
    """A usage error for a restorer that does not exist, or comes twice; ``none`` and ``auto`` are names, too."""
    from nncodec.pipeline.restoring import planned

    with _as_usage():
        planned(names, effort=5)


@contextmanager
def _as_usage() -> Iterator[None]:
    """Turn an EncodeError of the library into a usage error."""
    from nncodec.errors import EncodeError

    try:
        yield
    except EncodeError as error:
        raise click.BadParameter(f"{error}; {error.hint}" if error.hint else str(error)) from None


def check_weights(files: tuple[Path, ...]) -> None:
    """Raise UnsupportedFile for a file that holds no weights of a codec or restorer."""
    if files:
        from nncodec.pipeline import opened

        opened(files)


def checked(check: Callable[[str], None]) -> Callable[[click.Context, click.Parameter, str | None], str | None]:
    """A callback for an option whose value, if there is one, must pass ``check``."""

    def callback(ctx: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
        if value is not None:
            check(value)
        return value

    return callback


def named_codec(ctx: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """The callback for the name of a codec; None for ``auto``, too."""
    return None if value == "auto" else checked(check_codec)(ctx, parameter, value)


def complete_codec(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """The codecs that a shell offers after ``-c``."""
    from nncodec.codec import HasBases, HasForms, KeepsFiles
    from nncodec.codecs import all_codecs

    codecs = [codec for codec in all_codecs().values() if not isinstance(codec, KeepsFiles)]
    names = ["auto", *(codec.name for codec in codecs)]
    names += [codec.on(base).name for codec in codecs if isinstance(codec, HasBases) for base in codec.bases[1:]]
    names += [f"{codec.name}:{form}" for codec in codecs if isinstance(codec, HasForms) for form in codec.forms]
    return [name for name in names if name.startswith(incomplete)]


def complete_restore(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """The restorers that a shell offers after ``--restore``."""
    from nncodec.restorers import all_restorers

    names = ("auto", "none", *(restorer.name for restorer in all_restorers().values()))
    return [name for name in names if name.startswith(incomplete)]


def complete_format(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """The formats that a shell offers after ``--format``: those that ``nnc decode --help`` names."""
    formats = ("png", "jpeg", "webp", "avif", "jpeg2000", "tiff", "ppm", "bmp", "gif", "npy")
    return [name for name in formats if name.startswith(incomplete)]


def batch_options_of(options: dict[str, Any], ahead: LookAhead) -> BatchOptions:
    """The batch that the options of :func:`batch_options` describe, or as many of these as a verb has."""
    wanted = options["jobs"] or cores()
    n_jobs = ahead.count(max(wanted, 2))
    workers = max(1, min(wanted, n_jobs))
    flags = ("force", "skip_existing", "dry_run", "as_json", "quiet", "verbose")
    summary = n_jobs > 1 or options["recursive"] or bool(options["filelist"])
    return BatchOptions(workers, **{flag: options.get(flag, False) for flag in flags}, summary=summary)
