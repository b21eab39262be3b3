"""The errors that this package raises on purpose.

::

    NncError
    ├── CorruptFile       the bytes are damaged, cut short, or not what they claim to be
    ├── UnsupportedFile   needs a newer version, an unknown codec, or weights that are not here
    ├── LimitExceeded     larger than the caller allows
    └── EncodeError       the picture or the settings cannot be encoded

The class tells the caller the remedy: fetch the file again, upgrade, raise the limit, change the input.
"""


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
