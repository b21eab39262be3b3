"""How many threads a process uses, in its libraries and for tiles of its own."""

import os
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import numpy as np
import pytest

from nncodec import threads
from nncodec.image.stills import pillow_errors
from nncodec.nets.tiles import tile_by_tile


@pytest.mark.parametrize(("told", "found"), [("1", 1), ("7", 7), (" 3 ", 3), ("2,4", 2)])
def test_the_variable_counts(told: str, found: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", told)
    assert threads.available() == found


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="no affinity on this system")
@pytest.mark.parametrize("told", [None, "", "0", "-1", "all"])
def test_without_it_there_is_one_for_each_core(told: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {1, 4, 5})
    if told is None:
        monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    else:
        monkeypatch.setenv("OMP_NUM_THREADS", told)
    assert threads.available() == 3


@pytest.mark.parametrize(("processes", "each"), [(1, 6), (2, 3), (4, 1), (6, 1), (7, 1), (100, 1)])
def test_processes_share_and_none_goes_without(processes: int, each: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "6")
    assert threads.share(processes) == each


@pytest.mark.parametrize("count", [1, 2, 9])
def test_every_item_is_worked_on_once_and_errors_come_out(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", str(count))
    done: list[int] = []
    threads.in_parallel(done.append, range(40))
    assert sorted(done) == list(range(40))
    with pytest.raises(ZeroDivisionError):
        threads.in_parallel(lambda item: 1 // item, [3, 0])


@pytest.mark.parametrize("count", [1, 3])
def test_tiles_have_as_many_threads_as_the_process(count: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tiles wait for each other, as many as there are to be threads."""
    monkeypatch.setenv("OMP_NUM_THREADS", str(count))
    together = threading.Barrier(count, timeout=10)
    names = set()

    def work(_: object) -> None:
        together.wait()
        names.add(threading.current_thread().name)

    tile_by_tile((count * 3, 8), 1, 8, work)
    assert len(names) == count


def blas_threads() -> set[int]:
    """Threads that the libraries of matrix products use in this process."""
    np.ones((2, 2)) @ np.ones((2, 2))
    return {library.num_threads for library in threads._libraries().lib_controllers}


def overlapping(block: Callable[[], AbstractContextManager[object]]) -> None:
    """Two threads in two blocks, of which that which began first also ends first."""
    first_ended, second_began = threading.Event(), threading.Event()

    def second() -> None:
        with block():
            second_began.set()
            assert first_ended.wait(10)

    thread = threading.Thread(target=second)
    with block():
        thread.start()
        assert second_began.wait(10)
    first_ended.set()
    thread.join()


def test_overlapping_blocks_leave_the_host_its_threads() -> None:
    with threads._libraries().limit(limits=2):
        before = blas_threads()
        overlapping(threads.products_alone)
        assert blas_threads() == before == {2}
        with threads.products_alone():
            assert blas_threads() == {1}
        assert blas_threads() == before


def test_overlapping_pictures_leave_the_host_its_warnings() -> None:
    before = list(warnings.filters)
    overlapping(lambda: pillow_errors("a picture"))
    assert warnings.filters == before


def test_a_shared_change_is_undone_after_an_error() -> None:
    changes: list[str] = []

    @contextmanager
    def change() -> Iterator[None]:
        changes.append("made")
        yield
        changes.append("undone")

    shared = threads.Shared(change)
    with pytest.raises(ZeroDivisionError), shared.block(), shared.block():
        raise ZeroDivisionError
    assert changes == ["made", "undone"]


def test_a_call_may_have_fewer_threads_than_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    with threads.at_most(2):
        assert threads.available() == 2
        with threads.at_most(0):
            assert threads.available() == 5
    assert threads.available() == 5
