"""Walks through folders: the files to work on, and those that look like work but are left out."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nncodec.cli.sharding import Shard
from nncodec.container import MAGIC

OURS = frozenset({".nnc"})
"""Suffixes that a walk through a folder picks up for verbs that read .nnc files."""
LINK = "linked folder"
"""The kind of a link to a folder, which is not followed: it could go round."""


@dataclass(frozen=True)
class LeftOut:
    """A file in a folder that is not worked on, though its name or content says that it could be meant."""

    path: str
    kind: str
    """Kind of picture."""
    hint: str | None = None

    @property
    def code(self) -> int:
        """The exit code that it asks for: that of an unsupported format, but a folder may well be linked on purpose."""
        return 0 if self.kind == LINK else 4


def walk(folder: Path, suffixes: frozenset[str], shard: Shard | None = None) -> Iterator[Path | LeftOut]:
    """The files with these suffixes, in order, nothing hidden; and folders that cannot be read, to fail on later.

    Of other files, those without suffix count by content. What looks like a picture, or for verbs that read .nnc files
    like one of these, and is not taken, is left out. With ``shard``, the files are those of that part, by their
    paths from ``folder``; folders that cannot be read are in every part. One folder's names are in memory at a time.
    """
    unreadable: list[OSError] = []
    for root, folders, names in os.walk(folder, onerror=unreadable.append):
        yield from _taken(unreadable)
        inside = Path(root).relative_to(folder)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in folders:
            if _is_link(Path(root, name)) and (shard is None or shard.has(str(inside / name))):
                yield LeftOut(str(Path(root, name)), LINK)
        for name in sorted(names):
            if not name.startswith(".") and (shard is None or shard.has(str(inside / name))):
                found = _judged(Path(root) / name, suffixes)
                yield from () if found is None else (found,)
    yield from _taken(unreadable)


def _taken(unreadable: list[OSError]) -> Iterator[Path]:
    """The folders that these errors name; the list is empty afterwards."""
    while unreadable:
        yield Path(unreadable.pop(0).filename)


def _is_link(path: Path) -> bool:
    try:
        return path.is_symlink()
    except OSError:  # in a folder that may be listed, but not searched
        return False


def _judged(path: Path, suffixes: frozenset[str]) -> Path | LeftOut | None:
    """A file to take, one to leave out, or None for one that is none of this verb's business."""
    suffix = path.suffix.lower()
    if suffix in suffixes:
        return path
    if suffixes == OURS:
        if not _head(path).startswith(MAGIC):
            return None
        return LeftOut(str(path), ".nnc file", f"its suffix is {suffix}") if suffix else path
    return _judged_picture(path, suffix)


def _judged_picture(path: Path, suffix: str) -> Path | LeftOut | None:
    """As :func:`_judged`, for a file whose suffix is none of a picture that is read."""
    from nncodec.image.kinds import EXTRAS, RAW, RAW_HINT, is_read, kind, kind_by_suffix

    found = kind(_head(path), suffix)
    if found is None:
        return None
    if is_read(found):  # without suffix, or with that of another picture
        taken = not suffix or kind_by_suffix(suffix) is not None
        return path if taken else LeftOut(str(path), found, f"its suffix is {suffix}")
    if found in EXTRAS:
        return LeftOut(str(path), found, EXTRAS[found].hint)
    return LeftOut(str(path), found, RAW_HINT if found == RAW else None)


def _head(path: Path) -> bytes:
    """The beginning of a regular file; empty for another, and for one that cannot be read."""
    from nncodec.image.kinds import HEAD

    try:
        if not path.is_file():
            return b""
        with path.open("rb") as file:
            return file.read(HEAD)
    except OSError:
        return b""
