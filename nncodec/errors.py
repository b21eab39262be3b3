"""The errors that this package raises on purpose.

::

    NncError
    ├── CorruptFile       the bytes are damaged, cut short, or not what they claim to be
    ├── UnsupportedFile   needs a newer version, an unknown codec, or weights that are not here
    ├── LimitExceeded     larger than the caller allows
    ├── EncodeError       the picture or the settings cannot be encoded
    │   └── NotSmaller    the result would not be smaller than its source
    └── InternalError     a fault of this package, or of a library that it uses

The class tells the caller the remedy: fetch the file again, upgrade, raise the limit, change the input, report it.
"""

import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class NncError(Exception):
    """Root of all errors of this package. ``hint``, if set, is one sentence on what to do."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint

    def __reduce__(self) -> tuple[type["NncError"], tuple[str, str | None]]:
        """Keep the hint when an error travels between processes."""
        return type(self), (str(self), self.hint)


class CorruptFile(NncError):
    """The bytes are damaged, cut short, or not what they claim to be."""


class UnsupportedFile(NncError):
    """The file needs something this installation does not have."""


class LimitExceeded(NncError):
    """The file or picture is larger than the caller allows."""


class EncodeError(NncError):
    """The picture or the settings cannot be encoded."""


class NotSmaller(EncodeError):
    """The result would not be smaller than its source, and was not to be made then."""


class InternalError(NncError):
    """A fault of this package, or of a library that it uses. The file that provoked it may be sound or damaged."""

    @classmethod
    def of(cls, fault: Exception, what: str = "") -> "InternalError":
        """The error for an unexpected exception, its cause; ``what`` was being done when it was raised."""
        text = f"{type(fault).__name__}: {fault}".removesuffix(": ")
        error = cls(f"{what}: {text}" if what else text, "a fault of nnc: please report it, with the file")
        error.__cause__ = fault
        return error

    def trace(self) -> list[str]:
        """The lines of the traceback of its cause, for a report; empty without one."""
        cause = self.__cause__
        return "".join(traceback.format_exception(cause)).splitlines() if cause is not None else []


@contextmanager
def translated(
    kind: type[NncError], message: str, reason_of: Callable[[BaseException], object] = str
) -> Iterator[None]:
    """Turn every error of a library written in Rust into ``kind``; its panics are no `Exception`, only `BaseException`.

    ``reason_of`` an error ends the message.
    """
    try:
        yield
    except (KeyboardInterrupt, SystemExit, MemoryError, NncError):
        raise
    except BaseException as error:
        raise kind(f"{message}: {reason_of(error)}") from error
