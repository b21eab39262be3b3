"""The options that a recipe offers on the command line, as plain data: neither click nor torch is imported for it.

A family of codecs or restorers with a ``recipe`` module declares them in a module ``options`` beside it::

    TRAINING = Training(
        summary="Train the codec learned.",
        options=(Option("minutes", float, None, "Over all sittings.", low=0.01), RESUME, BATCH, THREADS, SEED),
    )

``nnc train`` finds it there. Each option becomes a field of the recipe's ``Hyperparameters``, but for :data:`RESUME`,
the last argument of the recipe's ``learn``, and :data:`THREADS`, which prepares the process for torch.
"""

from dataclasses import dataclass
from pathlib import Path

STATE = "state.npz"
"""Name of the checkpoint in a run's folder."""
CODED = "Folder for coded regions, state, log and exported weights; a cache of pictures is made beside it."
"""Help of ``--output`` for a recipe that trains on coded regions."""
PICTURES = "Folder for state, log and exported weights; a cache of decoded pictures is made beside it."
"""Help of ``--output`` for a recipe that trains on pictures."""


@dataclass(frozen=True)
class Option:
    """One option of a recipe."""

    name: str
    """Name of the field that it sets; on the command line ``--`` and the name with hyphens."""
    kind: type[int] | type[float] | type[bool] | type[Path]
    """``bool`` is a switch, ``Path`` a file that must exist."""
    default: int | float | bool | None
    """Default, as in ``Hyperparameters``. None: a number must be given, a file may be."""
    help: str = ""
    low: int | float | None = None
    """Smallest value, itself allowed."""
    high: int | float | None = None
    """Largest value, itself allowed."""
    opposite: str = ""
    """Name of the switch that turns this one off."""


@dataclass(frozen=True)
class Training:
    """A command of ``nnc train``."""

    summary: str
    """One line, for the list of commands."""
    description: str
    """Paragraphs, for the command's own help."""
    output: str
    """Help of ``--output``."""
    options: tuple[Option, ...]


def minutes(help: str) -> Option:
    """The training time, which must be given."""
    return Option("minutes", float, None, help, low=0.01)


def crop(side: int, help: str, high: int | None = None) -> Option:
    """The side of the crops, at least 32 pixels."""
    return Option("crop", int, side, help, low=32, high=high)


RESUME = Option("resume", bool, False, "Continue from the state in the output folder.")
WEIGHTS = Option(
    "weights",
    Path,
    None,
    "Exported weights to begin with; they set the size of the networks. Give the same with --resume.",
)
BATCH = Option("batch", int, 8, "Crops per step.", low=1)
THREADS = Option("threads", int, 1, low=1)
SEED = Option("seed", int, 0)
