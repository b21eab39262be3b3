"""Write docs/cli.md from the command's own --help, so that the two cannot differ (a test compares them)."""

from pathlib import Path

import click

from nncodec.cli import cli

HEAD = """# Command line reference

Written by `make docs` from `nnc --help`; do not edit.
"""
WIDTH = 100


def reference() -> str:
    """The whole page."""
    pages = _pages(cli, "nnc", None)
    return HEAD + "".join(f"\n## {title}\n\n```\n{text}\n```\n" for title, text in pages)


def _pages(command: click.Command, name: str, parent: click.Context | None) -> list[tuple[str, str]]:
    """Title and help of a command, then those of its own commands."""
    settings = {"max_content_width": WIDTH} | command.context_settings  # these know -h, which Context alone does not
    context = click.Context(command, info_name=name, parent=parent, terminal_width=WIDTH, **settings)
    pages = [(context.command_path, command.get_help(context))]
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            found = command.get_command(context, inner)
            assert found is not None
            pages += _pages(found, inner, context)
    return pages


if __name__ == "__main__":
    target = Path(__file__).resolve().parent.parent / "docs" / "cli.md"
    target.write_text(reference(), encoding="utf-8")
