"""The measurements to make: the pictures of some folders, times the codecs, times the qualities."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from nncodec.bench.results_tsv import Key, printable
from nncodec.image import picture_suffixes


@dataclass(frozen=True)
class Source:
    """One picture file, and its name in the results."""

    set: str
    image: str
    path: Path
    gray: bool = False
    """Only the luma is measured, as a gray picture."""


@dataclass(frozen=True)
class Measurement:
    """One measurement to make."""

    source: Source
    codec: str
    quality: float
    effort: int
    device: str
    restore: str = "none"
    measures: tuple[str, ...] = ()
    """Names of the perceptual measures to compute."""

    def key(self, timed: bool) -> Key:
        """The key of the row that this measurement gives."""
        configuration = (self.codec, self.effort, self.device, self.restore)
        return (*configuration, self.quality, self.source.set, self.source.image, timed)


@dataclass(frozen=True)
class Failure:
    """Something that could not be measured, and was skipped."""

    subject: str
    """The folder, the picture, or the codec and the picture."""
    message: str
    cause: str
    """The same text for all failures of one cause: they are reported once, and counted."""


def find(folders: Iterable[Path], gray: bool = False) -> tuple[list[Source], list[Failure]]:
    """The pictures of all folders, in order of name, and the folders that are missing or hold none.

    A folder's name is the name of the set; of two folders with one name the second is called ``name-2``. If only the
    luma of the pictures is to be measured, it is ``name-luma``.
    """
    sources: list[Source] = []
    failures: list[Failure] = []
    taken: dict[str, int] = {}
    for folder in folders:
        name = printable(folder.resolve().name or "root")
        taken[name] = taken.get(name, 0) + 1
        label = (name if taken[name] == 1 else f"{name}-{taken[name]}") + ("-luma" if gray else "")
        if not folder.is_dir():
            failures.append(Failure(str(folder), "no such folder", str(folder)))
            continue
        found = [
            Source(label, printable(path.relative_to(folder).as_posix()), path, gray) for path in _pictures(folder)
        ]
        if not found:
            failures.append(Failure(str(folder), "no pictures in this folder", str(folder)))
        sources += found
    return sources, failures


def measurements(
    sources: Iterable[Source],
    codecs: Sequence[str],
    qualities: Sequence[float],
    effort: int,
    device: str,
    restores: Sequence[str] = ("none",),
    measures: Sequence[str] = (),
) -> list[Measurement]:
    """Every combination, picture by picture."""
    return [
        Measurement(source, codec, quality, effort, device, restore, tuple(measures))
        for source, codec, restore, quality in product(sources, codecs, restores, qualities)
    ]


def _pictures(folder: Path) -> Iterator[Path]:
    """Picture files below a folder, sorted, hidden ones left out."""
    suffixes = picture_suffixes()
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith(".") and Path(name).suffix.lower() in suffixes:
                yield Path(parent, name)
