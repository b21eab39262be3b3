"""``nnc codecs``: what this installation can encode and decode."""

import json

import click


@click.command("codecs", short_help="What can be encoded and decoded here.")
@click.option("--json", "as_json", is_flag=True, help="One JSON line per codec.")
def command(as_json: bool) -> None:
    """List the codecs with their wire numbers."""
    from nncodec.codecs import all_codecs

    for codec in all_codecs().values():
        lack = codec.missing()
        if as_json:
            record = {"name": codec.name, "id": codec.id, "depths": sorted(codec.depths), "missing": lack}
            click.echo(json.dumps(record | {"summary": codec.summary}))
        else:
            click.echo(f"{codec.id:>3}  {codec.name:<10}  {codec.summary}" + (f"  (not here: {lack})" if lack else ""))
