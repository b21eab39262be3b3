"""``nnc codecs``: what this installation can encode and decode."""

import json

import click


@click.command("codecs", short_help="What can be encoded and decoded here.")
@click.option("--json", "as_json", is_flag=True, help="One JSON line per codec.")
def command(as_json: bool) -> None:
    """List the codecs with their wire numbers."""
    from nncodec.codecs import all_codecs

    for codec in all_codecs().values():
        if as_json:
            record = {"name": codec.name, "id": codec.id, "depths": sorted(codec.depths), "summary": codec.summary}
            click.echo(json.dumps(record))
        else:
            click.echo(f"{codec.id:>3}  {codec.name:<10}  {codec.summary}")
