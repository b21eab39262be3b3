"""``nnc codecs``: the codecs and restorers of this installation, and their weights."""

import json
from typing import TYPE_CHECKING, Any

import click

from nncodec.cli.messages import grouped

if TYPE_CHECKING:
    from nncodec.codec import Codec


@click.command("codecs", short_help="List the codecs and what each is good for.")
@click.option("--json", "as_json", is_flag=True, help="One JSON line for each codec and restorer.")
@click.option("-v", "--verbose", is_flag=True, help="Also say how weights were trained.")
def command(as_json: bool, verbose: bool) -> None:
    """List the codecs, for -c, and the restorers, for --restore.

    Each line begins with the number that stands for the codec or restorer in a file. Below it come its weights, if it
    has any. A codec that cannot run here is marked with what it lacks.
    """
    from nncodec.codecs import all_codecs
    from nncodec.restorers import all_restorers

    records = [_codec(codec) for codec in all_codecs().values()]
    records += [_record("restorer", restorer.id, restorer.name) for restorer in all_restorers().values()]
    for record in records:
        click.echo(json.dumps(record) if as_json else _text(record, verbose))


def _codec(codec: "Codec") -> dict[str, Any]:
    own = {"depths": sorted(codec.depths), "missing": codec.missing(), "summary": codec.summary}
    return _record("codec", codec.id, codec.name) | own


def _record(kind: str, number: int, name: str) -> dict[str, Any]:
    from nncodec.names import LIGHT_WEIGHTS
    from nncodec.nets import weights

    sets = [
        {
            "number": model.number,
            "light": model.number in LIGHT_WEIGHTS,
            "file": model.file,
            "bytes": weights.size(model),
            "trained": model.trained,
        }
        for model in weights.all_of(name)
    ]
    return {"kind": kind, "name": name, "id": number, "weights": sets}


def _text(record: dict[str, Any], verbose: bool) -> str:
    """A line, and one below it for each set of weights."""
    what = record.get("summary", record["kind"])
    lack = f"  (not here: {record['missing']})" if record.get("missing") else ""
    lines = [f"{record['id']:>3}  {record['name']:<10}  {what}{lack}"]
    for weights in record["weights"]:
        size = "missing" if weights["bytes"] is None else f"{grouped(weights['bytes'])} bytes"
        told = f"; {weights['trained']}" if verbose else ""
        which = "light weights" if weights["light"] else "weights"
        lines.append(f"     {which} {weights['number']}: {weights['file']}, {size}{told}")
    return "\n".join(lines)
