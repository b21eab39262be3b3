"""The folder below which -o gets the same tree as the sources have."""

import os
from collections.abc import Iterable
from pathlib import Path

from nncodec.errors import EncodeError


class Mirror:
    """Paths as they are inside a folder. Names alone count: links are not followed.

    Args:
        folder: the folder that the output folder stands for.
    """

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self._start = os.path.join(os.path.abspath(folder), "")  # noqa: PTH100, PTH118

    def inside(self, path: str) -> Path | None:
        """The path from the folder on; None for one outside, ``.`` for the folder."""
        whole = os.path.abspath(path)  # noqa: PTH100
        if os.path.join(whole, "") == self._start:  # noqa: PTH118
            return Path()
        return Path(whole[len(self._start) :]) if whole.startswith(self._start) else None


def common_folder(paths: Iterable[str]) -> str:
    """The deepest folder that holds all of the paths, at least one. Raises EncodeError for several drives."""
    common = ""
    for path in paths:
        parent = os.path.dirname(os.path.abspath(path))  # noqa: PTH100, PTH120
        if not common:
            common = parent
        elif parent != common and not parent.startswith(os.path.join(common, "")):  # noqa: PTH118
            common = _common(common, parent)
    return common


def _common(one: str, other: str) -> str:
    try:
        return os.path.commonpath((one, other))
    except ValueError as error:
        raise EncodeError(f"{one} and {other} are on different drives, and -o gets one tree") from error
