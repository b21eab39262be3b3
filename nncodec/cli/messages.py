"""Messages of the command: ``nnc: error: ...`` and ``nnc: hint: ...`` on standard error, and the exit codes."""

import math
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from nncodec.errors import CorruptFile, InternalError, LimitExceeded, NncError, UnsupportedFile

EXIT_CODES = {
    0: "done",
    1: "failed",
    2: "wrong usage",
    3: "damaged input",
    4: "unsupported format",
    5: "over a limit",
    130: "interrupted",
}


_CONTROLS = {code: repr(chr(code))[1:-1] for code in (*range(0x20), *range(0x7F, 0xA0))}
"""Control characters that a terminal would obey, and line feeds: a file may be called anything."""


def printable(text: str) -> str:
    """A line of text for reading, with control characters as Python writes them."""
    return text.translate(_CONTROLS)


def say(line: str) -> None:
    """Print a line on standard error."""
    click.echo(printable(line), err=True)


def exit_code(error: Exception) -> int:
    """The documented exit code of an error."""
    if isinstance(error, CorruptFile):
        return 3
    if isinstance(error, UnsupportedFile):
        return 4
    return 5 if isinstance(error, LimitExceeded) else 1


def expected(error: Exception) -> Exception:
    """An error of a file or of the system as it is, any other exception as InternalError."""
    return error if isinstance(error, NncError | OSError | MemoryError) else InternalError.of(error)


def describe(error: Exception, where: str = "") -> str:
    """An error as one line without a full stop; operating system errors without number or the file ``where``."""
    if isinstance(error, OSError) and error.strerror:
        text = error.strerror.lower()
        return f"{text}: {error.filename}" if error.filename and str(error.filename) != where else text
    if isinstance(error, MemoryError):
        return "out of memory"
    return str(error)


def report_error(error: Exception | str, where: str = "") -> int:
    """Print an error, and its hint if it has one; return its exit code."""
    text = error if isinstance(error, str) else describe(error, where)
    say(f"nnc: error: {where + ': ' if where else ''}{text}")
    if isinstance(error, NncError) and error.hint:
        say(f"nnc: hint: {error.hint}")
    return 1 if isinstance(error, str) else exit_code(error)


def report_usage(error: click.ClickException) -> int:
    """Print a usage error, with a hint at the right call; return its exit code."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.format_message(), err=True)  # a command without its verb: the help is the message
        return error.exit_code
    say(f"nnc: error: {_as_a_message(error.format_message())}")
    if isinstance(error, click.NoSuchOption) and any(name.startswith("-") and Path(name).exists() for name in sys.argv):
        say("nnc: hint: -- goes before names that begin with a dash")
    elif isinstance(error, click.UsageError) and error.ctx is not None:
        say(f"nnc: hint: see '{error.ctx.command_path} --help'")
    return error.exit_code


def _as_a_message(message: str) -> str:
    """A sentence of click's as the messages here are written: no capital, no full stop."""
    begins_with_word = message[:1].isupper() and message[1:2].islower()
    return (message[0].lower() + message[1:] if begins_with_word else message).removesuffix(".")


@contextmanager
def about(file: str) -> Iterator[None]:
    """Name a file in the errors of a block, whose messages do not say which of several files they are about."""
    try:
        yield
    except OSError as error:
        raise NncError(f"{file}: {describe(error, file)}") from error
    except NncError as error:
        raise type(error)(f"{file}: {error}", error.hint) from error


def grouped(number: int) -> str:
    """A count with thin groups of three: ``51 210``."""
    return f"{number:,}".replace(",", " ")


def decibels(psnr: float) -> str:
    """A PSNR for reading: ``31.4 dB``, or ``lossless``."""
    return "lossless" if math.isinf(psnr) else f"{psnr:.1f} dB"
