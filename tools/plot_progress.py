"""Plot how the rate fell while the learned codec trained, run after run.

    python tools/plot_progress.py learned1 learned2

Each name is a table in results/training/ that tools/plot_training.py wrote; every run goes on from the weights of
the one before. Points are BD-rates over the validation crops against the last line of the last run, so the plot ends
at zero. It goes to docs/img/learned-progress.svg. Printed are BD-rates against the last line of the first run.
"""

import csv
import sys
from pathlib import Path

import bjontegaard
import matplotlib as mpl

mpl.use("svg")
import matplotlib.pyplot as plt  # the backend has to be chosen first

ROOT = Path(__file__).resolve().parent.parent
Row = dict[str, str]


def table(name: str) -> list[Row]:
    """The rows of one run."""
    with (ROOT / "results" / "training" / f"{name}.tsv").open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines, delimiter="\t"))


def curve(row: Row) -> tuple[list[float], list[float]]:
    """Rates and PSNR of one row."""
    rates, psnrs = ([float(row[key]) for key in row if key.startswith(kind)] for kind in ("bpp", "psnr"))
    return rates, psnrs


def bd_rate(row: Row, final: Row) -> float:
    """Percent more bits than the final weights need at equal PSNR."""
    return float(bjontegaard.bd_rate(*curve(final), *curve(row), method="pchip", require_matching_points=False))


def main(names: list[str]) -> None:
    """Draw all runs on one axis of steps."""
    runs = [table(name) for name in names]
    final, before = runs[-1][-1], 0
    figure, axes = plt.subplots(figsize=(6.4, 4.2), layout="constrained")
    for name, rows in zip(names, runs, strict=True):
        steps = [before + int(row["step"]) for row in rows]
        axes.plot(steps, [bd_rate(row, final) for row in rows], "o-", ms=3, lw=1.2, label=name)
        before = steps[-1]
        for row in rows:
            print(f"{name}  {row['minutes']:>6} min  {int(row['step']):>6,} steps  {bd_rate(row, runs[0][-1]):+.1f} %")
    axes.set(
        xlabel="steps", ylabel=f"BD-rate against the end of {names[-1]}, %", title="Validation crops while training"
    )
    axes.set_ylim(bottom=0, top=30)
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(ROOT / "docs" / "img" / "learned-progress.svg", metadata={"Date": None})


if __name__ == "__main__":
    main(sys.argv[1:])
