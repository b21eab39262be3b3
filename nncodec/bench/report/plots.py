"""Rate-distortion curves as SVG, by matplotlib."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nncodec.bench.perceptual import MEASURES
from nncodec.bench.report.bd import Curve
from nncodec.bench.report.comparison import Comparison

_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f3c8d", "#666666")
"""Told apart by most colour-blind readers (after Okabe and Ito); the measured codecs get them in turn."""
_MARKERS = "os^Dv"
"""One for each turn through the colours."""
_DASHES = ((4, 2), (1, 1.5), (6, 2, 1, 2), (8, 3), (2, 2), (5, 1.5, 1, 1.5, 1, 1.5))
"""The published curves are thin, dashed and muted."""
_MUTED = ("#333333", "#8a6d3b", "#5b7083", "#93567d", "#5f8752", "#999999", "#a14f43")

_STYLE: Any = {
    "font.family": ["DejaVu Sans", "sans-serif"],
    "font.size": 9.5,
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "nnc",  # the same bytes for the same curves
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#555555",
    "axes.grid": True,
    "grid.color": "#e6e6e6",
    "grid.linewidth": 0.8,
    "lines.linewidth": 1.8,
    "lines.markersize": 4.2,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
}


@dataclass(frozen=True)
class Plot:
    """One finished figure."""

    name: str
    """File name without suffix: set, measure, scale of the rate."""
    caption: str
    svg: bytes

    def write(self, folder: Path) -> None:
        """Write it as a file."""
        (folder / f"{self.name}.svg").write_bytes(self.svg)


def plots(comparison: Comparison) -> list[Plot]:
    """PSNR, MS-SSIM and the perceptual measures that there are over the rate, linear and logarithmic."""
    kinds = (
        ("psnr", "PSNR of R, G and B in dB", comparison.psnr),
        ("ms-ssim", "MS-SSIM in dB, \u221210 log10(1 \u2212 MS-SSIM)", comparison.ms_ssim),
        *((name, MEASURES[name].label, curves) for name, curves in comparison.perceptual.items()),
    )
    return [
        _plot(comparison, measure, label, curves, log)
        for measure, label, curves in kinds
        for log in (False, True)
        if any(len(curves[name].bpp) > 1 for name in comparison.measured if name in curves)
    ]


def _plot(comparison: Comparison, measure: str, label: str, curves: dict[str, Curve], log: bool) -> Plot:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(_STYLE):
        many = len(curves) > 9  # whose legend would hide curves
        figure = Figure(figsize=(9.2 if many else 7.4, 4.9), layout="constrained")
        axes = figure.add_subplot()
        _draw(axes, comparison, curves)
        _frame(axes, [curves[name] for name in comparison.measured if name in curves], log)
        axes.set_xlabel("bits per pixel" + (", logarithmic" if log else ""))
        axes.set_ylabel(label)
        figure.legend(loc="outside right center") if many else axes.legend(loc="lower right")
        scale = "log" if log else "linear"
        return Plot(
            name=f"{comparison.data.name}-{measure}-{scale}",
            caption=f"{comparison.data.name}, {label}, {scale} rate, mean of {comparison.data.n_images} pictures",
            svg=_saved(figure.savefig),
        )


def _draw(axes: Any, comparison: Comparison, curves: dict[str, Curve]) -> None:
    published = [name for name in curves if name not in comparison.measured]
    for number, name in enumerate(comparison.measured):
        if name not in curves:  # a measure that this codec lacks; the others keep their colours
            continue
        turn, place = divmod(number, len(_COLOURS))
        axes.plot(
            curves[name].bpp,
            curves[name].quality,
            color=_COLOURS[place],
            marker=_MARKERS[turn % len(_MARKERS)],
            linestyle="--" if turn else "-",
            label=comparison.titles[name],
            zorder=3,
        )
    for number, name in enumerate(published):
        style = {"color": _MUTED[number % len(_MUTED)], "dashes": _DASHES[number % len(_DASHES)], "linewidth": 1.1}
        axes.plot(curves[name].bpp, curves[name].quality, label=comparison.titles[name], zorder=2, **style)


def _frame(axes: Any, curves: list[Curve], log: bool) -> None:
    """Show the range the measured codecs cover; the published curves go beyond it."""
    from matplotlib.ticker import NullFormatter

    drawn = [curve for curve in curves if curve.bpp]
    low, high = min(c.bpp[0] for c in drawn), max(c.bpp[-1] for c in drawn)
    bottom, top = min(c.quality[0] for c in drawn), max(c.quality[-1] for c in drawn)
    margin = 0.04 * (top - bottom) or 1.0
    axes.set_ylim(bottom - margin, top + margin)
    if not log:
        axes.set_xlim(0, 1.04 * high)
        return
    axes.set_xscale("log", base=2)
    axes.set_xlim(low / 1.1, high * 1.1)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())


def _saved(save: Callable[..., None]) -> bytes:
    """The figure, without a date in it."""
    out = io.BytesIO()
    save(out, format="svg", metadata={"Date": None})
    return out.getvalue()
