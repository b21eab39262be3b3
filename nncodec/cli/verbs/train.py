"""``nnc train``: train a network from folders of pictures.

A family of codecs or restorers that has a module ``options`` with :class:`~nncodec.training.options.Training`, and a
module ``recipe`` beside it, gets a command of its own here. One whose ``options`` have ``SLIM`` as well gets a second
command below ``nnc train slim``.
"""

from collections.abc import Callable
from functools import partial
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
from nncodec.training.slim.options import Slim, slimming

_SLIM = "slim"
Learn = Callable[..., None]
"""Trains: given folders, output folder, the options by name and, if there is that option, whether to resume."""


class _Recipes(click.Group):
    """Finds a family's command when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of the families that can be trained, sorted, then what makes them slimmer."""
        return [*sorted(_families()), _SLIM]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command that trains a family, None if there is no such family."""
        if cmd_name == _SLIM:
            return slim
        package = _families().get(cmd_name)
        return _command(cmd_name, _options(package), partial(_learn_family, package)) if package else None


class _Slimmable(click.Group):
    """Finds the command that makes a family slimmer when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of the families that can be made slimmer, sorted."""
        return sorted(name for name, package in _families().items() if _slim_of(package))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command that makes a family slimmer, None if there is no such family."""
        package = _families().get(cmd_name)
        how = _slim_of(package) if package else None
        if package is None or how is None:
            return None
        learn = partial(_learn_slim, cmd_name, package, how)
        return _command(cmd_name, slimming(cmd_name, _options(package), how), learn, f"{_SLIM}-{cmd_name}")


@click.group(cls=_Recipes, context_settings=HELP, short_help="Train a network from folders of pictures.")
def command() -> None:
    """Train the networks of a codec or restorer from folders of pictures. All but tuned need PyTorch."""


@click.group(cls=_Slimmable, context_settings=HELP, short_help="Make a trained network thinner.")
def slim() -> None:
    """Make the network of a codec or restorer thinner: fewer channels, and numbers of 8 bits."""


def _families() -> dict[str, str]:
    """Packages of the codecs and restorers that have options for training, by their last name."""
    return {
        family.name.rpartition(".")[2]: family.name
        for floor in ("nncodec.codecs", "nncodec.restorers")
        for family in iter_modules(import_module(floor).__path__, f"{floor}.")
        if family.ispkg and find_spec(f"{family.name}.options")
    }


def _options(package: str) -> Training:
    training: Training = import_module(f"{package}.options").TRAINING
    return training


def _slim_of(package: str) -> Slim | None:
    how: Slim | None = getattr(import_module(f"{package}.options"), "SLIM", None)
    return how


def _command(name: str, training: Training, learn: Learn, folder: str = "") -> click.Command:
    """A command that trains; its output is ``runs/folder``, or is named after the command."""

    def callback(folders: tuple[Path, ...], output: Path, **options: Any) -> None:
        _run(learn, training, list(folders), output, options)

    data = click.Option(
        ["--data", "folders"],
        multiple=True,
        required=True,
        type=click.Path(path_type=Path, exists=True),
        help="Folder of pictures, 25 at least in all. May be repeated.",
    )
    output = click.Option(
        ["-o", "--output"],
        default=f"runs/{folder or name}",
        show_default=True,
        type=click.Path(path_type=Path),
        help=training.output,
    )
    parameters: list[click.Parameter] = [data, output, *map(_option, training.options)]
    return click.Command(
        name, params=parameters, callback=callback, help=training.description, short_help=training.summary
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


def _run(learn: Learn, training: Training, folders: list[Path], output: Path, options: dict[str, Any]) -> None:
    """Train, with what all recipes need; threads are no option of theirs."""
    if THREADS in training.options:
        _prepare_torch(options.pop("threads"))
    last = (options.pop("resume"),) if RESUME in training.options else ()
    try:
        with as_memory_error(), lines():
            learn(folders, output, options, *last)
    except KeyboardInterrupt:
        if RESUME in training.options and (output / STATE).exists():
            say(f"nnc: the state is saved in {output}; --resume goes on from there")
        raise


def _learn_family(package: str, folders: list[Path], output: Path, options: dict[str, Any], *resume: bool) -> None:
    """Run a family's recipe: options become its hyperparameters."""
    recipe = import_module(f"{package}.recipe")
    recipe.learn(folders, output, recipe.Hyperparameters(**options), *resume)


def _learn_slim(
    name: str, package: str, how: Slim, folders: list[Path], output: Path, options: dict[str, Any], resume: bool
) -> None:
    """Make a family's network slimmer: the options that are the family's own go to its recipe."""
    from nncodec.training.slim.slimming import Slimming, learn

    own = {option: options.pop(option) for option in how.options}
    recipe: Any = import_module(f"{package}.recipe")
    learn(name, recipe, how, folders, output, Slimming(**options, own=own), resume)


def _prepare_torch(threads: int) -> None:
    """Set this process up for hours of training with torch; UnsupportedFile if it is not installed."""
    from nncodec.nets.weights import require

    require("torch", "training", "pip install torch")
    from nncodec.training.start import prepare_process

    prepare_process(threads)
