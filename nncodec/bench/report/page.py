"""A report as files: one HTML page with pictures and styles inside, no script, nothing fetched; Markdown; plots."""

import base64
import html
from importlib.resources import files
from pathlib import Path
from string import Template

from nncodec.bench.report.assembly import Report, Section
from nncodec.bench.report.bd import Delta
from nncodec.bench.report.crops import Crop
from nncodec.bench.report.markdown import MINUS, percent


def write(report: Report, folder: Path) -> None:
    """Write ``index.html``, ``report.md`` and the plots into a folder, which is made if need be."""
    folder.mkdir(parents=True, exist_ok=True)
    for section in report.sections:
        for plot in section.plots:
            plot.write(folder)
    (folder / "report.md").write_text(report.markdown(), "utf-8")
    (folder / "index.html").write_text(page(report), "utf-8")


def page(report: Report) -> str:
    """The HTML page."""
    template = Template(files("nncodec.bench.report").joinpath("report.html").read_text("utf-8"))
    names = [section.comparison.data.name for section in report.sections]
    return template.substitute(
        title="nnc bench: " + html.escape(", ".join(names)),
        links="".join(f'<a href="#{html.escape(name)}">{html.escape(name)}</a>' for name in names),
        sections="\n".join(map(_section, report.sections)),
        comments="".join(f"<li>{html.escape(comment)}</li>" for comment in report.comments),
    )


def _section(section: Section) -> str:
    name = html.escape(section.comparison.data.name)
    parts = [f'<section id="{name}"><h2>{name}</h2>', _cards(section)]
    parts += [f'<p class="note">{html.escape(note)}</p>' for note in section.notes]
    parts.append('<div class="plots">')
    parts += [
        f'<figure><img alt="{html.escape(plot.caption)}" src="{_data(plot.svg, "svg+xml")}">'
        f"<figcaption>{html.escape(plot.caption)}</figcaption></figure>"
        for plot in section.plots
    ]
    parts.append("</div>")
    for heading, words, table in section.tables:
        body = f'<p class="words">{html.escape(words)}</p><div class="wide">{table.html()}</div>'
        if heading == "Points":
            parts.append(f"<details><summary>{html.escape(heading)}</summary>{body}</details>")
        else:
            parts.append(f"<h3>{html.escape(heading)}</h3>{body}")
    for strip in section.strips:
        parts.append(f'<h3>{html.escape(strip.title)}</h3><div class="strip">{"".join(map(_crop, strip.crops))}</div>')
    return "\n".join(parts) + "</section>"


def _cards(section: Section) -> str:
    """One card per measured codec: its name and its BD-rate against the anchor."""
    comparison = section.comparison
    cards = []
    for name in comparison.measured:
        found = comparison.against_anchor(name)
        figure = percent(found.rate_percent) if isinstance(found, Delta) and name != comparison.anchor else "anchor"
        if not isinstance(found, Delta):
            figure = "no overlap"
        kind = "gain" if figure.startswith(MINUS) else "loss" if figure.startswith("+") else "none"
        words = f"bytes against {comparison.titles[comparison.anchor]}" if kind != "none" else "\u00a0"
        cards.append(
            f'<div class="card"><span>{html.escape(name)}</span><b class="{kind}">{figure}</b>'
            f"<small>{html.escape(words)}</small></div>"
        )
    return f'<div class="cards">{"".join(cards)}</div>'


def _crop(crop: Crop) -> str:
    return (
        f'<figure><img class="crop" alt="{html.escape(crop.title)}" src="{_data(crop.png, "png")}">'
        f"<figcaption><b>{html.escape(crop.title)}</b><br>{html.escape(crop.caption)}</figcaption></figure>"
    )


def _data(content: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
