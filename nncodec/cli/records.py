"""The lines of `--json`: one object for each source, with the same keys for every verb, and one for a whole run.

- `source`: the name that was given or found, `-` for standard input
- `output`: the file that is written, null for none
- `status`: `done`, `skipped`, `planned`, `failed` or `left_out`
- `code`: the exit code that this source alone would give
- `error`, `hint`: the message, and advice, for one that failed or was left out, else null
- `notes`: a list of sentences
- `source_bytes`: bytes of the source, null if it was not read

A result that was written and is gone at the end of the run has a second object for its source, `failed`.
Further keys belong to the verb; they are there where its work was done. `nnc compare` names its second picture `other`.
The last line of a run over a folder, a list or several sources has the one key `summary`: the number of sources by
status, `kinds` of those left out, and bytes. Names that are no UTF-8 have escapes such as `\\xe9`. With `--json`, notes
and failures of sources are told nowhere else; wrong usage is told on standard error.
"""

import json
import re
from collections.abc import Iterable
from typing import Any

import click


def record(
    source: str,
    status: str,
    *,
    output: str | None = None,
    code: int = 0,
    error: str | None = None,
    hint: str | None = None,
    notes: Iterable[str] = (),
    source_bytes: int | None = None,
) -> dict[str, Any]:
    """The keys that every verb's object has."""
    return {
        "source": source,
        "output": output or None,
        "status": status,
        "code": code,
        "error": error,
        "hint": hint,
        "notes": list(notes),
        "source_bytes": source_bytes,
    }


def print_json(value: dict[str, Any]) -> None:
    r"""Print an object as one line of ASCII; bytes in names that are no UTF-8 appear as ``\xe9``."""
    click.echo(json.dumps(_valid(value)))


def _valid(value: Any) -> Any:
    """A value without lone surrogates, by which Python keeps such bytes, and which JSON parsers refuse."""
    if isinstance(value, dict):
        return {key: _valid(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_valid(inner) for inner in value]
    if not isinstance(value, str):
        return value
    named = re.sub("[\udc80-\udcff]", lambda match: f"\\x{ord(match[0]) - 0xDC00:02x}", value)
    return named.encode("utf-8", "backslashreplace").decode()
