"""The ``nnc`` command: one file per verb. The only floor that knows files, terminals and exit codes.

Verb modules import little at the top, so that ``nnc --help`` is quick; what they need, they import when they run.
"""

import importlib
import io
import signal
import sys
from pathlib import Path

import click

from nncodec.cli.messages import EXIT_CODES, report_error, report_usage, say
from nncodec.cli.options import HELP
from nncodec.cli.stopping import handle_termination
from nncodec.cli.streams import fill_closed_streams
from nncodec.container import VERSION
from nncodec.errors import NncError
from nncodec.installation import overwritten
from nncodec.version import __version__

VERBS = (
    "encode",
    "decode",
    "extract",
    "view",
    "thumbnail",
    "info",
    "test",
    "compare",
    "bench",
    "train",
    "codecs",
    "completion",
)
"""Each is a module of this package that defines ``command``; in the order --help shows them."""

_EPILOG = "Exit codes: " + ", ".join(f"{code} {meaning}" for code, meaning in EXIT_CODES.items()) + "."


class Verbs(click.Group):
    """Finds a verb's module when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All verbs, in the order of :data:`VERBS`."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb's click command, None if there is no such verb."""
        if cmd_name not in VERBS:
            return None
        command: click.Command = importlib.import_module(f"nncodec.cli.verbs.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The verb that the arguments begin with; a usage error that says what was probably meant."""
        name = args[0]
        if name in VERBS or name.startswith("-") or ctx.resilient_parsing:
            return super().resolve_command(ctx, args)
        raise click.UsageError(f"no command is called {name!r}{_guess(name)}", ctx)


def _guess(name: str) -> str:
    """The verb that was probably meant, as the end of a sentence; empty if none is like it."""
    if Path(name).is_file():
        return f"; is 'nnc {'decode' if name.lower().endswith('.nnc') else 'encode'} {name}' meant?"
    from difflib import get_close_matches

    near = [verb for verb in VERBS if verb.startswith(name)] or get_close_matches(name, VERBS)
    return f"; is {near[0]} meant?" if near else ""


def _print_version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    """Package and format, then the libraries whose versions matter, as installed (none is imported)."""
    if not value or ctx.resilient_parsing:
        return
    from importlib.metadata import PackageNotFoundError, version

    click.echo(f"nnc {__version__}, format {VERSION}")
    for library in ("pillow", "numpy", "torch", "constriction"):
        try:
            click.echo(f"{library} {version(library)}")
        except PackageNotFoundError:
            click.echo(f"{library} not installed")
    ctx.exit()


@click.group(cls=Verbs, epilog=_EPILOG, context_settings={**HELP, "max_content_width": 100})
@click.option(
    "-V", "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Show versions."
)
def cli() -> None:
    """Compress pictures to .nnc files, and turn them back into PNG or any other format.

    \b
    nnc encode photo.jpg                    writes photo.nnc beside it
    nnc decode photo.nnc                    writes photo.png beside it
    nnc encode --help                       explains quality, codecs, folders, pipes
    """


def _end_at_the_next() -> None:
    """Let another Ctrl-C end the process at once, without the traceback of an exception."""
    if callable(signal.getsignal(signal.SIGINT)):
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def main() -> None:
    """Run the command; every error becomes one message and a documented exit code."""
    fill_closed_streams()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # file names may be anything
    handle_termination()
    if problem := overwritten():
        say(f"nnc: warning: {problem}")
    try:
        code = cli.main(prog_name="nnc", standalone_mode=False)
    except click.ClickException as error:
        code = report_usage(error)
    except (click.Abort, KeyboardInterrupt):
        _end_at_the_next()
        report_error("interrupted")
        code = 130
    except (NncError, OSError, MemoryError) as error:
        code = report_error(error)
    sys.exit(code if isinstance(code, int) else 0)
