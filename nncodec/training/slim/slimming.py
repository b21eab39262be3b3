"""From a network that ships to a thinner one: pruning, fine-tuning by the recipe of its family, rounding."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from torch import Tensor

from nncodec import progress
from nncodec.errors import EncodeError
from nncodec.nets import weights
from nncodec.nets.resnet_torch import ArtifactNet
from nncodec.training.export import exported
from nncodec.training.loop import Run, train
from nncodec.training.slim.importance import joint, measured
from nncodec.training.slim.options import UNROUNDED, Slim
from nncodec.training.slim.pruning import pruned, shallower
from nncodec.training.slim.rounding import rounded

_BATCHES = 48
"""Batches on which importance and what layers are given are measured."""
_FIRST = 1 << 30
"""Number of the first of them: training begins at 0."""


class Trainable(Protocol):
    """A run of a family's recipe, ready for its first step."""

    run: Run

    @property
    def networks(self) -> dict[str, ArtifactNet]:
        """The networks to make thinner, by the start of the names of their arrays.

        Several are of one shape, and decoders mix their parameters: they become thinner alike.
        """

    def loss(self, step: int, share: float) -> Tensor:
        """The loss of a fresh batch, as `nncodec.training.loop.train` takes it."""

    def report(self) -> None:
        """Validate and log."""

    def arrays(self) -> weights.Arrays:
        """The averaged weights as they ship."""


class Family(Protocol):
    """The module ``recipe`` of a family."""

    Hyperparameters: Callable[..., Any]

    def begin(self, folders: list[Path], folder: Path, settings: Any, resume: bool, begun: float) -> Trainable:
        """The run up to its first step; it began at ``begun``, by `time.monotonic`."""


@dataclass(frozen=True)
class Slimming:
    """The options of ``nnc train slim NAME``."""

    minutes: float
    channels: float = 0.5
    """Share of the channels that stay."""
    drop_blocks: int = 0
    """Residual blocks that go, besides."""
    bits: int = 8
    """Of the numbers of a kernel; 16: as they are."""
    weights: Path | None = None
    """Exported weights; None for the newest that ship."""
    seed: int = 0
    own: Mapping[str, Any] = field(default_factory=dict)
    """Further options, which are the family's."""


def learn(
    name: str, family: Family, slim: Slim, folders: list[Path], folder: Path, settings: Slimming, resume: bool
) -> None:
    """Make the networks of a family thinner; ``folder`` gets weights.npz, and unrounded.npz as before rounding.

    Raises EncodeError for numbers of bits that are not possible, else as the family's recipe.
    """
    if 8 < settings.bits < UNROUNDED:
        raise EncodeError(f"numbers of {settings.bits} bits", "3 to 8 and 16 are possible")
    begun = time.monotonic()
    own = {"minutes": settings.minutes, "seed": settings.seed, **slim.settings, **settings.own}
    folder.mkdir(parents=True, exist_ok=True)
    start, thin = settings.weights or _newest(name, folder), folder / "thin.npz"
    trains = settings.channels < 1 or settings.drop_blocks > 0
    if trains and not resume:
        hyperparameters = family.Hyperparameters(**own, weights=start)
        weights.write(thin, _thinner(family.begin(folders, folder, hyperparameters, False, begun), settings))
    hyperparameters = family.Hyperparameters(**own, weights=thin if trains else start)
    recipe = family.begin(folders, folder, hyperparameters, resume, begun)
    if trains:
        train(recipe.run, recipe.loss, recipe.report, hyperparameters.every_minutes)
    arrays = recipe.arrays()
    weights.write(folder / "unrounded.npz", arrays)
    weights.write(folder / "weights.npz", arrays | _shorter(recipe, settings.bits))


def _newest(name: str, folder: Path) -> Path:
    """A file of the newest weights that ship."""
    path = folder / "start.npz"
    weights.write(path, weights.load(weights.newest(name), name))
    return path


def _thinner(full: Trainable, settings: Slimming) -> weights.Arrays:
    """The weights that a run begins with, with fewer channels and blocks in its networks."""
    arrays, loss = full.arrays(), _batches(full)
    progress.stage("measuring what matters")
    importance = joint(measured(list(full.networks.values()), loss, _BATCHES))
    for part, net in full.networks.items():
        values = {name: value.detach().numpy() for name, value in net.named_parameters()}
        width = max(1, round(settings.channels * len(importance.trunk)))
        blocks = max(0, len(importance.effect) - settings.drop_blocks)
        fewer = pruned(*shallower(values, importance, blocks), width)
        others = {name: array for name, array in arrays.items() if not name.startswith(f"{part}.")}
        arrays = others | exported(ArtifactNet.of(fewer).state_dict(), f"{part}.")
    return arrays


def _shorter(recipe: Trainable, bits: int) -> weights.Arrays:
    """The kernels of the averaged networks in numbers of few bits; none for as many as they have."""
    if bits == UNROUNDED:
        return {}
    progress.stage("rounding")
    with recipe.run.averaged():
        return rounded(recipe.networks, _batches(recipe), _BATCHES, bits)


def _batches(recipe: Trainable) -> Callable[[int], Tensor]:
    """The loss of batches that are not trained with, by their number from 0 on."""
    last = recipe.run.schedule.end - 1e-6  # of the time: at the end there is no phase
    return lambda number: recipe.loss(_FIRST + number, min(recipe.run.share(), last))
