"""Running out of memory: one error, whichever library notices it."""

from collections.abc import Iterator
from contextlib import contextmanager

_SIGNS = (
    "out of memory",
    "allocate memory",
    "not enough memory",
    "bad_alloc",
    "failed to map segment",
    "can't start new thread",
    "unable to allocate",
)
"""Parts of the messages, in small letters, of torch, of the loader of libraries, of Pillow, Python and NumPy."""


@contextmanager
def as_memory_error() -> Iterator[None]:
    """Turn the errors by which libraries say that memory has run out into MemoryError."""
    try:
        yield
    except (ImportError, RuntimeError, OSError, ValueError) as error:
        if any(sign in str(error).lower() for sign in _SIGNS):
            raise MemoryError(str(error)) from error
        raise
