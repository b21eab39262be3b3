"""The number of threads of PyTorch within a call."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from nncodec import threads
from nncodec.threads import Shared


@contextmanager
def _kept() -> Iterator[None]:
    """Restore, at the end of a block, the number that the process had."""
    before = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(before)


_process = Shared(_kept)


@contextmanager
def limited(count: int = 0) -> Iterator[None]:
    """Set the number of threads that torch uses meanwhile; 0 is the limit of the present call, if it has one.

    Torch keeps a number for the process, from which new threads begin, and one for each thread: this thread's is
    restored at once, and that of the process when the last of several blocks that overlap has ended.
    """
    with _process.block():
        before = torch.get_num_threads()
        torch.set_num_threads(count or threads.limit() or before)
        try:
            yield
        finally:
            torch.set_num_threads(before)
