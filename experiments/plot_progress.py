"""Turn the log of `nnc train learned` into a table and a plot of the network's gain while it is trained.

    python experiments/plot_progress.py runs/learned/log.jsonl learned3

The gain is in dB of PSNR over the picture of the transposed convolution alone, the mean over the validation crops, at
each quality index of the log (`VALIDATION_QUALITIES` in `nncodec.codecs.learned.recipe`). The table goes to
results/training/NAME.tsv, the plot to docs/img/NAME-progress.svg. Lines of the log about the transforms and the
contexts are left out.
"""

import json
import sys
from pathlib import Path

import matplotlib as mpl

from nncodec.codecs.learned.recipe import VALIDATION_QUALITIES

mpl.use("svg")
import matplotlib.pyplot as plt  # the backend has to be chosen first

ROOT = Path(__file__).resolve().parent.parent
Line = dict[str, list[float]]


def lines_of(log: Path) -> list[Line]:
    """The lines that have a gain."""
    lines = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if "gain" in line]


def write_table(lines: list[Line], target: Path) -> None:
    """One row for each line of the log: steps, minutes, then the gain at each quality index."""
    names = ["steps", "minutes", *(f"dB at {quality}" for quality in VALIDATION_QUALITIES)]
    rows = [[f"{line['step']:,}", line["minutes"], *(f"{gain:+.3f}" for gain in line["gain"])] for line in lines]
    target.write_text("\n".join("\t".join(map(str, row)) for row in [names, *rows]) + "\n", encoding="utf-8")


def plot(lines: list[Line], target: Path) -> None:
    """One curve for each quality index."""
    figure, axes = plt.subplots(figsize=(6.4, 4.2), layout="constrained")
    for number, quality in enumerate(VALIDATION_QUALITIES):
        shade = plt.get_cmap("viridis")(0.9 * number / len(VALIDATION_QUALITIES))
        gains = [line["gain"][number] for line in lines]
        axes.plot([line["step"] for line in lines], gains, "o-", ms=3, lw=1.2, color=shade, label=f"index {quality}")
    axes.set(xlabel="steps", ylabel="gain in PSNR, dB", title="Validation crops while training", ylim=(0, None))
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    mpl.rcParams["svg.hashsalt"] = target.name
    figure.savefig(target, metadata={"Date": None})


if __name__ == "__main__":
    found, name = lines_of(Path(sys.argv[1])), sys.argv[2]
    write_table(found, ROOT / "results" / "training" / f"{name}.tsv")
    plot(found, ROOT / "docs" / "img" / f"{name}-progress.svg")
