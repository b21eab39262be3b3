"""``nnc completion``: the script that teaches a shell to complete nnc's arguments."""

import click
from click.shell_completion import get_completion_class


@click.command("completion", short_help="Print a completion script for a shell.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print a script that lets a shell complete the arguments of nnc.

    \b
    nnc completion bash >> ~/.bashrc
    nnc completion zsh  >> ~/.zshrc
    nnc completion fish > ~/.config/fish/completions/nnc.fish
    """
    found = get_completion_class(shell)
    assert found is not None
    click.echo(found(ctx.find_root().command, {}, "nnc", "_NNC_COMPLETE").source())
