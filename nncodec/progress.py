"""How far a long loop has come, told to whoever shows it: the one door from the depths to a progress bar.

Nothing is told where nobody listens: in worker processes, in threads of a library, and in Python programs that did not
ask.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Listener = Callable[[str, int, int], None]
"""Called with what is being done, in a few words, the rounds that are done and the rounds that there are.

No rounds at all: something that may take long begins, and nobody counts.
"""

_listener: ContextVar[Listener | None] = ContextVar("nncodec.progress", default=None)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Have ``listener`` told of the loops that run meanwhile."""
    token = _listener.set(listener)
    try:
        yield
    finally:
        _listener.reset(token)


@contextmanager
def attempt(number: int, most: int) -> Iterator[None]:
    """A try of at most so many, the first being 1: told of at once, and put before what its own loops tell."""
    listener, label = _listener.get(), f"try {number} of {most}"
    if listener is None:
        yield
        return
    listener(label, number - 1, most)
    with listening(lambda what, done, rounds: listener(f"{label}: {what}", done, rounds)):
        yield


def stage(what: str) -> None:
    """Tell that something begins whose rounds are not counted."""
    listener = _listener.get()
    if listener is not None:
        listener(what, 0, 0)


def counter(what: str, rounds: int) -> Callable[[], None]:
    """A function to call after each of a loop's rounds."""
    listener = _listener.get()
    if listener is None:
        return lambda: None
    done = 0

    def tick() -> None:
        nonlocal done
        done += 1
        listener(what, done, rounds)

    return tick
