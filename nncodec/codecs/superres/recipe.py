"""The recipe of the codec ``superres``; see `nncodec.painting.recipe`."""

from pathlib import Path

from nncodec.codecs import by_name
from nncodec.painting import recipe
from nncodec.painting.networks import POWER
from nncodec.painting.recipe import Hyperparameters
from nncodec.painting.tasks import Family, Task
from nncodec.training.regions import CodecRange

_LIKE = by_name("avif").id
"""The codec that families begin as which given weights lack."""


def _coded(name: str, lowest: float, highest: float, share: float, effort: int = 5) -> Family:
    codec = by_name(name)
    return Family(name, codec.id, CodecRange(codec, lowest, highest, share, POWER, effort), _LIKE)


def _task(jpeg: float, jpeg2000: float, webp: float, avif: float, learned: float, plain: float) -> Task:
    """Base codecs at their qualities, by their shares of the regions."""
    return Task(
        (
            _coded("jpeg", 5, 92, jpeg),
            _coded("jpeg2000", 8, 80, jpeg2000),
            _coded("webp", 0, 85, webp),
            _coded("avif", 5, 75, avif),
            _coded("learned", 0, 60, learned, effort=1),
            Family("plain", 0, CodecRange(by_name("webp"), 100, 100, plain), _LIKE),
        )
    )


TASK = _task(0.16, 0.12, 0.16, 0.3, 0.2, 0.06)
"""For half the size; ``plain`` are pictures as they are, for enlarging what was decoded."""
QUARTER = _task(0.14, 0.1, 0.14, 0.62, 0, 0)
"""For a quarter, where there are none to enlarge, and none of latents."""


def learn(folders: list[Path], folder: Path, settings: Hyperparameters, resume: bool) -> None:
    """Train, or resume training, in ``folder``, and write ``weights.npz`` there."""
    recipe.learn(folders, folder, settings, resume, _task_of(settings))


def begin(folders: list[Path], folder: Path, settings: Hyperparameters, resume: bool, begun: float) -> recipe.Recipe:
    """The run up to its first step; it began at ``begun``, by `time.monotonic`."""
    return recipe.begin(folders, folder, settings, resume, begun, _task_of(settings))


def _task_of(settings: Hyperparameters) -> Task:
    return TASK if settings.halvings == 1 else QUARTER
