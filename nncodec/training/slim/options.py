"""The options of ``nnc train slim NAME``, as plain data, and what a family states to have that command."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nncodec.training.options import RESUME, SEED, THREADS, Option, Training, minutes

UNROUNDED = 16
"""Bits of kernels as all recipes write them."""


@dataclass(frozen=True)
class Slim:
    """What a family states to have its networks made thinner."""

    options: tuple[str, ...]
    """Names of its own options that fine-tuning takes as well."""
    settings: Mapping[str, bool | float] = field(default_factory=dict)
    """Fields of its ``Hyperparameters`` that differ in fine-tuning."""


def slimming(name: str, family: Training, slim: Slim) -> Training:
    """The command ``nnc train slim NAME``."""
    return Training(
        summary=f"Make the network of {name} thinner.",
        description=f"""Make the network of {name} thinner, and its numbers shorter.

Channels and blocks that matter least are taken away. What is left is trained on for --minutes by the recipe of
'nnc train {name}'. At last the kernels are rounded, to whole numbers of --bits bits and a step for each output channel;
each number makes good what those before it lost. The result is in weights.npz, and before rounding in unrounded.npz.
Nothing is trained with --channels 1 and no blocks to take away.""",
        output=family.output,
        options=(
            minutes("Time for all of it, over all sittings."),
            RESUME,
            Option("channels", float, 0.5, "Share of the channels that stay.", low=0.05, high=1.0),
            Option("drop_blocks", int, 0, "Residual blocks to take away, besides.", low=0),
            Option("bits", int, 8, "Bits of a number: 3 to 8, or 16 to leave them as they are.", low=3, high=UNROUNDED),
            Option("weights", Path, None, "Weights to begin with, as exported.  [default: the newest that ship]"),
            *(option for option in family.options if option.name in slim.options),
            THREADS,
            SEED,
        ),
    )
