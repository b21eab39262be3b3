"""The two plots of Roh et al., "Compressing CNN", for ccnn, and its claim about ratios as a table.

    python experiments/ccnn_plots.py    # from results/ccnn-crops.tsv and results/training/ccnn-filters.tsv

Draws docs/img/ccnn-jpeg.svg and docs/img/ccnn-filters.svg; writes ccnn-ratios.tsv and ccnn-means.tsv in
results/training/.
"""

import csv
from collections import defaultdict
from pathlib import Path
from statistics import mean

import matplotlib as mpl
import numpy as np

from nncodec.bench.results_tsv import read

mpl.use("svg")
import matplotlib.pyplot as plt  # the backend has to be chosen first

ROOT = Path(__file__).resolve().parent.parent
RESULTS, IMAGES = ROOT / "results", ROOT / "docs" / "img"
RAW, RATIOS = 512 * 512 * 3, (200, 100, 50, 20, 10, 5, 3, 2.5, 2)
Points = list[tuple[float, float]]
"""Bytes and PSNR."""
Rows = dict[str, dict[str, list[tuple[int, float]]]]
"""Bytes and PSNR by curve and by point, one of each picture."""


def curves_of(rows: Rows) -> dict[str, Points]:
    """Mean bytes and mean PSNR of each point, by curve."""
    return {name: sorted(map(means, points.values())) for name, points in rows.items()}


def means(rows: list[tuple[int, float]]) -> tuple[float, float]:
    """Mean bytes and mean PSNR of a point."""
    return mean(size for size, _ in rows), mean(fidelity for _, fidelity in rows)


def beside_jpeg() -> dict[str, Points]:
    """Curves by codec."""
    rows: Rows = defaultdict(lambda: defaultdict(list))
    for row in read(RESULTS / "ccnn-crops.tsv").rows:
        if row.psnr is not None:
            rows[row.codec][str(row.quality)].append((row.bytes, row.psnr))
    return curves_of(rows)


def trials() -> list[dict[str, str]]:
    """The rows of the table of forms."""
    with (RESULTS / "training" / "ccnn-filters.tsv").open(encoding="utf-8") as lines:
        return list(csv.DictReader((line for line in lines if line[0] != "#"), delimiter="\t"))


def by_filters() -> dict[str, Points]:
    """Curves by the side of the filters."""
    rows: Rows = defaultdict(lambda: defaultdict(list))
    for row in trials():
        if row["leak"] == "16":
            name = f"{row['filters']} x {row['filters']}"
            rows[name][row["step"]].append((int(row["bytes"]), float(row["psnr"])))
    return curves_of(rows)


def write_means(path: Path) -> None:
    """Means over the pictures of each form at each step."""
    grouped: dict[tuple[str, ...], list[dict[str, str]]] = defaultdict(list)
    for row in trials():
        grouped[row["filters"], row["leak"], row["step"]].append(row)
    lines = [
        "# Means over the pictures; leak in sixteenths",
        "filters\tleak\tstep\tpictures\tchannels\tbytes\tof weights\tPSNR",
    ]
    for key, rows in grouped.items():
        counts = [f"{mean(int(row[name]) for row in rows):.0f}" for name in ("channels", "bytes", "of weights")]
        lines.append("\t".join([*key, str(len(rows)), *counts, f"{mean(float(row['psnr']) for row in rows):.2f}"]))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def draw(curves: dict[str, Points], path: Path) -> None:
    """PSNR over bytes, the latter logarithmic, with the ratios 10 and 2.5 marked where they are."""
    figure, axes = plt.subplots(figsize=(7, 4.5))
    for name, points in curves.items():
        sizes, fidelities = zip(*points, strict=True)
        axes.plot([size / 1000 for size in sizes], fidelities, marker="o", ms=3, label=name)
    largest = max(size for points in curves.values() for size, _ in points)
    for ratio in (10, 2.5):
        if RAW / ratio < largest:
            axes.axvline(RAW / ratio / 1000, color="gray", lw=0.8, ls="--", label=f"ratio {ratio:g}")
    axes.set(xscale="log", xlabel="KB of 786 KB", ylabel="PSNR, dB")
    axes.grid(visible=True, which="both", lw=0.3)
    axes.legend()
    figure.savefig(path, metadata={"Date": None}, bbox_inches="tight")


def at(points: Points, size: float) -> str:
    """PSNR at a size, linear over its logarithm; nothing outside of the curve."""
    sizes, fidelities = zip(*points, strict=True)
    inside = sizes[0] <= size <= sizes[-1]
    return f"{np.interp(np.log(size), np.log(sizes), fidelities):.2f}" if inside else ""


def write_ratios(curves: dict[str, Points], path: Path) -> None:
    """PSNR of each curve where 512 x 512 samples of RGB take so much less."""
    head = "# PSNR of the mean curves where a file has so many times fewer than 786,432 bytes, in dB"
    rows = ["\t".join([str(ratio), *(at(points, RAW / ratio) for points in curves.values())]) for ratio in RATIOS]
    path.write_text("\n".join([head, "\t".join(["ratio", *curves]), *rows]) + "\n", encoding="utf-8")


if __name__ == "__main__":
    mpl.rcParams["svg.hashsalt"] = "ccnn"
    draw(beside_jpeg(), IMAGES / "ccnn-jpeg.svg")
    draw(by_filters(), IMAGES / "ccnn-filters.svg")
    write_ratios(beside_jpeg(), RESULTS / "training" / "ccnn-ratios.tsv")
    write_means(RESULTS / "training" / "ccnn-means.tsv")
