"""The boundary between foreign bytes and the caller: a file may provoke our own errors, and no others."""

from collections.abc import Iterator
from contextlib import contextmanager

from nncodec.errors import InternalError, NncError
from nncodec.memory import as_memory_error


@contextmanager
def naming(codec: str) -> Iterator[None]:
    """Turn unexpected exceptions of a block, which handles a file of ``codec``, into InternalError.

    NncError, MemoryError and exceptions that are no errors, such as KeyboardInterrupt, pass.
    """
    try:
        with as_memory_error():
            yield
    except (NncError, MemoryError):
        raise
    except Exception as error:
        raise InternalError.of(error, f"unexpected fault with codec {codec}") from error
