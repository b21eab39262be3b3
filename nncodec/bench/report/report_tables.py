"""The tables of a report."""

import statistics

from nncodec.bench.perceptual import MEASURES
from nncodec.bench.report.bd import Curve, Delta
from nncodec.bench.report.comparison import Comparison, compare
from nncodec.bench.report.markdown import MarkdownTable, decibels, percent
from nncodec.bench.results_tsv import Row

NOTHING = "\u2013"


def deltas(comparison: Comparison) -> tuple[MarkdownTable, tuple[str, ...]]:
    """Every curve against the anchor, best first, and why some have no figure."""
    rows, refused, notes = [], [], []
    for name, curve in comparison.psnr.items():
        if name == comparison.anchor:
            continue
        found = comparison.against_anchor(name)
        if isinstance(found, Delta):
            shown = (percent(found.rate_percent), decibels(found.quality_db), f"{found.overlap_db:.1f} dB")
            rows.append(
                (
                    found.rate_percent,
                    (comparison.titles[name], *shown, _delta(comparison.ms_ssim, name, comparison.anchor)),
                )
            )
        else:
            refused.append(
                (
                    comparison.titles[curve.name],
                    NOTHING,
                    NOTHING,
                    NOTHING,
                    _delta(comparison.ms_ssim, name, comparison.anchor),
                )
            )
            notes.append(f"{found}.")
    header = (f"against {comparison.titles[comparison.anchor]}", "BD-rate", "BD-PSNR", "overlap", "BD-rate by MS-SSIM")
    ordered = [row for _, row in sorted(rows)] + refused
    return MarkdownTable.of(header, ordered, (None, True, False, None, True)), tuple(notes)


def matrix(comparison: Comparison) -> MarkdownTable:
    """BD-rate of every curve (rows) against every measured codec and the anchor (columns)."""
    columns = list(comparison.measured)
    if comparison.anchor not in columns:
        columns.append(comparison.anchor)
    rows = [
        (
            comparison.titles[name],
            *(_delta(comparison.psnr, name, other) if name != other else NOTHING for other in columns),
        )
        for name in comparison.psnr
    ]
    header = ("BD-rate of, against", *(comparison.titles[name] for name in columns))
    return MarkdownTable.of(header, rows, (None, *(True for _ in columns)))


def perceptual(comparison: Comparison) -> MarkdownTable | None:
    """BD-rate of the measured codecs against the measured anchor by each perceptual measure, that by PSNR beside it.

    None if there are no perceptual measures.
    """
    if not comparison.perceptual:
        return None
    anchor = comparison.measured_anchor
    kinds = (comparison.psnr, *comparison.perceptual.values())
    rows = [
        (name, *(_delta(curves, name, anchor) for curves in kinds)) for name in comparison.measured if name != anchor
    ]
    header = (f"against {anchor}", "PSNR", *(MEASURES[name].title for name in comparison.perceptual))
    return MarkdownTable.of(header, rows, (None, *(True for _ in kinds)))


def pictures(comparison: Comparison) -> MarkdownTable | None:
    """The pictures each measured codec does best and worst on, against the measured anchor; None without a rival."""
    anchor = comparison.measured_anchor
    rows = []
    for name in comparison.measured:
        found = sorted((rate, image) for image, rate in comparison.picture_rates(name).items())
        if name != anchor and found:
            rates = [rate for rate, _ in found]
            best, worst = (f"{image} {percent(rate)}" for rate, image in (found[0], found[-1]))
            rows.append((name, best, percent(statistics.median(rates)), percent(statistics.fmean(rates)), worst))
    header = (f"against {anchor}", "best picture", "median", "mean", "worst picture")
    return MarkdownTable.of(header, rows, (None, None, True, True, None)) if rows else None


def points(comparison: Comparison) -> MarkdownTable:
    """The points of the measured curves."""
    rows = [
        (
            f"{series.name}, {point.quality:g}",
            f"{point.bytes:.0f}",
            f"{point.bpp:.3f}",
            f"{point.psnr:.2f}",
            f"{point.psnr_y:.2f}",
            f"{point.ssim:.4f}",
            f"{point.ms_ssim:.4f}",
            *(_mean(point.measures.get(name), name) for name in comparison.perceptual),
        )
        for series in comparison.data.series
        for point in series.points
    ]
    header = ("codec, quality", "bytes", "bpp", "PSNR", "PSNR-Y", "SSIM", "MS-SSIM")
    return MarkdownTable.of((*header, *(MEASURES[name].title for name in comparison.perceptual)), rows)


def times(comparison: Comparison) -> MarkdownTable | None:
    """Seconds and memory per codec and quality, None if nothing was timed. Medians over the pictures."""
    rows = [line for label, timed in comparison.data.timed.items() for line in _times_of(label, timed)]
    names = ("codec, quality", "pictures", "bpp", "encode ms", "CPU ms", "decode ms", "CPU ms", "enc MiB", "dec MiB")
    return MarkdownTable.of(names, rows) if rows else None


def _times_of(label: str, timed: tuple[Row, ...]) -> list[tuple[str, ...]]:
    by_quality: dict[float, list[Row]] = {}
    for row in timed:
        by_quality.setdefault(row.quality, []).append(row)
    return [_times_row(f"{label}, {quality:g}", rows) for quality, rows in sorted(by_quality.items())]


def _times_row(label: str, rows: list[Row]) -> tuple[str, ...]:
    return (
        label,
        str(len(rows)),
        f"{statistics.fmean(row.bpp for row in rows):.2f}",
        _milliseconds([row.encode_s for row in rows]),
        _milliseconds([row.encode_cpu_s for row in rows]),
        _milliseconds([row.decode_s for row in rows]),
        _milliseconds([row.decode_cpu_s for row in rows]),
        _largest([row.encode_mib for row in rows]),
        _largest([row.decode_mib for row in rows]),
    )


def _milliseconds(seconds: list[float | None]) -> str:
    known = [value for value in seconds if value is not None]
    return f"{1000 * statistics.median(known):.1f}" if known else NOTHING


def _largest(values: list[float | None]) -> str:
    known = [value for value in values if value is not None]
    return f"{max(known):.0f}" if known else NOTHING


def _mean(value: float | None, name: str) -> str:
    return NOTHING if value is None else f"{value:.{MEASURES[name].decimals}f}"


def _delta(curves: dict[str, Curve], name: str, anchor: str) -> str:
    """BD-rate by curves of one measure, where both names have one and they overlap enough."""
    if name not in curves or anchor not in curves:
        return NOTHING
    found = compare(curves[name], curves[anchor])
    return percent(found.rate_percent) if isinstance(found, Delta) else NOTHING
