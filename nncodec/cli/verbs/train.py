"""``nnc train``: train a network from folders of pictures.

A family of codecs or restorers that has a module ``options`` with :class:`~nncodec.training.options.Training`, and a
module ``recipe`` beside it, gets a command of its own here.
"""

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import click

from nncodec.cli.bar import lines
from nncodec.cli.messages import say
from nncodec.cli.options import HELP
from nncodec.memory import as_memory_error
from nncodec.training.options import RESUME, STATE, THREADS, Option, Training


class _Recipes(click.Group):
    """Finds a family's command when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of the families that can be trained, sorted."""
        return sorted(_families())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command that trains a family, None if there is no such family."""
        package = _families().get(cmd_name)
        return _command(cmd_name, package) if package else None


@click.group(cls=_Recipes, context_settings=HELP, short_help="Train a network from folders of pictures.")
def command() -> None:
    """Train the networks of a codec or restorer from folders of pictures. All but tuned need PyTorch."""


def _families() -> dict[str, str]:
    """Packages of the codecs and restorers that have options for training, by their last name."""
    return {
        family.name.rpartition(".")[2]: family.name
        for floor in ("nncodec.codecs", "nncodec.restorers")
        for family in iter_modules(import_module(floor).__path__, f"{floor}.")
        if family.ispkg and find_spec(f"{family.name}.options")
    }


def _command(name: str, package: str) -> click.Command:
    """The command that trains a family."""
    training: Training = import_module(f"{package}.options").TRAINING

    def learn(folders: tuple[Path, ...], output: Path, **options: Any) -> None:
        _learn(package, training, list(folders), output, options)

    data = click.Option(
        ["--data", "folders"],
        multiple=True,
        required=True,
        type=click.Path(path_type=Path, exists=True),
        help="Folder of pictures, 25 at least in all. May be repeated.",
    )
    output = click.Option(
        ["-o", "--output"],
        default=f"runs/{name}",
        show_default=True,
        type=click.Path(path_type=Path),
        help=training.output,
    )
    parameters: list[click.Parameter] = [data, output, *map(_option, training.options)]
    return click.Command(
        name, params=parameters, callback=learn, help=training.description, short_help=training.summary
    )


def _option(option: Option) -> click.Option:
    """An option as click knows it."""
    spelling = "--" + option.name.replace("_", "-")
    if option.opposite:
        spelling += "/--" + option.opposite.replace("_", "-")
    default: dict[str, Any] = (
        {} if option.default is None else {"default": option.default}
    )  # None would be a value, too
    return click.Option(
        [spelling, option.name],
        type=_type(option),
        **default,
        required=option.default is None and option.kind is not Path,
        is_flag=option.kind is bool,
        show_default=option.default is not None and option != RESUME,
        help=option.help or None,
    )


def _type(option: Option) -> click.ParamType | None:  # type: ignore[type-arg]
    """The values that an option takes; None for a switch."""
    if option.kind is bool:
        return None
    if option.kind is Path:
        return click.Path(path_type=Path, exists=True, dir_okay=False)
    if option.low is None and option.high is None:
        return click.INT if option.kind is int else click.FLOAT
    if option.kind is float:
        return click.FloatRange(option.low, option.high)
    low, high = (None if bound is None else int(bound) for bound in (option.low, option.high))
    return click.IntRange(low, high)


def _learn(package: str, training: Training, folders: list[Path], output: Path, options: dict[str, Any]) -> None:
    """Run a family's recipe: options become its hyperparameters, but for threads and whether to resume."""
    if THREADS in training.options:
        _prepare_torch(options.pop("threads"))
    last = (options.pop("resume"),) if RESUME in training.options else ()
    recipe = import_module(f"{package}.recipe")
    try:
        with as_memory_error(), lines():
            recipe.learn(folders, output, recipe.Hyperparameters(**options), *last)
    except KeyboardInterrupt:
        if RESUME in training.options and (output / STATE).exists():
            say(f"nnc: the state is saved in {output}; --resume goes on from there")
        raise


def _prepare_torch(threads: int) -> None:
    """Set this process up for hours of training with torch; UnsupportedFile if it is not installed."""
    from nncodec.nets.weights import require

    require("torch", "training", "pip install torch")
    from nncodec.training.start import prepare_process

    prepare_process(threads)
