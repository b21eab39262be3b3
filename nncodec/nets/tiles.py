"""Work on a picture in tiles, by threads of our own; none inside the small matrix products, where they would wait."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from threadpoolctl import ThreadpoolController

Region = tuple[slice, slice]


def tile_by_tile(shape: tuple[int, ...], rows: int, columns: int, work: Callable[[Region], None]) -> None:
    """Call ``work`` for every tile of at most ``rows`` x ``columns`` pixels, several at a time, and wait for all.

    ``shape`` is that of the picture: height, width, and whatever follows.
    """
    height, width = shape[:2]
    tiles = [
        (slice(top, min(top + rows, height)), slice(left, min(left + columns, width)))
        for top in range(0, height, rows)
        for left in range(0, width, columns)
    ]
    with _libraries().limit(limits=1, user_api="blas"), ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(work, tiles))


@cache
def _libraries() -> ThreadpoolController:
    """NumPy's library of matrix products; looking for it takes longer than a small tile."""
    return ThreadpoolController()
