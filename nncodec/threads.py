"""The number of threads of a process and of its child processes, whose threads would compete for the cores."""

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
    """The threads that this process may use: OMP_NUM_THREADS if it is set, else one for each core."""
    told = os.environ.get(_OWN, "").partition(",")[0].strip()
    if told.isdecimal() and int(told):
        return int(told)
    return cores()


def cores() -> int:
    """The number of cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def share(processes: int) -> int:
    """The threads for each of ``processes`` child processes that run at once, at least one."""
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
    """Limit matrix products in a block to one thread each: in small ones, threads would wait for each other."""
    with _libraries().limit(limits=1, user_api="blas"):
        yield


@cache
def _libraries() -> "ThreadpoolController":
    """NumPy's library of matrix products; looking for it takes longer than a small tile."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


@contextmanager
def threads_of_children(threads: int) -> Iterator[None]:
    """Set, for a block, the environment variables that limit new child processes to ``threads`` threads each."""
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
