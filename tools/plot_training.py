"""Turn the log of `nnc train learned` into results/training/NAME.tsv and a plot of its rate-distortion curves.

    python tools/plot_training.py runs/learned/log.jsonl learned1

The plot goes to docs/img/NAME-training.svg. Rates and PSNR are the log's: validation crops, estimated rates.
"""

import json
import sys
from pathlib import Path

import matplotlib as mpl

mpl.use("svg")
import matplotlib.pyplot as plt  # the backend has to be chosen first

ROOT = Path(__file__).resolve().parent.parent


def write_table(rows: list[dict[str, list[float]]], target: Path) -> None:
    """One line per log entry: step, minutes, then rate and PSNR at every quality index of the log."""
    n_points = len(rows[0]["bpp"])
    names = ["step", "minutes", *(f"{kind}{i}" for kind in ("bpp", "psnr") for i in range(n_points))]
    lines = ["\t".join(names)]
    for row in rows:
        values = [row["step"], row["minutes"], *(f"{v:.4f}" for v in (*row["bpp"], *row["psnr"]))]
        lines.append("\t".join(map(str, values)))
    target.write_text("\n".join(lines) + "\n", encoding="utf-8")


def plot(rows: list[dict[str, list[float]]], target: Path) -> None:
    """Curves from pale (early) to dark (late)."""
    figure, axes = plt.subplots(figsize=(6.4, 4.2), layout="constrained")
    for i, row in enumerate(rows):
        shade = plt.get_cmap("viridis_r")(0.1 + 0.9 * i / max(1, len(rows) - 1))
        axes.plot(row["bpp"], row["psnr"], "o-", ms=3, lw=1.2, color=shade, label=f"{row['step']:,} steps")
    axes.set(xlabel="bits per pixel (estimated)", ylabel="PSNR, dB", title="Validation crops while training")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=7)
    figure.savefig(target, metadata={"Date": None})


if __name__ == "__main__":
    log, name = sys.argv[1:]
    entries = [json.loads(line) for line in Path(log).read_text(encoding="utf-8").splitlines()]
    write_table(entries, ROOT / "results" / "training" / f"{name}.tsv")
    plot(entries[:: max(1, len(entries) // 6)] + entries[-1:], ROOT / "docs" / "img" / f"{name}-training.svg")
