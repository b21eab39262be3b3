"""Arrays of many examples in memory-mapped files: as many as there is time for, and found again by later sittings."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nncodec import progress

Layout = Mapping[str, tuple[type[np.generic], tuple[int, ...]]]
"""Type and shape of one example's part of each array, by its name."""
_SECONDS_PER_SAVE = 30.0


def kept(
    folder: Path,
    count: int,
    layout: Layout,
    make: Callable[[int], Sequence[npt.ArrayLike]],
    enough: Callable[[], bool] = lambda: False,
    least: int = 1,
) -> list[npt.NDArray[Any]]:
    """Arrays of examples, in the order of the layout; later sittings go on where one was stopped.

    Args:
        folder: of the files.
        count: examples in all.
        layout: the arrays. The last, which should be a small one, is as long as there are examples.
        make: the parts of an example, by its number.
        enough: asked before each example; true ends the making with fewer examples.
        least: examples that are made even so.
    """
    folder.mkdir(parents=True, exist_ok=True)
    *large, last = [folder / f"{name}-{count}.npy" for name in layout]
    kind, shape = list(layout.values())[-1]
    ends = np.load(last) if last.exists() else np.empty((0, *shape), kind)
    if len(ends) < count and not (len(ends) >= least and enough()):
        arrays = [
            _opened(path, count, *each, anew=not len(ends)) for path, each in zip(large, layout.values(), strict=False)
        ]
        ends = _made(arrays, ends, last, count, make, lambda done: done >= least and enough())
    return [*(np.load(path, mmap_mode="r")[: len(ends)] for path in large), ends]


def _opened(path: Path, count: int, kind: type[np.generic], shape: tuple[int, ...], anew: bool) -> npt.NDArray[Any]:
    """A large array, to be written into."""
    if anew:
        return np.lib.format.open_memmap(path, mode="w+", dtype=kind, shape=(count, *shape))
    return np.lib.format.open_memmap(path, mode="r+")


def _made(
    arrays: list[npt.NDArray[Any]],
    ends: npt.NDArray[Any],
    last: Path,
    count: int,
    make: Callable[[int], Sequence[npt.ArrayLike]],
    enough: Callable[[int], bool],
) -> npt.NDArray[Any]:
    """Make the examples that are missing; return the last array, which is saved from time to time and at the end."""
    whole = np.concatenate([ends, np.empty((count - len(ends), *ends.shape[1:]), ends.dtype)])
    done, saved = len(ends), time.monotonic()
    try:
        while done < count and not enough(done):
            for array, part in zip((*arrays, whole), make(done), strict=True):
                array[done] = part
            done += 1
            progress.report(f"coding crops: {done} of at most {count}", done, count)
            if time.monotonic() - saved > _SECONDS_PER_SAVE:
                _save(last, whole[:done])
                saved = time.monotonic()
    finally:
        _save(last, whole[:done])
    return whole[:done]


def _save(path: Path, array: npt.NDArray[Any]) -> None:
    """Write an array, whole or not at all."""
    fresh = path.with_suffix(".fresh.npy")
    np.save(fresh, array)
    fresh.replace(path)
