"""How many threads a process uses, in its libraries and for tiles of its own."""

import os
import threading

import pytest

from nncodec import threads
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
