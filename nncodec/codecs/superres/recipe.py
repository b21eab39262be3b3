"""The recipe of the codec ``superres``; see `nncodec.painting.recipe`."""

from pathlib import Path

from nncodec.codecs import by_name
from nncodec.painting import recipe
from nncodec.painting.networks import POWER
from nncodec.painting.recipe import Family, Hyperparameters, Task
from nncodec.training.regions import CodecRange

_LIKE = by_name("avif").id
"""The codec that families begin as which given weights lack."""


def _coded(name: str, lowest: float, highest: float, share: float, effort: int = 5) -> Family:
    codec = by_name(name)
    return Family(name, codec.id, CodecRange(codec, lowest, highest, share, POWER, effort), _LIKE)


TASK = Task(
    (
        _coded("jpeg", 5, 92, 0.16),
        _coded("jpeg2000", 8, 80, 0.12),
        _coded("webp", 0, 85, 0.16),
        _coded("avif", 5, 75, 0.3),
        _coded("learned", 0, 60, 0.2, effort=1),
        Family("plain", 0, CodecRange(by_name("webp"), 100, 100, 0.06), _LIKE),
    )
)
"""Base codecs at their qualities; ``plain`` are pictures as they are, for enlarging what was decoded."""


def learn(folders: list[Path], folder: Path, settings: Hyperparameters, resume: bool) -> None:
    """Train, or resume training, in ``folder``, and write ``weights.npz`` there."""
    recipe.learn(folders, folder, settings, resume, TASK)
