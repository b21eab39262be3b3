"""Worker processes: each has a pipe of its own to the parent, so that the death of one concerns no other.

Nothing is shared: no lock that a killed worker could keep, and no thread of the parent to wait for.
"""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context, parent_process, resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Generic, TypeVar

from nncodec import progress
from nncodec.cli import writing
from nncodec.cli.files import Job
from nncodec.cli.stopping import ending_promptly, exit_on_signal
from nncodec.threads import share, threads_of_children

T = TypeVar("T")

_WORKERS_GRACE = 0.5
_PARENTS_GRACE = 1.0
"""Seconds that a worker has to end in order, by its own clock and by its parent's, who then kills it."""


class _Searching:
    """What a worker sends before its result, when it begins a search that may end early."""


@dataclass
class _Worker:
    """A worker process as its parent sees it."""

    process: SpawnProcess
    pipe: "Connection[Job, object]"
    end: "Connection[None, None]"
    """Anything that is sent through it asks searches to end early."""
    job: Job | None = None
    """The job it is at; None if it waits for one."""
    searching: bool = False
    """Whether it has begun a search in it."""

    def give(self, job: Job) -> None:
        """Send a job."""
        self.job, self.searching = job, False
        with contextlib.suppress(OSError):  # it is dead, which shows when its answer is read
            self.pipe.send(job)

    def end_early(self) -> None:
        """Have the job end: with the best so far where it searches, else without a result."""
        if self.searching:
            with contextlib.suppress(OSError):
                self.end.send(None)
        elif self.job is not None:
            self.process.terminate()

    def kill(self) -> None:
        """End the process at once, and remove what it was writing."""
        self.process.kill()
        self.process.join()
        if self.job is not None:
            writing.remove_temporary(self.job)


class Crew(Generic[T]):
    """Worker processes that share the threads, and the jobs that were lost with those of them that died.

    Args:
        work: does one job; picklable.
        size: the number of processes.
    """

    def __init__(self, work: Callable[[Job], T], size: int) -> None:
        self.lost: list[Job] = []
        self._work, self._size, self._asked = work, size, False
        self._workers: list[_Worker] = []

    def results(self, jobs: Iterable[Job]) -> Generator[T, None, None]:
        """The results of jobs as they come, without those of :attr:`lost`. At the end no worker is left.

        A job is drawn when a worker is free for it. After a Ctrl-C for which a search ended early there are only the
        results of such, and KeyboardInterrupt if any job is left.
        """
        todo = iter(jobs)
        with threads_of_children(share(self._size)), ending_promptly(self._kill, ask=self._ask):
            try:
                self._hand_out(todo)
                while self._busy():
                    if self._asked:
                        self._end_early()
                    yield from self._arrived()
                    self._hand_out(todo)
            finally:
                self._stop()
        if self._asked and (self.lost or next(todo, None) is not None):
            raise KeyboardInterrupt

    def _ask(self) -> bool:
        """Ask the workers' searches to end early; return whether there are any."""
        self._asked = self._asked or any(worker.searching for worker in tuple(self._workers))
        if self._asked:
            self._end_early()
        return self._asked

    def _end_early(self) -> None:
        for worker in tuple(self._workers):
            worker.end_early()

    def _busy(self) -> list[_Worker]:
        return [worker for worker in self._workers if worker.job is not None]

    def _hand_out(self, todo: Iterator[Job]) -> None:
        """Give every worker a job, and start those that are missing, as long as there are jobs."""
        idle = [worker for worker in self._workers if worker.job is None]
        while not self._asked and (idle or len(self._workers) < self._size):
            job = next(todo, None)
            if job is None:
                return
            worker = idle.pop() if idle else self._started()
            worker.give(job)

    def _started(self) -> _Worker:
        context = get_context("spawn")
        (ours, theirs), (heard, end) = context.Pipe(), context.Pipe(duplex=False)
        with _without_interrupts():
            process = context.Process(target=_serve, args=(theirs, heard, self._work, writing.KEY), daemon=True)
            process.start()
            worker = _Worker(process, ours, end)
            self._workers.append(worker)
        theirs.close()  # only the worker has it now: it ends with the worker
        heard.close()
        return worker

    def _arrived(self) -> Iterator[T]:
        """Wait for results; the job of a worker that died is lost."""
        by_pipe = {worker.pipe: worker for worker in self._busy()}
        for pipe in wait(list(by_pipe)):
            worker = by_pipe[pipe]  # type: ignore[index]
            assert worker.job is not None
            try:
                result: T = worker.pipe.recv()  # type: ignore[assignment]
            except (EOFError, OSError):
                self.lost.append(worker.job)
                worker.kill()
                worker.pipe.close()
                worker.end.close()
                self._workers.remove(worker)
                continue
            if isinstance(result, _Searching):
                worker.searching = True
                continue
            worker.job, worker.searching = None, False
            yield result

    def _stop(self) -> None:
        """End all workers: the idle ones, whose pipe ends, and in a run that was stopped those that are at a job."""
        end = time.monotonic() + _PARENTS_GRACE
        for worker in self._workers:
            worker.pipe.close()
            worker.end.close()
            if worker.job is not None:
                worker.process.terminate()
        for worker in self._workers:
            worker.process.join(max(0.0, end - time.monotonic()))
        self._kill()

    def _kill(self) -> None:
        for worker in self._workers:
            worker.kill()


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Hold Ctrl-C back in a block: a process that starts in it would print a traceback before it ignores Ctrl-C.

    It inherits that the signal is blocked.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # would be started with the first worker, and unblocks the signal then
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(
    pipe: "Connection[object, Job]", end: "Connection[None, None]", work: Callable[[Job], object], key: bytes
) -> None:
    """Do the jobs that come through a pipe until it ends; runs in a worker process.

    Ctrl-C, which a terminal sends to workers too, is the parent's; what comes through ``end`` asks searches to end.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), exit_on_signal)
    writing.KEY = key
    searches = progress.Searches(begin=lambda: pipe.send(_Searching()))
    with ending_promptly(writing.remove_temporaries, _WORKERS_GRACE), progress.may_end(searches):
        threading.Thread(target=_end_with_parent, daemon=True).start()
        threading.Thread(target=_hear, args=(end, searches), daemon=True).start()
        with contextlib.suppress(EOFError, OSError):
            while True:
                pipe.send(work(pipe.recv()))


def _hear(end: "Connection[None, None]", searches: progress.Searches) -> None:
    """Wait for the parent to ask searches to end."""
    with contextlib.suppress(EOFError, OSError):
        end.recv()
        searches.ask()


def _end_with_parent() -> None:
    """End this process, as SIGTERM does, when its parent has ended, however it ended."""
    parent = parent_process()
    assert parent is not None
    parent.join()
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)
    else:
        writing.remove_temporaries()
        os._exit(1)
