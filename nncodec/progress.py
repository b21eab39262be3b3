"""Progress of long loops, reported to a listener, such as the progress bar of the command line.

Without a listener reports are dropped: in worker processes, in threads of a library, and in Python programs that set
none.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

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
