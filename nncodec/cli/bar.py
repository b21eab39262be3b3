"""The bar that shows how far one picture has come."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from nncodec import progress

_WIDTH = 30
_ERASE = "\r\033[K"


@contextmanager
def shown() -> Iterator[Callable[[], None]]:
    """Show the progress of long loops on standard error, a terminal; nothing of it stays.

    Gives a function that clears the line, to be called before other messages are printed.
    """
    last = ""

    def show(what: str, done: int, rounds: int) -> None:
        nonlocal last
        line = f"{what}  {_drawn(done, rounds)}" if rounds else f"{what} ..."
        if line != last:
            click.echo(_ERASE + line, nl=False, err=True)
        last = line

    def clear() -> None:
        nonlocal last
        if last:
            click.echo(_ERASE, nl=False, err=True)
        last = ""

    try:
        with progress.listening(show):
            yield clear
    finally:
        clear()


def _drawn(done: int, rounds: int) -> str:
    full = _WIDTH * done // rounds
    return f"[{'#' * full}{'-' * (_WIDTH - full)}]  {100 * done // rounds} %"
