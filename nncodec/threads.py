"""How many threads a process may use, and its child processes: threads of several processes fight for the cores."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

T = TypeVar("T")

_OWN = "OMP_NUM_THREADS"
_VARIABLES = (_OWN, "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
"""Numerical libraries read these when they are loaded, so they have to be set before a child starts."""


def available() -> int:
    """Threads for this process: as many as OMP_NUM_THREADS says, else one for each core that it may run on."""
    told = os.environ.get(_OWN, "").partition(",")[0].strip()
    if told.isdecimal() and int(told):
        return int(told)
    return cores()


def cores() -> int:
    """Cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def share(processes: int) -> int:
    """Threads for each of so many child processes that run at once, at least one."""
    return max(1, available() // processes)


def in_parallel(work: Callable[[T], object], items: Sequence[T]) -> None:
    """Call ``work`` for every item, by as many threads as this process may use, and wait for all."""
    from concurrent.futures import ThreadPoolExecutor

    workers = min(available(), len(items))
    if workers < 2:
        for item in items:
            work(item)
        return
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(work, items))


@contextmanager
def products_alone() -> Iterator[None]:
    """Matrix products take one thread each meanwhile: in small ones, threads would wait for each other."""
    with _libraries().limit(limits=1, user_api="blas"):
        yield


@cache
def _libraries() -> "ThreadpoolController":
    """NumPy's library of matrix products; looking for it takes longer than a small tile."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


@contextmanager
def threads_of_children(threads: int) -> Iterator[None]:
    """Environment under which processes that start meanwhile use so many threads each: libraries' and our own."""
    before = {name: os.environ.get(name) for name in _VARIABLES}
    os.environ.update(dict.fromkeys(_VARIABLES, str(threads)))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
