"""The number of threads of a process and of its child processes, whose threads would compete for the cores."""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from functools import cache
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

T = TypeVar("T")

_OWN = "OMP_NUM_THREADS"
_VARIABLES = (_OWN, "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
"""Numerical libraries read these when they are loaded, so they have to be set before a child starts."""


_limit: ContextVar[int] = ContextVar("nncodec.threads", default=0)
"""The most threads that the present call may use; 0 leaves them to the process."""


@contextmanager
def at_most(threads: int) -> Iterator[None]:
    """Limit what :func:`available` says, and so the threads of this package, within a block; 0 sets no limit."""
    token = _limit.set(threads)
    try:
        yield
    finally:
        _limit.reset(token)


def limit() -> int:
    """The most threads that the present call may use; 0 if nothing limits them."""
    return _limit.get()


def available() -> int:
    """The threads that a call may use: its own limit, else OMP_NUM_THREADS if that is set, else one for each core."""
    if _limit.get():
        return _limit.get()
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


class Shared:
    """A change to the whole process that blocks in several threads share: the first makes it, the last undoes it.

    Were each block to restore what it found, the last of two that overlap would restore the change of the other.

    Args:
        change: makes a context manager that changes the process and, at its end, changes it back.
    """

    def __init__(self, change: Callable[[], AbstractContextManager[object]]) -> None:
        self._make, self._lock, self._blocks = change, threading.Lock(), 0
        self._made: AbstractContextManager[object] = nullcontext()

    @contextmanager
    def block(self) -> Iterator[None]:
        """Keep the change for a block."""
        with self._lock:
            if not self._blocks:
                self._made = self._make()
                self._made.__enter__()
            self._blocks += 1
        try:
            yield
        finally:
            with self._lock:
                self._blocks -= 1
                if not self._blocks:
                    self._made.__exit__(None, None, None)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    limiter = _libraries().limit(limits=1)
    _let_others_change_it()
    try:
        yield
    finally:
        limiter.restore_original_limits()
        _let_others_change_it()


def _let_others_change_it() -> None:
    """Give up the control of OpenBLAS that threadpoolctl, from 3.8 on, keeps for the thread that set a limit.

    The thread that ends the last block may be another than the one that began the first.
    """
    from threadpoolctl import OpenBLASController

    if hasattr(OpenBLASController, "clear_controlling_thread"):
        OpenBLASController.clear_controlling_thread()


_products = Shared(_one_thread_each)


def products_alone() -> AbstractContextManager[None]:
    """Limit matrix products in a block to one thread each: in small ones, threads would wait for each other.

    The limit is the whole process's, until the last block ends: threads of the host program are slower meanwhile.
    """
    return _products.block()


@cache
def _libraries() -> "ThreadpoolController":
    """NumPy's library of matrix products; looking for it takes longer than a small tile."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController().select(user_api="blas")


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
