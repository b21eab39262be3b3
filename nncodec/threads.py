"""How many threads child processes get: several threads in several processes fight for the cores."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
"""Numerical libraries read these when they are loaded, so they have to be set before a child starts."""


@contextmanager
def threads_of_children(threads: int) -> Iterator[None]:
    """Environment under which processes that start meanwhile use so many threads each."""
    before = {name: os.environ.get(name) for name in _VARIABLES}
    os.environ.update(dict.fromkeys(_VARIABLES, str(threads)))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
