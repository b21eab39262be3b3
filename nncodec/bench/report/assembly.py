"""A report: the tables as Markdown, the curves as files, and all of it as one page that needs nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nncodec.bench.report import report_tables
from nncodec.bench.report.contest import Contest, ReportError, contests
from nncodec.bench.report.crops import Strip, strips
from nncodec.bench.report.markdown import MarkdownTable
from nncodec.bench.report.plots import Plot, plots
from nncodec.bench.report.series import data_sets
from nncodec.bench.results_tsv import Row, Table, read


@dataclass(frozen=True)
class Section:
    """What a report says of one set of pictures."""

    contest: Contest
    grids: tuple[tuple[str, str, MarkdownTable], ...]
    """Heading, a sentence on how to read it, table."""
    notes: tuple[str, ...]
    plots: tuple[Plot, ...]
    strips: tuple[Strip, ...]


@dataclass(frozen=True)
class Report:
    """All sections, and how the tables were made."""

    sections: tuple[Section, ...]
    comments: tuple[str, ...]
    """Versions and machines, from the tables."""

    def markdown(self) -> str:
        """Every table, with its heading and notes."""
        parts = []
        for section in self.sections:
            parts.append(f"## {section.contest.data.name}\n")
            parts += [f"{note}\n" for note in section.notes]
            for heading, words, grid in section.grids:
                parts.append(f"### {heading}\n\n{words}\n\n{grid.markdown()}")
        parts.append("## Measured with\n\n" + "".join(f"- {comment}\n" for comment in self.comments))
        return "\n".join(parts)

    def write(self, folder: Path) -> None:
        """Write ``index.html``, ``report.md`` and the plots into a folder, which is made if need be."""
        from nncodec.bench.report.page import page

        folder.mkdir(parents=True, exist_ok=True)
        for section in self.sections:
            for plot in section.plots:
                plot.write(folder)
        (folder / "report.md").write_text(self.markdown(), "utf-8")
        (folder / "index.html").write_text(page(self), "utf-8")


def merged(files: Sequence[Path]) -> Table:
    """Several tables as one; of rows with one key the last counts. Raises CorruptFile, and ReportError for none."""
    rows: dict[tuple[object, ...], Row] = {}
    comments: dict[str, None] = {}
    for file in files:
        table = read(file)
        rows |= {row.key: row for row in table.rows}
        comments |= dict.fromkeys(table.comments)
    if not rows:
        raise ReportError("there is not one row to report on")
    return Table(tuple(rows.values()), tuple(comments))


def build(table: Table, anchors: Sequence[str], published: Sequence[str], pictures: Sequence[Path] = ()) -> Report:
    """Put a report together.

    ``anchors`` are names of curves, the first that a set has is its anchor; ``published`` are names from
    ``reference.tsv``; ``pictures`` are the folders the table was measured on, for the crops. Raises ReportError.
    """
    sections = [_section(one, pictures) for one in contests(data_sets(table.rows), anchors, published)]
    return Report(tuple(sections), table.comments)


def _section(contest: Contest, pictures: Sequence[Path]) -> Section:
    against, refused = report_tables.deltas(contest)
    anchor = contest.titles[contest.anchor]
    grids: list[tuple[str, str, MarkdownTable | None]] = [
        ("Against the anchor", f"Bytes at equal quality and quality at equal bytes, against {anchor}.", against),
        ("Each against each", "BD-rate by PSNR: less is better.", report_tables.matrix(contest)),
        (
            "Single pictures",
            "BD-rate picture by picture, which does not depend on how a codec shares bits out over pictures.",
            report_tables.pictures(contest),
        ),
        ("Time and memory", _timing_words(contest), report_tables.times(contest)),
        ("Points", f"Means over {contest.data.n_images} pictures; PSNR in dB.", report_tables.points(contest)),
    ]
    return Section(
        contest,
        tuple((heading, words, grid) for heading, words, grid in grids if grid is not None),
        _notes(contest) + refused,
        tuple(plots(contest)),
        tuple(strips(contest, pictures)) if pictures else (),
    )


def _notes(contest: Contest) -> tuple[str, ...]:
    notes = [f"{contest.data.n_images} pictures. PSNR is of 8-bit R, G and B per picture, then the mean."]
    if contest.data.n_left_out:
        notes.append(f"{contest.data.n_left_out} pictures are left out: not every codec has them at every quality.")
    if any(name not in contest.measured for name in contest.psnr):
        notes.append("Published curves are taken over from their sources, not measured here.")
    return tuple(notes)


def _timing_words(contest: Contest) -> str:
    timed = [row for rows in contest.data.timed.values() for row in rows]
    threads = ", ".join(str(n) for n in sorted({row.threads or 0 for row in timed}))
    reps = ", ".join(str(n) for n in sorted({row.reps or 0 for row in timed}))
    return (
        f"One picture at a time, {threads} thread(s), median of {reps} repetitions after a warm-up, then median over "
        "the pictures. CPU is processor time, which a busy machine hardly stretches. Memory is the largest of a fresh "
        "process, everything it imports included."
    )
