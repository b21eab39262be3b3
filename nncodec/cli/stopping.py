"""Signals that stop the command: in order at the first, without waiting for anybody at the second.

A first Ctrl-C only asks searches to end (`nncodec.progress.Searches`), where one is at work: the best that it has is
kept.
"""

import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from nncodec.cli.messages import report_error, say

_STOPS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))

GRACE = 1.5
"""Seconds after a signal in which a process may end in order; a long call of C code would keep it from that."""


def exit_on_signal(number: int, _frame: object) -> None:
    """A signal handler that ends the process as an exception does, so that temporary files are removed."""
    sys.exit(128 + number)


def handle_termination() -> None:
    """Let SIGTERM and SIGHUP, where they are not ignored (``nohup``), end this process as an exception does."""
    for number in _STOPS:
        if number != signal.SIGINT and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, exit_on_signal)


@contextmanager
def ending_promptly(
    clean_up: Callable[[], None], grace: float | None = GRACE, ask: Callable[[], bool] = lambda: False
) -> Iterator[None]:
    """End the process at the second signal in a block, or ``grace`` seconds after the first (None: not then).

    The first signal is left to its handler, which is expected to raise; but a Ctrl-C is not if ``ask``, which any
    thread may call, asks searches to end early and says that they will. A thread waits for the second, calls
    ``clean_up`` and exits, whatever the main thread waits for. Outside the main thread, which alone gets signals, the
    block is left as it is.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    ours, told = socket.socketpair()
    told.setblocking(False)
    before = signal.set_wakeup_fd(told.fileno(), warn_on_full_buffer=False)
    watcher = threading.Thread(target=_watch, args=(ours, clean_up, grace, ask), daemon=True)
    watcher.start()
    handlers = _called_once(ask)
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        told.close()  # the watcher then ends, unless it ends the process
        watcher.join()
        ours.close()
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _called_once(ask: Callable[[], bool]) -> dict[int, Callable[..., object]]:
    """Have the handlers of these signals called for the first signal only; returns the handlers, by signal."""
    handlers = {number: handler for number in _STOPS if callable(handler := signal.getsignal(number))}
    called = False

    def first(number: int, frame: FrameType | None) -> None:
        nonlocal called
        if not called:  # an exception for the second would end the clean-up that the first began
            called = True
            if number != signal.SIGINT or not ask():
                handlers[number](number, frame)

    for number in handlers:
        signal.signal(number, first)
    return handlers


def _watch(signals: socket.socket, clean_up: Callable[[], None], grace: float | None, ask: Callable[[], bool]) -> None:
    """Wait for the numbers of signals; end the process at the second or when the time is over."""
    number = _next(signals)
    if number is None:
        return
    early = number == signal.SIGINT and ask()
    if early:
        erase = "\r\033[K" if sys.stderr.isatty() else ""
        say(f"{erase}nnc: ending the search, to keep the best so far; another Ctrl-C stops at once")
    signals.settimeout(None if early else grace)
    try:
        if _next(signals) is None:
            return
    except TimeoutError:
        pass
    clean_up()
    if number == signal.SIGINT:
        report_error("interrupted")
    os._exit(128 + number)


def _next(signals: socket.socket) -> int | None:
    """The next signal that stops; None at the end of the block."""
    while said := signals.recv(1):
        if said[0] in _STOPS:
            return said[0]
    return None
