"""The bar that shows how far one picture has come."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from nncodec import progress
from nncodec.cli.messages import say

_WIDTH = 30
_ERASE = "\r\033[K"
_SECONDS_PER_LINE = 10.0


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


@contextmanager
def lines(clock: Callable[[], float] = time.monotonic) -> Iterator[None]:
    """Print the progress of hours of work on standard error, where it may be kept: a line each ten seconds at most.

    The beginning of each stage always has its line.
    """
    due = -math.inf

    def show(what: str, done: int, rounds: int) -> None:
        nonlocal due
        now = clock()
        if rounds and now < due:
            return
        due = now + _SECONDS_PER_LINE
        say(f"nnc: {what}, {100 * done // rounds} %" if rounds else f"nnc: {what} ...")

    with progress.listening(show):
        yield


def _drawn(done: int, rounds: int) -> str:
    full = _WIDTH * done // rounds
    return f"[{'#' * full}{'-' * (_WIDTH - full)}]  {100 * done // rounds} %"
