"""Write docs/cli.md and docs/nnc.1 from the command's own --help, so that they cannot differ (a test compares them)."""

import inspect
from pathlib import Path

import click

from nncodec.cli import cli, records
from nncodec.cli.messages import EXIT_CODES
from nncodec.version import __version__

HEAD = """# Command line reference

Written by `make docs` from `nnc --help`; do not edit.
"""
WIDTH = 100
DOCS = Path(__file__).resolve().parent.parent / "docs"


def reference() -> str:
    """The page in Markdown."""
    pages = ((context.command_path, context.command.get_help(context)) for context in _contexts(cli, "nnc", None))
    verbs = "".join(f"\n## {title}\n\n```\n{text}\n```\n" for title, text in pages)
    return f"{HEAD}{verbs}\n## JSON\n\n{inspect.getdoc(records)}\n"


def manual() -> str:
    """The page for `man nnc`."""
    whole, *verbs = _contexts(cli, "nnc", None)
    purpose = str(whole.command.help).split("\n")[0].rstrip(".").replace("Compress", "compress", 1)
    return "\n".join(
        (
            '.\\" Written by "make docs" from "nnc --help"; do not edit.',
            f'.TH NNC 1 "" "nnc {__version__}" "User Commands"',
            ".SH NAME",
            f"nnc \\- {_escaped(purpose)}",
            ".SH SYNOPSIS",
            *(line for context in verbs for line in (_usage(context), ".br")),
            ".SH OPTIONS",
            *_options(whole),
            ".SH COMMANDS",
            *(line for context in verbs for line in _section(context)),
            ".SH EXIT STATUS",
            *(line for code, meaning in EXIT_CODES.items() for line in (".TP", f".B {code}", meaning)),
            "",
        )
    )


def _contexts(command: click.Command, name: str, parent: click.Context | None) -> list[click.Context]:
    """A command and then its own commands, each as it is called."""
    settings = {"max_content_width": WIDTH} | command.context_settings  # these know -h, which Context alone does not
    context = click.Context(command, info_name=name, parent=parent, terminal_width=WIDTH, **settings)
    found = [context]
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            known = command.get_command(context, inner)
            assert known is not None
            found += _contexts(known, inner, context)
    return found


def _usage(context: click.Context) -> str:
    pieces = " ".join(context.command.collect_usage_pieces(context))
    return f"\\fB{_escaped(context.command_path)}\\fR {_escaped(pieces)}"


def _section(context: click.Context) -> list[str]:
    """One command: what it does, examples as they are, and its options."""
    lines = [f'.SS "{_escaped(context.command_path)}"']
    for paragraph in inspect.cleandoc(context.command.help or "").split("\n\n"):
        as_it_is, text = paragraph.startswith("\b\n"), _escaped(paragraph.removeprefix("\b\n"))
        lines += [".PP", *([".EX", text, ".EE"] if as_it_is else [text])]
    return lines + _options(context)


def _options(context: click.Context) -> list[str]:
    records = (parameter.get_help_record(context) for parameter in context.command.get_params(context))
    told = [(name, text) for name, text in filter(None, records) if text]
    return [line for name, text in told for line in (".TP", f".B {_escaped(name)}", _escaped(text))]


def _escaped(text: str) -> str:
    """Text that roff prints as it is: backslashes, hyphens that may be typed, and lines that begin like requests."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "\n".join(f"\\&{line}" if line[:1] in (".", "'") else line for line in text.split("\n"))


if __name__ == "__main__":
    (DOCS / "cli.md").write_text(reference(), encoding="utf-8")
    (DOCS / "nnc.1").write_text(manual(), encoding="utf-8")
