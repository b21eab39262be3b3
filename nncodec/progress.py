"""Progress of long loops, reported to a listener, such as the progress bar of the command line; and their early end.

Without a listener reports are dropped: in worker processes, in threads of a library, and in Python programs that set
none. Nobody but the command line asks a search to end early.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

Listener = Callable[[str, int, int], None]
"""Called with the name of the work, in a few words, the number of rounds done, and the number of rounds in all.

Both numbers are 0 when work begins whose rounds are not counted.
"""

_listener: ContextVar[Listener | None] = ContextVar("nncodec.progress", default=None)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Report the loops of a block to ``listener``."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


@contextmanager
def attempt(number: int, most: int) -> Iterator[None]:
    """Report attempt ``number``, from 1, of at most ``most``; its label precedes the reports of a block."""
    listener, label = _listener.get(), f"try {number} of {most}"
    if listener is None:
        yield
        return
    listener(label, number - 1, most)
    with listening(lambda what, done, rounds: listener(f"{label}: {what}", done, rounds)):
        yield


def stage(what: str) -> None:
    """Report the beginning of work whose rounds are not counted."""
    listener = _listener.get()
    if listener is not None:
        listener(what, 0, 0)


def report(what: str, done: int, rounds: int) -> None:
    """Report how far work has come, in units of its own."""
    listener = _listener.get()
    if listener is not None:
        listener(what, done, rounds)


def counter(what: str, rounds: int) -> Callable[[], None]:
    """Return a function to call after each round of a loop."""
    listener = _listener.get()
    if listener is None:
        return lambda: None
    done = 0

    def tick() -> None:
        nonlocal done
        done += 1
        listener(what, done, rounds)

    return tick


# --- searches that may end early -------------------------------------------------------------------------------------


@dataclass
class Searches:
    """What a command and the searches of the job it is at tell each other. One for each process."""

    begin: Callable[[], None] = lambda: None
    """Called when the job begins its first search."""
    begun: bool = False
    """Whether it has: then there is a best so far, worth keeping."""
    asked: bool = False
    """Whether searches are to end with the best that they have."""
    ended: str | None = None
    """Where the first one ended early, in words."""

    def ask(self) -> bool:
        """Ask searches to end; return whether they will, which takes one that was begun. Any thread may call it."""
        self.asked = self.asked or self.begun
        return self.asked


_searches: ContextVar[Searches | None] = ContextVar("nncodec.progress.searches", default=None)


@contextmanager
def may_end(searches: Searches) -> Iterator[None]:
    """Let the searches of a block end early when ``searches`` is asked."""
    token = _searches.set(searches)
    try:
        yield
    finally:
        _searches.reset(token)


def begin_job() -> None:
    """Forget the searches of the job before."""
    searches = _searches.get()
    if searches is not None:
        searches.begun, searches.ended = False, None


def ended_early() -> str | None:
    """Where a search of this job ended early, in words; None if none did."""
    searches = _searches.get()
    return None if searches is None else searches.ended


def asked_to_end() -> bool:
    """Test whether searches are to end with the best that they have."""
    searches = _searches.get()
    return searches is not None and searches.asked


def rounds(what: str, count: int) -> Iterator[int]:
    """Count the rounds of a search, from 0, and report each when it is over; fewer if it is asked to end early."""
    tick, searches = counter(what, count), _searches.get()
    if searches is not None and not searches.begun:
        searches.begun = True
        searches.begin()
    for number in range(count):
        if searches is not None and searches.asked:
            searches.ended = searches.ended or f"{what} ended early, after {number} of {count} rounds"
            return
        yield number
        tick()
