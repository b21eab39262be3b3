"""Parts of a page put together: a template, styles, scripts and data in one file."""

import base64
import html
import json
import re
from collections.abc import Mapping
from importlib.resources import files

_PLACE = re.compile(r"\{\{(\w+)\}\}")


def part(name: str) -> str:
    """The text of a file of this package."""
    return files("nncodec.pages").joinpath(name).read_text("utf-8")


def assemble(template: str, styles: tuple[str, ...], scripts: tuple[str, ...], data: object, **texts: str) -> bytes:
    """Fill the places ``{{style}}``, ``{{script}}`` and ``{{data}}`` of a template, and those named by ``texts``.

    ``styles`` and ``scripts`` are files of this package; texts are escaped, and may stand in styles, too.
    """
    escaped = {name: html.escape(text) for name, text in texts.items()}
    own = {
        "style": _filled("\n".join(map(part, styles)), escaped),
        "script": "\n".join(map(part, scripts)),
        "data": as_script_data(data),
    }
    return _filled(part(template), escaped | own).encode()


def _filled(text: str, values: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda found: values[found[1]], text)


def as_script_data(data: object) -> str:
    """Data as JSON that can stand in a script element: without a character that could end it."""
    return json.dumps(data, ensure_ascii=True).replace("<", "\\u003c")


def data_url(content: bytes, kind: str) -> str:
    """A file as a URL that holds it; ``kind`` is its MIME type."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
