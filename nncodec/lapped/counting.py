"""Crops of training pictures at as many qualities, of whose coded symbols tables and scale indices are made."""

from collections.abc import Callable, Iterator

import numpy as np

from nncodec import progress
from nncodec.lapped.layout import MAX_QUALITY_INDEX
from nncodec.training import data


def never() -> bool:
    """Never enough."""
    return False


def at_all_qualities(crops: data.Bytes, enough: Callable[[], bool] = never) -> Iterator[tuple[int, data.Bytes]]:
    """Quality indices and crops (H, W, 3) of (B, H, W, 3), in random order, evenly spread over the qualities.

    ``enough`` is asked after each; true ends it with fewer.
    """
    tick = progress.counter("counting symbols", len(crops))
    for number in np.random.default_rng(0).permutation(len(crops)):
        yield round((number + 0.5) / len(crops) * MAX_QUALITY_INDEX), crops[number]
        tick()
        if enough():
            return
