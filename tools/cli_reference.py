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
    context = click.Context(cli, info_name="nnc", terminal_width=WIDTH, max_content_width=WIDTH)
    pages = [("nnc", cli.get_help(context))]
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None
        inner = click.Context(command, info_name=name, parent=context, terminal_width=WIDTH, max_content_width=WIDTH)
        pages.append((f"nnc {name}", command.get_help(inner)))
    return HEAD + "".join(f"\n## {title}\n\n```\n{text}\n```\n" for title, text in pages)


if __name__ == "__main__":
    target = Path(__file__).resolve().parent.parent / "docs" / "cli.md"
    target.write_text(reference(), encoding="utf-8")
