"""``nnc train``: train a network from folders of pictures."""

from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules
from typing import Any, TypeVar

import click

from nncodec.cli.options import HELP

_Command = TypeVar("_Command", bound=Callable[..., Any])

_CODED = "coded regions, the state, the log and the exported weights; a cache of pictures comes beside"
_PICTURES = "state, the log and the exported weights; a cache of decoded pictures is made beside it"
_OWN = ("folders", "output", "threads", "resume")

_data = click.option(
    "--data",
    "folders",
    multiple=True,
    required=True,
    type=click.Path(path_type=Path, exists=True),
    help="A folder; repeat for more.",
)
_resume = click.option("--resume", is_flag=True, help="Go on from the state in the output folder.")
_weights = click.option(
    "--weights",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Exported weights to begin with, networks as large as theirs; the same with --resume.",
)
_batch = click.option("--batch", type=click.IntRange(1), default=8, show_default=True, help="Crops per step.")
_threads = click.option("--threads", type=click.IntRange(1), default=1, show_default=True)
_seed = click.option("--seed", type=int, default=0, show_default=True)


def _output(recipe: str, beside: str) -> Callable[[_Command], _Command]:
    """The output folder of a recipe, and what is said of it."""
    default, kind = f"runs/{recipe}", click.Path(path_type=Path)
    return click.option(
        "-o", "--output", default=default, show_default=True, type=kind, help=f"Folder of the {beside}."
    )


def _recipes() -> Iterator[str]:
    """Names of the modules called recipe in the families of codecs and restorers."""
    for floor in ("nncodec.codecs", "nncodec.restorers"):
        for family in iter_modules(import_module(floor).__path__, f"{floor}."):
            if family.ispkg and find_spec(f"{family.name}.recipe"):
                yield f"{family.name}.recipe"


def _learn(recipe: str, options: dict[str, Any]) -> None:
    """Set this process up for hours of training with torch, and run a recipe with the options as its settings."""
    from nncodec.nets.weights import require

    require("torch", "training", "pip install torch")
    import torch

    from nncodec.training.allocator import keep_memory

    module = import_module(next(name for name in _recipes() if name.split(".")[-2] == recipe))
    keep_memory()
    torch.set_num_threads(options["threads"])
    chosen = {name: value for name, value in options.items() if name not in _OWN}
    module.learn(list(options["folders"]), options["output"], module.Hyperparameters(**chosen), options["resume"])


@click.group(context_settings=HELP, short_help="Train a network from folders of pictures.")
def command() -> None:
    """Train the networks that ship with the package, from folders of pictures."""


@command.command("tuned")
@_data
@click.option("-o", "--output", default="runs/tuned", show_default=True, type=click.Path(path_type=Path))
@click.option("--minutes", type=click.FloatRange(0.01), required=True, help="For all starts together.")
def tuned(folders: tuple[Path, ...], output: Path, minutes: float) -> None:
    """Train the shared starts of the 378-parameter restorer.

    A start that is finished is kept in the output folder, and the same command goes on with the next.
    """
    from nncodec.restorers.tuned.recipe import learn

    learn(list(folders), output, minutes)


@command.command("luma", short_help="Train a restorer that pictures share.")
@_data
@_output("luma", _CODED)
@click.option("--minutes", type=click.FloatRange(0.01), required=True, help="Over all sittings.")
@_resume
@click.option("--regions", type=click.IntRange(1), default=9400, show_default=True, help="Regions coded beforehand.")
@_batch
@click.option(
    "--crop", type=click.IntRange(32, 192), default=128, show_default=True, help="Their side, a multiple of 8."
)
@click.option("--rate", type=float, default=1e-3, show_default=True, help="Learning rate.")
@_threads
@_seed
def luma(**options: Any) -> None:
    """Train a restorer that all pictures share, on regions as codecs return them."""
    _learn("luma", options)


@command.command("compact", short_help="Train the networks of codec compact.")
@_data
@_output("compact", _CODED)
@click.option("--minutes", type=click.FloatRange(0.01), required=True, help="Over all sittings.")
@_resume
@_weights
@click.option("--regions", type=click.IntRange(1), default=4000, show_default=True, help="Regions coded in each round.")
@_batch
@click.option(
    "--crop", type=click.IntRange(32, 96), default=64, show_default=True, help="Their side, halved; a multiple of 8."
)
@click.option("--rate", type=float, default=2.5e-3, show_default=True, help="Learning rate.")
@click.option(
    "--price", type=float, default=1.0, show_default=True, help="Of a bit while ComCNN learns; 0: as published."
)
@click.option("--width", type=click.IntRange(1), default=32, show_default=True, help="Channels of RecCNN.")
@click.option("--blocks", type=click.IntRange(1), default=5, show_default=True, help="Its residual blocks.")
@_threads
@_seed
def compact(**options: Any) -> None:
    """Train by turns the network that makes half-size pictures and the one that restores them, with codecs between."""
    _learn("compact", options)


@command.command("learned", short_help="Train the codec learned.")
@_data
@_output("learned", _PICTURES)
@click.option(
    "--minutes", type=click.FloatRange(0.01), required=True, help="For transforms and network, over all sittings."
)
@_resume
@_weights
@_batch
@click.option("--crop", type=click.IntRange(32), default=128, show_default=True, help="Their side, a multiple of 8.")
@click.option(
    "--late-crop",
    type=click.IntRange(32),
    default=192,
    show_default=True,
    help="The same, in the last part of the time.",
)
@click.option("--rate", type=float, default=1e-3, show_default=True, help="Learning rate of the network.")
@click.option("--width", type=click.IntRange(1), default=80, show_default=True, help="Channels of the network.")
@click.option("--blocks", type=click.IntRange(1), default=4, show_default=True, help="Its residual blocks.")
@click.option("--every-minutes", type=float, default=5.0, show_default=True, help="Time between checkpoints.")
@_threads
@_seed
def learned(**options: Any) -> None:
    """Train the weights of codec learned: transforms, the network that polishes, and contexts.

    The time given is for transforms and network; then the contexts are fitted, which takes about ten minutes more. The
    state is saved every few minutes and at the end, with a line of figures in log.jsonl, measured on pictures that are
    kept out of training.
    """
    _learn("learned", options)


@command.command("ccnn", short_help="Train the shared start of codec ccnn.")
@_data
@_output("ccnn", _PICTURES)
@click.option("--minutes", type=click.FloatRange(0.01), required=True, help="For the transforms, over all sittings.")
@_resume
@_batch
@click.option("--crop", type=click.IntRange(32), default=128, show_default=True, help="Their side, a multiple of 8.")
@click.option("--rate", type=float, default=2e-3, show_default=True, help="Learning rate of the hidden channels.")
@_threads
@_seed
def ccnn(**options: Any) -> None:
    """Train the shared start of the codec that trains an autoencoder on each picture.

    First the transforms, for the time given; then the contexts are fitted, which takes about ten minutes more.
    """
    _learn("ccnn", options)


@command.command("recurrent", short_help="Train the networks of codec recurrent.")
@_data
@_output("recurrent", _PICTURES)
@click.option("--minutes", type=click.FloatRange(0.01), required=True, help="Over all sittings.")
@_resume
@_weights
@click.option(
    "--additive/--one-shot",
    default=False,
    show_default=True,
    help="Whether what iterations paint adds up, or each paints the whole again.",
)
@click.option("--batch", type=click.IntRange(1), default=6, show_default=True, help="Crops per step.")
@click.option("--crop", type=click.IntRange(32), default=128, show_default=True, help="Their side, a multiple of 16.")
@click.option("--rate", type=float, default=1e-3, show_default=True, help="Learning rate of the networks.")
@click.option("--prior-rate", type=float, default=5e-3, show_default=True, help="Learning rate of the contexts.")
@click.option("--encoder", type=click.IntRange(1), default=48, show_default=True, help="Channels of its memory.")
@click.option("--decoder", type=click.IntRange(1), default=96, show_default=True, help="Channels of its memory.")
@click.option("--hidden", type=click.IntRange(1), default=64, show_default=True, help="Hidden units of the contexts.")
@click.option("--every-minutes", type=float, default=2.0, show_default=True, help="Time between checkpoints.")
@_threads
@_seed
def recurrent(**options: Any) -> None:
    """Train encoder, decoder and contexts of the progressive codec.

    The schedule of what is asked in which iteration is made first, from the pictures. Then the contexts are trained,
    then everything, then the contexts again.
    """
    _learn("recurrent", options)
