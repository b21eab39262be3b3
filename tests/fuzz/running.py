"""A run: files tried in worker processes with a limit of address space, so that what ends a worker is survived."""

import collections
import logging
import multiprocessing
import random
import resource
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

from tests.decoding_memory import status
from tests.fuzz import sound
from tests.fuzz.attempts import Result, Trial, attempt, load_libraries
from tests.fuzz.damage import Stock, damaged, damaged_source

READY = -1
"""Index of a worker's first result, which says that it is ready."""
_SHARE_OF_SOURCES = 4
"""One file in so many is a source, for ``encode``."""
_PATIENCE = 12
"""Seconds to wait for each second of processor time that a file may take."""


@dataclass(frozen=True)
class Limits:
    """Limits of one file."""

    seconds: float = 5.0
    """Processor time."""
    address_space: int = 1 << 30
    """Bytes that a worker may map on top of what it has mapped for sound files."""


@dataclass(frozen=True)
class Plan:
    """The trials of a run: first the seeds as they are, then damaged files."""

    files: int
    seed: int

    def trial(self, index: int, stock: Stock) -> Trial:
        """A trial by its number in the run; the same each time."""
        if index < len(stock.seeds):
            return Trial(index, *stock.seeds[index])
        rng = random.Random(f"{self.seed}/{index}")
        if index % _SHARE_OF_SOURCES == 0:
            return Trial(index, "encode", damaged_source(rng, stock))
        return Trial(index, "decode", damaged(rng, stock))


def work(pipe: Connection, plan: Plan, start: int, limits: Limits) -> None:
    """Worker process: try one file after the other."""
    stock = sound.stock()
    load_libraries(sound.files())
    logging.getLogger("PIL").addHandler(logging.NullHandler())  # it prints what is wrong with a file
    _limit_address_space(limits.address_space)
    pipe.send(Result(READY, "", "ready"))
    for index in range(start, plan.files):
        pipe.send(attempt(plan.trial(index, stock)))
    pipe.close()


def _limit_address_space(more: int) -> None:
    """Let this process map so many bytes more than now."""
    resource.setrlimit(resource.RLIMIT_AS, (status("VmSize") + more, resource.RLIM_INFINITY))


@dataclass
class Tally:
    """The outcomes of all files."""

    results: list[Result] = field(default_factory=list)
    harm: dict[int, str] = field(default_factory=dict)
    """Faults, by the number of the file that showed them."""

    def add(self, result: Result, limits: Limits) -> None:
        """Count one result."""
        self.results.append(result)
        slow = f"took {result.seconds:.1f} s" if result.seconds > limits.seconds else ""
        if harm := result.harm or slow:
            self.harm[result.index] = harm

    def counts(self) -> collections.Counter[str]:
        """Files by verb and outcome."""
        return collections.Counter(f"{result.verb} {result.outcome}" for result in self.results)

    def lines(self) -> Iterator[str]:
        """The report."""
        for outcome, n in self.counts().most_common():
            yield f"  {n:>8}  {outcome}"
        slowest = max(self.results, key=lambda result: result.seconds)
        largest = max(self.results, key=lambda result: result.memory)
        yield f"  {len({result.shape for result in self.results} - {''})} different messages"
        yield f"  slowest: {slowest.seconds:.2f} s of processor time (file {slowest.index})"
        yield f"  memory: {largest.memory / 1e6:.0f} MB at most (file {largest.index})"
        for index, harm in self.harm.items():
            yield f"file {index}: {harm}"


def run(plan: Plan, limits: Limits) -> Tally:
    """Try all files, in one worker after the other."""
    tally, context, todo = Tally(), multiprocessing.get_context("spawn"), 0
    while todo < plan.files:
        ours, theirs = context.Pipe(duplex=False)
        worker = context.Process(target=work, args=(theirs, plan, todo, limits), daemon=True)
        worker.start()
        theirs.close()
        ours.recv()
        todo, ending = _follow(ours, todo, plan, limits, tally)
        if ending:
            tally.add(Result(todo, "any", ending, harm=ending), limits)
            todo += 1
        worker.kill()
        worker.join()
        ours.close()
    return tally


def _follow(pipe: Connection, todo: int, plan: Plan, limits: Limits, tally: Tally) -> tuple[int, str]:
    """Count a worker's results until it is done or has come to an end: the file it was at, and what ended it."""
    while todo < plan.files:
        if not pipe.poll(limits.seconds * _PATIENCE):
            return todo, "hang"
        try:
            tally.add(pipe.recv(), limits)
        except EOFError:
            return todo, "crash"
        todo += 1
    return todo, ""
