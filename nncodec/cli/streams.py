"""Standard streams that were closed before the command began."""

import io
import os
import sys

from nncodec.errors import NncError

_STDERR = 2


class ClosedOutput(io.TextIOBase):
    """Stands for a standard output that is closed: printing raises NncError instead of being dropped in silence."""

    def write(self, text: str, /) -> int:
        """Raise NncError."""
        raise NncError("standard output is closed")


def fill_closed_streams() -> None:
    """Keep the numbers 0 to 2 from files, which would then take what libraries say; unheard messages go nowhere.

    Python has None for a stream that was closed before it began. Input stays None: its readers say so.
    """
    if None not in (sys.stdin, sys.stdout, sys.stderr):
        return
    while (number := os.open(os.devnull, os.O_RDWR)) <= _STDERR:
        os.set_inheritable(number, True)  # for worker processes
    os.close(number)
    if sys.stdout is None:
        sys.stdout = ClosedOutput()
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8", errors="backslashreplace")  # noqa: PTH123, SIM115
