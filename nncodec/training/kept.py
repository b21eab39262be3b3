"""Arrays of many examples in memory-mapped files, made once and found again by later sittings."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nncodec import progress

Layout = Mapping[str, tuple[type[np.generic], tuple[int, ...]]]
"""Type and shape of one example's part of each array, by its name."""


def kept(
    folder: Path, count: int, layout: Layout, make: Callable[[int], Sequence[npt.ArrayLike]]
) -> list[npt.NDArray[Any]]:
    """Arrays of ``count`` examples, in the order of the layout.

    Where the files in ``folder`` are not whole they are made: ``make`` gives the parts of an example by its number. The
    last array is written when all are there; it should be a small one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{name}-{count}.npy" for name in layout]
    if not paths[-1].exists():
        shapes = [(kind, (count, *shape)) for kind, shape in layout.values()]
        arrays: list[npt.NDArray[Any]] = [
            np.lib.format.open_memmap(path, mode="w+", dtype=kind, shape=shape)
            for path, (kind, shape) in zip(paths[:-1], shapes[:-1], strict=True)
        ]
        arrays.append(np.empty(shapes[-1][1], shapes[-1][0]))
        tick = progress.counter("coding crops", count)
        for number in range(count):
            for array, part in zip(arrays, make(number), strict=True):
                array[number] = part
            tick()
        np.save(paths[-1], arrays[-1])
    return [np.load(path, mmap_mode="r") for path in paths]
