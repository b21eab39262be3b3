"""The recipe of the codec ``generative``; see `nncodec.painting.recipe`."""

from pathlib import Path

from nncodec.codecs import by_name
from nncodec.painting import recipe
from nncodec.painting.networks import POWER
from nncodec.painting.recipe import Hyperparameters
from nncodec.painting.tasks import Family, Task
from nncodec.training.regions import CodecRange

_LATENT, _AVIF = by_name("learned"), by_name("avif")
TASK = Task((Family(_LATENT.name, _LATENT.id, CodecRange(_LATENT, 0, 60, 1.0, POWER, effort=1), _AVIF.id),), noise=1)
"""Latents of ``learned`` at low qualities."""


def learn(folders: list[Path], folder: Path, settings: Hyperparameters, resume: bool) -> None:
    """Train, or resume training, in ``folder``, and write ``weights.npz`` there."""
    recipe.learn(folders, folder, settings, resume, TASK)


def begin(folders: list[Path], folder: Path, settings: Hyperparameters, resume: bool, begun: float) -> recipe.Recipe:
    """The run up to its first step; it began at ``begun``, by `time.monotonic`."""
    return recipe.begin(folders, folder, settings, resume, begun, TASK)
