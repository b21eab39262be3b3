"""Measurements to rows: in parallel for size and fidelity, one at a time on given cores for times."""

import os
import signal
import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from multiprocessing import active_children, get_context, parent_process

from nncodec.bench.measure import rows
from nncodec.bench.measure.plan import Failure, Measurement
from nncodec.bench.results_tsv import Row
from nncodec.threads import threads_of_children


def rates(measurements: Sequence[Measurement], workers: int) -> Generator[Row | Failure, None, None]:
    """Size and fidelity of every measurement, in order, from ``workers`` processes of one thread each."""
    yield from _run(rows.rate, measurements, workers, threads=1, pinned=False)


def timings(measurements: Sequence[Measurement], reps: int, threads: int) -> Generator[Row | Failure, None, None]:
    """The same with seconds and memory, one measurement at a time in one process that is kept on ``threads`` cores."""
    yield from _run(partial(rows.timed, reps=reps, threads=threads), measurements, 1, threads, pinned=True)


def _run(
    work: Callable[[Measurement], Row | Failure],
    measurements: Sequence[Measurement],
    workers: int,
    threads: int,
    pinned: bool,
) -> Generator[Row | Failure, None, None]:
    """Results in the order of the measurements. Closing the generator drops what has not been finished."""
    with threads_of_children(threads):
        pool = ProcessPoolExecutor(
            workers, get_context("spawn"), initializer=_start_worker, initargs=(threads if pinned else None,)
        )
        futures: list[Future[Row | Failure]] = [pool.submit(work, measurement) for measurement in measurements]
        try:
            for measurement, future in zip(measurements, futures, strict=True):
                try:
                    yield future.result()
                except BrokenProcessPool:
                    yield Failure(
                        f"{measurement.codec} {measurement.source.set}/{measurement.source.image}",
                        "a worker process died, perhaps for lack of memory; the rest was not measured",
                        "a worker process died",
                    )
        except BaseException:  # it was stopped: a measurement may take minutes, and nobody waits for it any more
            for worker in active_children():
                worker.terminate()
            raise
        finally:
            pool.shutdown(cancel_futures=True)


def _start_worker(pinned_threads: int | None) -> None:
    """Leave Ctrl-C to the parent, which then ends the pool in order; keep a timing worker on its cores."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if pinned_threads and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-pinned_threads:])


def _end_with_parent() -> None:
    """A worker would wait for work for ever if its parent were killed."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
