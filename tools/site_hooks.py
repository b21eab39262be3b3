"""Hooks of mkdocs: pages that lie outside docs/, and links that lead out of it.

In the repository links are those of the tree, so that they can be followed there. The site has no copy of scripts and
tables; a link to one of them becomes its path.
"""

import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).resolve().parent.parent
PAGES = ("CHANGELOG.md", "CONTRIBUTING.md", "weights/README.md")
"""Pages of the site that lie outside docs/, from the top of the repository."""
_LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)\s]+)\)")


def on_files(files: "Files", config: "MkDocsConfig", **_: Any) -> "Files":
    """Add the pages that lie outside docs/."""
    from mkdocs.structure.files import File

    for name in PAGES:
        files.append(File.generated(config, name, content=(ROOT / name).read_text("utf-8")))
    return files


def on_page_markdown(markdown: str, page: "Page", **_: Any) -> str:
    """Turn links of the repository into those of the site."""
    source = page.file.src_uri
    here = source if source in PAGES else f"docs/{source}"
    fenced = re.split(r"(^```.*?^```$)", markdown, flags=re.M | re.S)
    return "".join(part if part.startswith("```") else _LINK.sub(lambda m: _link(m, here), part) for part in fenced)


def _link(match: re.Match[str], here: str) -> str:
    """One link of a file of the repository, as the site has it."""
    text, (target, hash_, anchor) = match[1], match[2].partition("#")
    if not target or "://" in target:
        return match[0]
    there = posixpath.normpath(posixpath.join(posixpath.dirname(here), target))
    on_site = there if there in PAGES else there.removeprefix("docs/")
    if on_site == there and there not in PAGES:
        return text if text.strip("`") == there else f"{text} (`{there}`)"
    base = here if here in PAGES else here.removeprefix("docs/")
    return f"[{text}]({posixpath.relpath(on_site, posixpath.dirname(base) or '.')}{hash_}{anchor})"
