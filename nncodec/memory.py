"""Running out of memory: one error, whichever library notices it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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


def check_address_space(need: int) -> None:
    """Raise MemoryError if this process may not map ``need`` more bytes, under a limit such as that of ``ulimit -v``.

    For libraries that abort the process where they cannot map memory. Where limits or what is mapped cannot be read, as
    outside Linux, the check passes.
    """
    try:
        import resource

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        mapped = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except (ImportError, OSError):
        return
    if limit != resource.RLIM_INFINITY and mapped + need > limit:
        raise MemoryError(
            f"{need >> 20} MB of address space are needed, and {max(0, limit - mapped) >> 20} MB are left"
        )
