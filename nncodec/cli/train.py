"""``nnc train``: train a network from folders of pictures."""

from pathlib import Path
from typing import Any

import click

from nncodec.cli.options import HELP

_WIDTHS = ("analysis", "synthesis", "latent", "blocks", "hyper", "features", "context")
_OWN = ("folders", "output", "threads", "resume", *_WIDTHS)

_data = click.option(
    "--data",
    "folders",
    multiple=True,
    required=True,
    type=click.Path(path_type=Path, exists=True),
    help="A folder; repeat for more.",
)
_resume = click.option("--resume", is_flag=True, help="Go on from the state in the output folder.")
_seed = click.option("--seed", type=int, default=0, show_default=True)


def _three(ctx: click.Context, parameter: click.Parameter, value: str) -> tuple[int, int, int]:
    """Three channel counts, with commas between."""
    try:
        first, second, third = (int(part) for part in value.split(","))
    except ValueError:
        raise click.BadParameter("three numbers with commas are needed, such as 64,128,160") from None
    return first, second, third


def _ready(threads: int) -> None:
    """Set this process up for hours of training with torch."""
    import torch

    from nncodec.training.allocator import keep_memory

    keep_memory()
    torch.set_num_threads(threads)


def _chosen(options: dict[str, Any]) -> dict[str, Any]:
    """The options that are fields of a recipe's settings."""
    return {name: value for name, value in options.items() if name not in _OWN}


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
    from nncodec.training.recipes.tuned import learn

    learn(list(folders), output, minutes)


@command.command("luma", short_help="Train a restorer that pictures share.")
@_data
@click.option(
    "-o",
    "--output",
    default="runs/luma",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Folder of the coded regions, the state, the log and the exported weights; a cache of pictures comes beside.",
)
@click.option("--minutes", type=click.FloatRange(0.01), required=True, help="Over all sittings.")
@_resume
@click.option(
    "--net", type=click.Choice(["luma", "luma11"]), default="luma", show_default=True, help="luma11: as published."
)
@click.option("--regions", type=click.IntRange(1), default=8000, show_default=True, help="Regions coded beforehand.")
@click.option("--batch", type=click.IntRange(1), default=8, show_default=True, help="Crops per step.")
@click.option(
    "--crop", type=click.IntRange(32, 192), default=128, show_default=True, help="Their side, a multiple of 8."
)
@click.option("--rate", type=float, default=1e-3, show_default=True, help="Learning rate.")
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True)
@_seed
def luma(**options: Any) -> None:
    """Train a restorer that all pictures share, on regions as the base codecs return them."""
    from nncodec.training.recipes.luma import Settings, learn

    _ready(options["threads"])
    learn(list(options["folders"]), options["output"], Settings(**_chosen(options)), options["resume"])


@command.command("learned")
@_data
@click.option(
    "-o",
    "--output",
    default="runs/learned",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Folder of the state, the log and the exported weights; a cache of decoded pictures is made beside it.",
)
@click.option(
    "--minutes",
    type=click.FloatRange(0.01),
    required=True,
    help="Over all sittings; the learning rate ends at zero then.",
)
@_resume
@click.option(
    "--weights",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Exported weights to go on from; the widths must be theirs.",
)
@click.option("--device", type=click.Choice(["cpu", "cuda"]), default="cpu", show_default=True)
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True, help="On the CPU.")
@click.option("--batch", type=click.IntRange(1), default=8, show_default=True, help="Crops per step.")
@click.option(
    "--crop", type=click.IntRange(64), default=128, show_default=True, help="Side of the crops, a multiple of 64."
)
@click.option(
    "--late-crop",
    type=click.IntRange(64),
    default=192,
    show_default=True,
    help="The same, in the last part of the time.",
)
@click.option("--rate", type=float, default=1e-3, show_default=True, help="Learning rate of the transforms.")
@click.option(
    "--prior-rate", type=float, default=1e-3, show_default=True, help="Learning rate of hyperprior and context."
)
@click.option("--muon/--adam", default=True, show_default=True, help="Optimiser of the inner convolutions.")
@click.option("--every-minutes", type=float, default=5.0, show_default=True, help="Time between checkpoints.")
@click.option(
    "--analysis", default="64,128,160", callback=_three, show_default=True, help="Channels at 1/4, 1/8, 1/16."
)
@click.option(
    "--synthesis", default="160,128,64", callback=_three, show_default=True, help="Channels at 1/16, 1/8, 1/4."
)
@click.option("--latent", type=int, default=256, show_default=True, help="Channels of the latent, a multiple of 4.")
@click.option("--blocks", type=int, default=2, show_default=True, help="Residual blocks at each size.")
@click.option("--hyper", type=int, default=64, show_default=True, help="Channels of the hyper-latent.")
@click.option("--features", type=int, default=128, show_default=True, help="Channels of the features, a multiple of 4.")
@click.option("--context", type=int, default=96, show_default=True, help="Channels of the context's hidden layer.")
@_seed
def learned(**options: Any) -> None:
    """Train the network of a codec, or go on training it.

    The state is saved every few minutes and at the end, with a line of rate and PSNR in log.jsonl, measured on
    pictures that are kept out of training.
    """
    from nncodec.nets.transform import Widths
    from nncodec.training.recipes.learned import Settings, learn

    _ready(options["threads"])
    widths = Widths(**{name: options[name] for name in _WIDTHS})
    learn(list(options["folders"]), options["output"], widths, Settings(**_chosen(options)), options["resume"])


@command.command("ccnn", short_help="Train the shared start of codec ccnn.")
@_data
@click.option(
    "-o",
    "--output",
    default="runs/ccnn",
    show_default=True,
    type=click.Path(path_type=Path),
    help="Folder of the state, the log and the exported weights; a cache of decoded pictures is made beside it.",
)
@click.option("--minutes", type=click.FloatRange(0.01), required=True, help="For the transforms, over all sittings.")
@_resume
@click.option("--batch", type=click.IntRange(1), default=8, show_default=True, help="Crops per step.")
@click.option("--crop", type=click.IntRange(32), default=128, show_default=True, help="Their side, a multiple of 8.")
@click.option("--rate", type=float, default=2e-3, show_default=True, help="Learning rate of the hidden channels.")
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True)
@_seed
def ccnn(**options: Any) -> None:
    """Train the shared start of the codec that trains an autoencoder on each picture.

    First the transforms, for the time given; then the contexts are fitted, which takes about two minutes more.
    """
    from nncodec.training.recipes.ccnn import Settings, learn

    _ready(options["threads"])
    learn(list(options["folders"]), options["output"], Settings(**_chosen(options)), options["resume"])
