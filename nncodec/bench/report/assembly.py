"""The contents of a report: tables, notes, plots and crops for each set of pictures."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nncodec.bench.report import report_tables
from nncodec.bench.report.comparison import Comparison, ReportError, comparisons
from nncodec.bench.report.crops import Strip, strips
from nncodec.bench.report.markdown import MarkdownTable
from nncodec.bench.report.plots import Plot, plots
from nncodec.bench.report.series import data_sets
from nncodec.bench.results_tsv import Results, Row, later, read

_PERCEPTUAL = (
    "BD-rate by each perceptual measure, and by PSNR: less is better. Means over the pictures are taken first. "
    "Distances and similarities are compared in dB, SSIMULACRA 2 in its own points. "
    "VGG patch MMD compares the patches of a picture as a set; it is neither FID nor KID."
)


@dataclass(frozen=True)
class Section:
    """The part of a report about one set of pictures."""

    comparison: Comparison
    tables: tuple[tuple[str, str, MarkdownTable], ...]
    """Heading, a sentence of explanation, table."""
    notes: tuple[str, ...]
    plots: tuple[Plot, ...]
    strips: tuple[Strip, ...]


@dataclass(frozen=True)
class Report:
    """The sections, and comments on the measurements."""

    sections: tuple[Section, ...]
    comments: tuple[str, ...]
    """Versions and machines, from the files of results."""

    def markdown(self) -> str:
        """Every table, with its heading and notes."""
        parts = []
        for section in self.sections:
            parts.append(f"## {section.comparison.data.name}\n")
            parts += [f"{note}\n" for note in section.notes]
            for heading, words, table in section.tables:
                parts.append(f"### {heading}\n\n{words}\n\n{table.markdown()}")
        parts.append("## Measured with\n\n" + "".join(f"- {comment}\n" for comment in self.comments))
        return "\n".join(parts)


def merged(files: Sequence[Path]) -> Results:
    """Join several files of results; of rows with one key the last counts, as ``later`` says.

    Raises CorruptFile, and ReportError if there is not one row.
    """
    rows: dict[tuple[object, ...], Row] = {}
    comments: dict[str, None] = {}
    for file in files:
        results = read(file)
        rows |= {row.key: later(rows.get(row.key), row) for row in results.rows}
        comments |= dict.fromkeys(results.comments)
    if not rows:
        raise ReportError("there is not one row to report on")
    return Results(tuple(rows.values()), tuple(comments))


def build(results: Results, anchors: Sequence[str], published: Sequence[str], pictures: Sequence[Path] = ()) -> Report:
    """Put a report together.

    ``anchors`` are names of curves, the first that a set has is its anchor; ``published`` are names from
    ``reference.tsv``; ``pictures`` are the folders that were measured, for the crops. Raises ReportError.
    """
    sections = [_section(one, pictures) for one in comparisons(data_sets(results.rows), anchors, published)]
    return Report(tuple(sections), results.comments)


def _section(comparison: Comparison, pictures: Sequence[Path]) -> Section:
    against, refused = report_tables.deltas(comparison)
    anchor = comparison.titles[comparison.anchor]
    tables: list[tuple[str, str, MarkdownTable | None]] = [
        ("Against the anchor", f"Bytes at equal quality and quality at equal bytes, against {anchor}.", against),
        ("By perceptual measures", _PERCEPTUAL, report_tables.perceptual(comparison)),
        ("Each against each", "BD-rate by PSNR: less is better.", report_tables.matrix(comparison)),
        (
            "Single pictures",
            "BD-rate picture by picture, which does not depend on how a codec shares bits out over pictures.",
            report_tables.pictures(comparison),
        ),
        ("Time and memory", _timing_words(comparison), report_tables.times(comparison)),
        ("Points", f"Means over {comparison.data.n_images} pictures; PSNR in dB.", report_tables.points(comparison)),
    ]
    return Section(
        comparison,
        tuple((heading, words, table) for heading, words, table in tables if table is not None),
        _notes(comparison) + refused,
        tuple(plots(comparison)),
        tuple(strips(comparison, pictures)) if pictures else (),
    )


def _notes(comparison: Comparison) -> tuple[str, ...]:
    notes = [f"{comparison.data.n_images} pictures. PSNR is of 8-bit R, G and B per picture, then the mean."]
    if comparison.data.n_left_out:
        notes.append(f"{comparison.data.n_left_out} pictures are left out: not every codec has them at every quality.")
    if any(name not in comparison.measured for name in comparison.psnr):
        notes.append("Published curves are taken over from their sources, not measured here.")
    return tuple(notes)


def _timing_words(comparison: Comparison) -> str:
    timed = [row for rows in comparison.data.timed.values() for row in rows]
    threads = ", ".join(str(n) for n in sorted({row.threads or 0 for row in timed}))
    reps = ", ".join(str(n) for n in sorted({row.reps or 0 for row in timed}))
    return (
        f"One picture at a time, {threads} thread(s), median of {reps} repetitions after a warm-up, then median over "
        "the pictures. CPU is processor time, which a busy machine hardly stretches. Memory is the largest of a fresh "
        "process, everything it imports included."
    )
